//! `cdr-gateway plugin failures`

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;

use super::{path, show::told};
use crate::{
    admin::view::{FailedRecordView, RecordView},
    case::{
        Case, Expect, Json,
        write::{self, WriteError},
    },
    cli::{
        client::{Client, ClientArgs},
        print,
    },
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
    /// is some. Each expects that the record is kept. What is there already stays
    /// as it is.
    #[arg(long, value_name = "DIR")]
    save: Option<PathBuf>,
}

pub(in crate::cli) fn run(args: &FailuresArgs) -> anyhow::Result<()> {
    let found: Vec<FailedRecordView> =
        Client::new(&args.client)?.get(&path(&args.plugin, "/failures"), &[])?;
    if let Some(folder) = &args.save {
        return save(&found, folder);
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

fn save(found: &[FailedRecordView], folder: &Path) -> anyhow::Result<()> {
    for one in found {
        let failure = &one.failure;
        let name = format!("{}-{}", failure.kind, failure.arrival);
        let Some(record) = &one.record else {
            print::line(format!("{name}: the record is not kept any more"))?;
            continue;
        };
        match write::save(folder, &name, &case(one, record)) {
            Ok(path) => print::line(path.display())?,
            Err(exists @ WriteError::Exists(_)) => print::line(exists)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The case that a record makes: it should be kept, and is not.
fn case(one: &FailedRecordView, record: &RecordView) -> Case {
    let failure = &one.failure;
    Case {
        about: Some(format!(
            "{} (version {}, {})",
            failure.error, failure.version, failure.chain
        )),
        config: (!record.config.is_empty()).then(|| record.config.clone()),
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
