//! What the gateway's own code costs, work by work: in time, and in instructions.
//!
//! Time is what counts, and strays with whatever else the machine does.
//! Instructions, which Callgrind counts, do not: they are recorded in
//! `bench/instructions.toml`, and `check` says what changed since. Both look at the
//! same works, on the records with the traps of `tests/records`.
//!
//! Without a benchmark library: the light ones register their functions by code
//! that `forbid(unsafe_code)` refuses, and none looks at one list of works from
//! both sides.
#![allow(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tells a person, and ends where something is wrong"
)]

mod callgrind;
mod recorded;
mod wall;
mod work;
mod works;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use recorded::{Machine, Recorded};
use work::Work;

#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    look: Look,
    /// Cargo says so
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Look {
    /// Time of each work whose name holds a text
    Wall { filter: Option<String> },
    /// Count instructions and compare them with those on record
    Check { filter: Option<String> },
    /// Count instructions and record them
    Record,
    /// Do a work so many times, for Callgrind
    #[command(hide = true)]
    Once { name: String, times: u64 },
}

fn main() -> ExitCode {
    let works = works::all();
    let meant = |filter: Option<String>| {
        let filter = filter.unwrap_or_default();
        works
            .iter()
            .filter(move |work| work.name.contains(filter.as_str()))
    };
    match Options::parse().look {
        Look::Wall { filter } => meant(filter).for_each(wall::measure),
        Look::Check { filter } => return check(meant(filter).filter(|work| work.counted > 0)),
        Look::Record => Recorded::of(works.iter().filter(|work| work.counted > 0)).write(),
        Look::Once { name, times } => {
            let work = works.iter().find(|work| work.name == name);
            work.expect("a work").run(times);
        }
    }
    ExitCode::SUCCESS
}

/// Fails where a work got dearer than its tolerance.
fn check<'w>(works: impl Iterator<Item = &'w Work>) -> ExitCode {
    let recorded = Recorded::read();
    let here = Machine::here();
    if recorded.machine != here {
        println!(
            "recorded on another machine or by other tools, so that small differences mean little:\n  then {}\n  now  {here}",
            recorded.machine
        );
    }
    let mut has_dearer = false;
    println!(
        "{:<28} {:>14} {:>14} {:>9}",
        "instructions of", "recorded", "now", "change"
    );
    for work in works {
        let now = callgrind::count(work);
        let Some(&before) = recorded.instructions.get(work.name) else {
            println!("{:<28} {:>14} {now:>14}       new", work.name, "");
            continue;
        };
        #[allow(clippy::cast_precision_loss, reason = "per cent for people")]
        let change = (now as f64 / before as f64 - 1.0) * 100.0;
        let verdict = if change > work.tolerance_percent() {
            has_dearer = true;
            "  dearer"
        } else if change < -work.tolerance_percent() {
            "  cheaper: record it"
        } else {
            ""
        };
        println!(
            "{:<28} {before:>14} {now:>14} {change:>+8.1}%{verdict}",
            work.name
        );
    }
    if has_dearer {
        eprintln!("find out why, or `make bench-record` and say why in the commit");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
