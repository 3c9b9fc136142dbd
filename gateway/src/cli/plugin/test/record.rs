//! `--record`: makes a case of a record.

use std::{path::Path, process::ExitCode};

use anyhow::{Context, bail};
use clap::Args;

use super::super::{super::print, given::GivenArgs, subject::Subject};
use crate::case::{run::Runner, write};

#[derive(Debug, Args)]
pub(super) struct RecordArgs {
    #[command(flatten)]
    pub(super) given: GivenArgs,
    /// Name of the case that --record makes; that of the file if not set
    #[arg(long, value_name = "NAME", requires = "record")]
    name: Option<String>,
}

pub(super) fn run(
    args: &RecordArgs,
    file: &Path,
    subject: &Subject,
    folder: &Path,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let mut case = args.given.case(file)?;
    let name = match &args.name {
        Some(name) => name.clone(),
        None => stem(file),
    };
    let compiled = subject.compile()?;
    let mut runner = Runner::new(subject.component(&compiled));
    let found = runner
        .run(&case)
        .with_context(|| file.display().to_string())?;
    if let crate::case::Outcome::Refused(_) = found.outcome {
        bail!(
            "the config is {}\ngive the one that it needs with --config JSON",
            found.outcome
        );
    }
    case.expect = Some(found.as_expected(&case));
    let written = write::save(folder, &name, &case)?;
    if json {
        print::json(&serde_json::json!({ "case": name, "file": written }))?;
    } else {
        print::line(print::harmless(&format!(
            "{} expects what was found: {}\nLook through it; what nobody cares about may go.",
            written.display(),
            found.outcome
        )))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The name of a file without its endings.
fn stem(file: &Path) -> String {
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let name = name.strip_suffix(".json").unwrap_or(&name);
    name.strip_suffix(".in").unwrap_or(name).to_owned()
}
