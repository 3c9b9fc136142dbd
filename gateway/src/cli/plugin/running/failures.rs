//! `cdr-gateway plugin failures`

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use serde::Serialize;

use super::{path, show::told};
use crate::{
    admin::view::{ChainOf, FailedRecordView, RecordView},
    case::{
        Case, Expect, Json,
        write::{self, WriteError},
    },
    cli::{
        client::{Client, ClientArgs},
        print,
    },
    config::model::{Grant, PluginHost},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct FailuresArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The plugin's name in the configuration
    #[arg(value_name = "NAME")]
    plugin: String,
    /// Save each record as a case for `plugin test`, in this folder
    ///
    /// They hold the records as the plugin got them, with personal data where there
    /// is some, and the plugin's config, tables, grants and limits as they are now;
    /// of secrets, no more than that they are lacking. Each expects that the record
    /// is kept. What is there already stays as it is. Stages have no cases.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &FailuresArgs) -> anyhow::Result<()> {
    let found: Vec<FailedRecordView> =
        Client::new(&args.client)?.get(&path(&args.plugin, "/failures"), &[])?;
    if let Some(folder) = &args.save {
        return save(&found, folder, args.client.json);
    }
    if args.client.json {
        return print::json(&found);
    }
    let now = Timestamp::now();
    for one in &found {
        print::line(told(&one.failure, now))?;
        match &one.record {
            Some(record) => print::line(format!("  {}", print::harmless(&record.body)))?,
            None => print::line("  (the record is not kept any more)")?,
        }
    }
    Ok(())
}

/// What became of a record that was to be saved.
#[derive(Serialize)]
struct Saved<'a> {
    arrival: &'a str,
    kind: &'a str,
    result: SaveResult,
    /// The case; none where there is none.
    file: Option<PathBuf>,
    /// Keys of its config that are secrets, and not in it.
    lacks: &'a [String],
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum SaveResult {
    Saved,
    IsThere,
    NotKept,
    OfStage,
}

fn save(found: &[FailedRecordView], folder: &Path, json: bool) -> anyhow::Result<()> {
    let saved: Result<Vec<_>, _> = found.iter().map(|one| save_one(one, folder)).collect();
    let saved = saved?;
    if json {
        return print::json(&saved);
    }
    saved.iter().try_for_each(show)
}

fn save_one<'a>(one: &'a FailedRecordView, folder: &Path) -> Result<Saved<'a>, WriteError> {
    let failure = &one.failure;
    let saved = |result, file, lacks| Saved {
        arrival: &failure.arrival,
        kind: &failure.kind,
        result,
        file,
        lacks,
    };
    if matches!(failure.chain, ChainOf::Stage(_)) {
        return Ok(saved(SaveResult::OfStage, None, &[]));
    }
    let Some(record) = &one.record else {
        return Ok(saved(SaveResult::NotKept, None, &[]));
    };
    let name = format!("{}-{}", failure.kind, failure.arrival);
    match write::save(folder, &name, &case(one, record)) {
        Ok(path) => Ok(saved(SaveResult::Saved, Some(path), &record.secrets)),
        Err(WriteError::Exists(path)) => Ok(saved(SaveResult::IsThere, Some(path), &[])),
        Err(error) => Err(error),
    }
}

fn show(saved: &Saved<'_>) -> anyhow::Result<()> {
    let file = saved.file.iter().map(|file| file.display().to_string());
    let file: String = file.collect();
    print::line(match saved.result {
        SaveResult::Saved => file,
        SaveResult::IsThere => format!("{file} is there already, and stays as it is"),
        SaveResult::NotKept => format!(
            "{}-{}: the record is not kept any more",
            saved.kind, saved.arrival
        ),
        SaveResult::OfStage => format!(
            "{}-{}: a stage failed on it, and only plugins of chains have cases",
            saved.kind, saved.arrival
        ),
    })?;
    if !saved.lacks.is_empty() {
        print::line(format!(
            "  its config lacks what is a secret: write one that is for tests only as {}",
            saved.lacks.join(", ")
        ))?;
    }
    Ok(())
}

/// The case that a record makes: it should be kept, and is not. What holds anyhow is
/// not said.
fn case(one: &FailedRecordView, record: &RecordView) -> Case {
    let failure = &one.failure;
    let limits = record.limits;
    let usual = PluginHost::default();
    Case {
        about: Some(format!(
            "{} (version {}, {})",
            failure.error, failure.version, failure.chain
        )),
        config: (!record.config.is_empty()).then(|| record.config.clone()),
        table: (!record.tables.is_empty()).then(|| record.tables.clone()),
        grant: (record.grant != Grant::default()).then(|| record.grant.clone()),
        deadline_ms: unusual(limits.deadline_ms, usual.deadline_ms),
        max_memory_bytes: unusual(bytes(limits.max_memory_bytes), usual.max_memory_bytes),
        max_output_bytes: unusual(bytes(limits.max_output_bytes), usual.max_output_bytes),
        kind: Some(record.kind),
        source: Some(record.source.clone()),
        dialect: record.dialect,
        numbers_in: record.numbers_in.clone(),
        received: Some(record.received),
        tags: (!record.tags.is_empty()).then(|| record.tags.clone()),
        record: Some(Json::Text(record.body.clone())),
        expect: Some(Expect {
            keep: Some(true),
            ..Expect::default()
        }),
        ..Case::default()
    }
}

fn unusual(limit: u64, usual: u64) -> Option<u64> {
    (limit != usual).then_some(limit)
}

fn bytes(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}
