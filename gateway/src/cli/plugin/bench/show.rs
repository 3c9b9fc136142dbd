//! What was measured, for people.

use std::io;

use super::{CaseReport, Report};
use crate::cli::print;

pub(super) fn report(report: &Report) -> io::Result<()> {
    print::line(print::harmless(&format!(
        "{}, {}",
        report.plugin,
        bytes(report.size_bytes)
    )))?;
    if !report.cases.is_empty() {
        cases(&report.cases)?;
        limits(&report.cases)?;
    }
    for case in report
        .cases
        .iter()
        .filter(|case| case.measured.overruns > 0)
    {
        print::line(print::harmless(&format!(
            "\n{}: the deadline ended {} calls, which the gateway would try again",
            case.name, case.measured.overruns
        )))?;
    }
    for case in report.cases.iter().filter(|case| case.grows()) {
        growth(case)?;
    }
    for left_out in &report.left_out {
        print::line(print::harmless(&format!(
            "\nleft out: {}, {}",
            left_out.name, left_out.why
        )))?;
    }
    if report.unoptimised {
        print::line(
            "\nThe component carries debug information: an unoptimised build? `cdr-gateway plugin build` optimises.",
        )?;
    }
    if cfg!(debug_assertions) {
        print::line("\nThis gateway is a debug build: its own share of each call is too great.")?;
    }
    Ok(())
}

/// A line a case.
fn cases(cases: &[CaseReport]) -> io::Result<()> {
    let header = ["case", "p50", "p99", "max", "calls/s", "out", "memory"].map(str::to_owned);
    let row = |case: &CaseReport| {
        let found = &case.measured;
        [
            print::harmless(&case.name),
            time(found.p50_us),
            time(found.p99_us),
            time(found.max_us),
            format!("{:.0}", found.calls_per_s),
            bytes(found.output_bytes),
            bytes(found.memory_bytes),
        ]
    };
    let rows: Vec<_> = std::iter::once(header)
        .chain(cases.iter().map(row))
        .collect();
    print::line("")?;
    print::table(&rows)
}

/// The worst of all cases against each limit.
fn limits(cases: &[CaseReport]) -> io::Result<()> {
    let worst = |of: fn(&CaseReport) -> f64| cases.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
    let row = |limit: &str, of: fn(&CaseReport) -> f64, words: fn(&CaseReport) -> [String; 2]| {
        let case = worst(of)?;
        let [used, allowed] = words(case);
        Some([
            limit.to_owned(),
            used,
            format!("{:.2} %", of(case)),
            format!("of {allowed}"),
        ])
    };
    let rows = [
        row(
            "one record (p99)",
            |case| case.measured.of_deadline,
            |case| {
                let found = &case.measured;
                [
                    time(found.p99_us),
                    format!("deadline_ms = {}", found.limits.deadline_ms),
                ]
            },
        ),
        row(
            "start and configure",
            |case| case.measured.of_configure_deadline,
            |case| {
                let found = &case.measured;
                let allowed = found.limits.configure_deadline_ms;
                [
                    time(found.start_us + found.configure_us),
                    format!("configure_deadline_ms = {allowed}"),
                ]
            },
        ),
        row(
            "memory",
            |case| case.measured.of_max_memory,
            |case| {
                let found = &case.measured;
                let allowed = found.limits.max_memory_bytes;
                [
                    bytes(found.memory_bytes),
                    format!("max_memory_bytes = {allowed}"),
                ]
            },
        ),
        row(
            "record out",
            |case| case.measured.of_max_output,
            |case| {
                let found = &case.measured;
                let allowed = found.limits.max_output_bytes;
                [
                    bytes(found.output_bytes),
                    format!("max_output_bytes = {allowed}"),
                ]
            },
        ),
    ];
    print::line("")?;
    print::table(&rows.into_iter().flatten().collect::<Vec<_>>())
}

fn growth(case: &CaseReport) -> io::Result<()> {
    let found = &case.measured;
    print::line(print::harmless(&format!(
        "\nmemory grows: {:.1} bytes a call over {} calls of {}, and it had not stopped: a leak, or a collector that waits. The gateway replaces an instance at 80 % of its memory or after {} calls.",
        found.growth_bytes_per_call, found.calls, case.name, found.limits.max_calls
    )))
}

impl CaseReport {
    fn grows(&self) -> bool {
        self.measured.growth_bytes_per_call > 0.0
    }
}

fn time(micros: f64) -> String {
    match micros {
        small if small < 1000.0 => format!("{small:.1} µs"),
        large => format!("{:.2} ms", large / 1000.0),
    }
}

fn bytes(bytes: usize) -> String {
    match bytes {
        small if small < 10 * 1024 => format!("{small} B"),
        kib if kib < 10 * 1024 * 1024 => format!("{} KiB", kib / 1024),
        mib => format!("{} MiB", mib / 1024 / 1024),
    }
}
