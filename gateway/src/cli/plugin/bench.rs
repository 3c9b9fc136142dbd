//! `cdr-gateway plugin bench`: time and memory of a plugin, held against its
//! limits.
//!
//! One warm instance processes the record of a case over and over, as a worker of
//! the gateway does, for a while. Times are those of the clock on the wall, which
//! is what the deadline is about, so other work on the machine counts too: look
//! at the median first.

mod measure;
mod show;

use std::{process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::Args;
use serde::Serialize;

use self::measure::Measured;
use super::{
    super::print,
    choice::ChoiceArgs,
    given::GivenArgs,
    subject::{Subject, SubjectArgs},
};
use crate::{
    case::{
        Case,
        run::{self, Runner},
    },
    plugin::Compiled,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct BenchArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    choice: ChoiceArgs,
    #[command(flatten)]
    given: GivenArgs,
    /// Time for each case, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=600))]
    seconds: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was measured, as scripts get it.
#[derive(Debug, Serialize)]
struct Report {
    plugin: String,
    sha256: String,
    size_bytes: usize,
    /// Whether the component looks like an unoptimised build.
    unoptimised: bool,
    cases: Vec<CaseReport>,
    /// Cases of which no warm call can be measured, and why.
    left_out: Vec<LeftOut>,
}

#[derive(Debug, Serialize)]
struct CaseReport {
    name: String,
    #[serde(flatten)]
    measured: Measured,
}

#[derive(Debug, Serialize)]
struct LeftOut {
    name: String,
    why: String,
}

pub(in crate::cli) fn run(args: &BenchArgs) -> anyhow::Result<ExitCode> {
    let subject = args.subject.read()?;
    let cases = cases(args, &subject)?;
    let compiled = subject.compile()?;
    let report = bench(args, &subject, &compiled, cases)?;
    if args.json {
        print::json(&report)?;
    } else {
        show::report(&report)?;
    }
    Ok(if report.cases.is_empty() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

fn cases(args: &BenchArgs, subject: &Subject) -> anyhow::Result<Vec<(String, Case)>> {
    if let Some(file) = &args.given.record {
        let case = args.given.case(file)?;
        return Ok(vec![(file.display().to_string(), case)]);
    }
    let folder = args.choice.folder(subject)?;
    let Some(found) = args.choice.read(&folder)? else {
        bail!(
            "there are no cases in {}; give a record with --record call.json, or make a case of it with `cdr-gateway plugin test --record call.json`",
            folder.display()
        );
    };
    let wrong = found.wrong.len();
    if wrong > 0 {
        let plugin = args.subject.as_typed();
        print::aside(format!(
            "{wrong} cases cannot be read; `cdr-gateway plugin test{plugin}` says why"
        ));
    }
    let named = found.cases.into_iter();
    Ok(named.map(|named| (named.name, named.case)).collect())
}

fn bench(
    args: &BenchArgs,
    subject: &Subject,
    compiled: &Compiled,
    cases: Vec<(String, Case)>,
) -> anyhow::Result<Report> {
    let mut report = Report {
        plugin: subject.shown.clone(),
        sha256: compiled.digest.clone(),
        size_bytes: subject.wasm.len(),
        unoptimised: compiled.has_debug_info,
        cases: Vec::new(),
        left_out: Vec::new(),
    };
    let mut runner = Runner::new(subject.component(compiled));
    let time = Duration::from_secs(args.seconds);
    for (name, case) in cases {
        let loaded = runner.plugin(&case).with_context(|| name.clone())?;
        let record = run::record(&case).with_context(|| name.clone())?;
        let measured = match (loaded, record) {
            (Ok(plugin), Some(record)) => {
                measure::measure(&plugin, &record, time).map_err(|failure| failure.to_string())
            }
            (Err(outcome), _) => Err(outcome.to_string()),
            (Ok(_), None) => Err("has no record".to_owned()),
        };
        match measured {
            Ok(measured) => report.cases.push(CaseReport { name, measured }),
            Err(why) => report.left_out.push(LeftOut { name, why }),
        }
    }
    Ok(report)
}
