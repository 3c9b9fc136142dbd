//! What the gateway costs, against a floor that does the same work with nothing
//! around it.
//!
//! Load, receivers and verifier live in this process; gateway and floor are
//! processes of their own, whose CPU, memory and writes the kernel counts. Their
//! runs alternate, so that whatever else the machine does hits both.
#![allow(clippy::print_stderr, reason = "tells a person how far it is")]

mod disk;
mod figures;
mod files;
mod latency;
mod load;
mod machine;
mod receiver;
mod record;
mod report;
mod run;
mod seen;
mod subject;
mod usage;
mod work;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Parser;

use load::Pace;
use report::Pair;
use run::Bench;
use subject::{Binaries, Kind};
use work::Work;

/// Measures the gateway against the floor and writes a table and plots.
#[derive(Parser)]
#[command(args_override_self = true)]
struct Options {
    /// The gateway's binary; the floor's lies beside this one
    #[arg(long)]
    gateway: PathBuf,
    /// Runs of each, of which medians are taken
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// The works to measure
    #[arg(long, value_delimiter = ',', default_values = ["a", "b", "c"])]
    works: Vec<Work>,
    /// Records in each run, after the warm-up
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// Records a second of the paced runs
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..))]
    rate: u32,
    /// Connections that the load keeps open
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=256))]
    connections: u16,
    /// Where gateway and floor write: on the disk that is measured
    #[arg(long)]
    directory: PathBuf,
    /// Where the table and the plots go
    #[arg(long)]
    results: PathBuf,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    std::fs::create_dir_all(&options.directory)?;
    let own = std::env::current_exe()?;
    let floor = own.with_file_name("cdr-gateway-floor");
    let bench = Bench {
        binaries: Binaries {
            gateway: options.gateway.clone(),
            floor,
        },
        directory: options.directory.canonicalize()?,
        connections: usize::from(options.connections),
        records: options.records,
    };
    let mut pairs = pairs(&options.works, options.rate);
    for round in 0..options.runs {
        for pair in &mut pairs {
            measure(&bench, round, pair).await?;
            eprintln!("round {} of {}: {}", round + 1, options.runs, pair.name());
        }
    }
    report::write(&options.results, &head(&options), &pairs)?;
    eprintln!("\n{}", report::table(&pairs));
    Ok(())
}

fn pairs(works: &[Work], rate: u32) -> Vec<Pair> {
    let paces = [Pace::Saturated, Pace::PerSecond(rate)];
    let at_each_pace = |&work: &Work| {
        paces.map(|pace| Pair {
            work,
            pace,
            floor: Vec::new(),
            gateway: Vec::new(),
        })
    };
    works.iter().flat_map(at_each_pace).collect()
}

/// One run of each, in turn the one and the other first.
async fn measure(bench: &Bench, round: u32, pair: &mut Pair) -> Result<()> {
    let mut order = Kind::ALL;
    if round % 2 == 1 {
        order.reverse();
    }
    for kind in order {
        let run = bench.run(kind, pair.work, pair.pace).await;
        let figures = run.with_context(|| format!("{}, {}", pair.name(), kind.name()))?;
        match kind {
            Kind::Floor => pair.floor.push(figures),
            Kind::Gateway => pair.gateway.push(figures),
        }
    }
    Ok(())
}

fn head(options: &Options) -> String {
    let machine = machine::described(&options.gateway);
    let unfit = if cfg!(debug_assertions) {
        " **Not optimised: these figures say nothing but that the bench runs.**"
    } else {
        ""
    };
    format!(
        "{machine} Medians of {} runs of {} records each, {} connections; floor and gateway in turn.{unfit}",
        options.runs, options.records, options.connections
    )
}
