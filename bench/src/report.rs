//! The results: a table in Markdown, and plots.

mod plot;

use std::{fmt::Write as _, fs, path::Path};

use anyhow::Result;

use crate::{
    figures::{Figures, median},
    load::Pace,
    work::Work,
};

/// The runs of one work at one pace, floor and gateway side by side: those of one
/// round share an index.
pub struct Pair {
    pub work: Work,
    pub pace: Pace,
    pub floor: Vec<Figures>,
    pub gateway: Vec<Figures>,
}

impl Pair {
    pub fn name(&self) -> String {
        match self.pace {
            Pace::Saturated => format!("({}) saturated", self.work.letter()),
            Pace::PerSecond(rate) => format!("({}) {rate}/s", self.work.letter()),
        }
    }

    /// How many times the floor's cost the gateway's is: the median of the rounds,
    /// each of which compares two neighbours in time, with the least and the most.
    fn ratio(&self) -> String {
        let rounds = self.floor.iter().zip(&self.gateway);
        let ratios: Vec<f64> = rounds
            .map(|(floor, gateway)| gateway.cpu_us_per_record / floor.cpu_us_per_record)
            .collect();
        let middle = median(ratios.iter().copied());
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(0.0, f64::max);
        format!("{middle:.2} ({least:.2} to {most:.2})")
    }

    fn medians(&self) -> [Figures; 2] {
        [&self.floor, &self.gateway].map(|runs| Figures::medians(runs))
    }
}

const COLUMNS: &str = "\
| work | | CPU µs a record | to the floor | acknowledged a second | through a second | ack p50 ms | p99 | p99.9 | disk's fsync p99 ms | ack p99 above it | peak MiB | written per byte |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
";

const EXPLAINED: &str = "
Works: (a) one file, no plugins; (b) attribution and filter for three destinations, mask and egress contract for two of them, two HTTP receivers and a file; (c) as (b), with a
hundred records a request. Each acknowledged record was found at every destination, and the gateway's books balanced after each run.

The floor is a server that reads the same bodies, parses them, commits them to SQLite in groups before it answers, posts them to the same receivers and appends them to a file: no plugins,
retries or outcomes. Ratios are what counts; times depend on the machine, on which the load generator and the receivers run as well. `through` ends when the last record is at the last destination;
in (c) the last batch may wait a second for company. The ratio is the median of the rounds, with the least and the most.
Latencies at a fixed rate count from the time that a record was due.

![CPU per record](cpu.svg)
![Acknowledgements](ack.svg)
";

/// Writes all of it to this directory.
pub fn write(directory: &Path, head: &str, pairs: &[Pair]) -> Result<()> {
    fs::create_dir_all(directory)?;
    let text = format!(
        "# What `make bench` found\n\n{head}\n\n{}{EXPLAINED}",
        table(pairs)
    );
    fs::write(directory.join("RESULTS.md"), text)?;
    let bars = |figure: fn(&Figures) -> f64| {
        let bar = |pair: &Pair| (pair.name(), pair.medians().map(|of| figure(&of)));
        pairs.iter().map(bar).collect::<Vec<_>>()
    };
    let cpu = bars(|figures| figures.cpu_us_per_record);
    fs::write(
        directory.join("cpu.svg"),
        plot::bars("CPU µs a record", &cpu),
    )?;
    let ack = bars(|figures| figures.ack_ms[1]);
    fs::write(
        directory.join("ack.svg"),
        plot::bars("Acknowledged after, p99, ms", &ack),
    )?;
    Ok(())
}

pub fn table(pairs: &[Pair]) -> String {
    let mut table = COLUMNS.to_owned();
    for pair in pairs {
        let [floor, gateway] = pair.medians();
        row(&mut table, &pair.name(), "floor", "1", &floor);
        row(&mut table, "", "gateway", &pair.ratio(), &gateway);
    }
    for pair in pairs {
        remark(&mut table, pair);
    }
    table
}

fn row(table: &mut String, work: &str, subject: &str, ratio: &str, of: &Figures) {
    let [p50, p99, p999] = of.ack_ms;
    // Writing to a string does not fail.
    let _ = writeln!(
        table,
        "| {work} | {subject} | {:.0} | {ratio} | {:.0} | {:.0} | {p50:.2} | {p99:.2} | {p999:.2} | {:.2} | {:.2} | {:.0} | {:.2} |",
        of.cpu_us_per_record,
        of.acknowledged_per_s,
        of.through_per_s,
        of.sync_p99_ms,
        p99 - of.sync_p99_ms,
        of.peak_mib,
        of.written_per_byte,
    );
}

/// What should be nought, where it is not.
fn remark(table: &mut String, pair: &Pair) {
    for (subject, runs) in [("floor", &pair.floor), ("gateway", &pair.gateway)] {
        let sum = |figure: fn(&Figures) -> f64| runs.iter().map(figure).sum::<f64>();
        let (refused, repeated) = (sum(|run| run.refused), sum(|run| run.repeated));
        if refused + repeated > 0.0 {
            let _ = writeln!(
                table,
                "\n{}, {subject}: {refused:.0} records not acknowledged, {repeated:.0} delivered twice, in {} runs.",
                pair.name(),
                runs.len()
            );
        }
    }
}
