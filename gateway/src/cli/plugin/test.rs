//! `cdr-gateway plugin test`: runs a plugin's cases in the gateway's own plugin
//! host, and shows what is not as expected.
//!
//! A run that tested nothing is no success.

mod record;
mod report;
mod show;

use std::{path::Path, process::ExitCode};

use anyhow::bail;
use clap::Args;

use self::report::{CaseReport, Report, Result as CaseResult};
use super::{
    super::print,
    choice::ChoiceArgs,
    subject::{Subject, SubjectArgs},
};
use crate::{
    case::{
        self, compare,
        folder::{Folder, Named},
        run::Runner,
    },
    plugin::Compiled,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    choice: ChoiceArgs,
    /// Write what is found into the cases that fail, or that expect nothing yet
    #[arg(long, conflicts_with = "record")]
    update: bool,
    #[command(flatten)]
    record: record::RecordArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(in crate::cli) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let subject = args.subject.read()?;
    let folder = args.choice.folder(&subject)?;
    if let Some(file) = &args.record.given.record {
        return record::run(&args.record, file, &subject, &folder, args.json);
    }
    let Some(Folder { cases, wrong }) = args.choice.read(&folder)? else {
        bail!("{}", none(args, &folder));
    };
    let compiled = subject.compile()?;
    let report = Report {
        plugin: subject.shown.clone(),
        sha256: compiled.digest.clone(),
        folder: folder.display().to_string(),
        cases: test(&subject, &compiled, &cases, args.update)?,
        wrong,
    };
    if args.json {
        print::json(&report.to_json())?;
    } else {
        subject.warn_if_stale()?;
        show::report(&report)?;
    }
    Ok(if report.passed() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn test(
    subject: &Subject,
    compiled: &Compiled,
    cases: &[Named],
    update: bool,
) -> anyhow::Result<Vec<CaseReport>> {
    let mut runner = Runner::new(subject.component(compiled));
    let mut reports = Vec::with_capacity(cases.len());
    for named in cases {
        let result = match runner.run(&named.case) {
            // Of no case would anything else become.
            Err(error @ case::run::CannotRun::NotAPlugin(_)) => {
                bail!("{} {error}", subject.shown)
            }
            Err(error) => CaseResult::CannotRun(error.to_string()),
            Ok(found) => {
                let differences = compare::differences(&named.case, &found);
                let is_settled = named.case.expect.is_some() && differences.is_empty();
                if is_settled {
                    CaseResult::Passed(found.took)
                } else if update {
                    case::write::update(named, &found)?;
                    CaseResult::Updated
                } else if named.case.expect.is_none() {
                    CaseResult::ExpectsNothing(found.outcome.to_string())
                } else {
                    CaseResult::Failed(differences)
                }
            }
        };
        reports.push(CaseReport {
            name: named.name.clone(),
            file: named.file.display().to_string(),
            result,
        });
    }
    Ok(reports)
}

/// What to do where nothing is there yet.
fn none(args: &TestArgs, folder: &Path) -> String {
    let plugin = args.subject.as_typed();
    format!(
        "there are no cases in {folder}\n\nWrite one, such as {first}:\n\n    record = '{{\"Duration\": 3}}'\n\n    [expect]\n    drop = \"short_call\"\n\nor have one made of a record that you have; it notes down what the plugin makes of it:\n\n    cdr-gateway plugin test{plugin} --record call.json",
        folder = folder.display(),
        first = folder.join("short-call.toml").display(),
    )
}
