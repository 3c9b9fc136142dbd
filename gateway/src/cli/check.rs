//! `cdr-gateway check`

use std::{process::ExitCode, sync::Arc};

use clap::Args;

use serde_json::json;

use super::{ConfigArgs, EXIT_CONFIG, print};
use crate::{
    config::{self, Diagnostics, compile::compile},
    plugin::{Host, Table, Tables},
};

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    config: ConfigArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Fail on warnings, too
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(args: &CheckArgs) -> anyhow::Result<ExitCode> {
    let (found, tables) = check(args)?;
    if args.json {
        let mut shown = found.to_json();
        shown["tables"] = tables.iter().map(facts).collect();
        print::json(&shown)?;
    } else {
        for (name, table) in &tables {
            print::line(describe(name, table))?;
        }
        print::line(&found)?;
    }
    let refused = found.has_errors() || (args.strict && !found.warnings.is_empty());
    Ok(if refused {
        ExitCode::from(EXIT_CONFIG)
    } else {
        ExitCode::SUCCESS
    })
}

/// Everything that a start would find, short of opening journal and sockets; and
/// the tables, where nothing is wrong.
fn check(args: &CheckArgs) -> anyhow::Result<(Diagnostics, Tables)> {
    let loaded = match config::load(&args.config.inputs()) {
        Ok(loaded) => loaded,
        Err(found) => return Ok((found, Tables::new())),
    };
    let host = Host::new(None)
        .map_err(|error| anyhow::anyhow!("cannot set up the plugin host: {error:#}"))?;
    let (mut found, tables) = match compile(&host, &loaded) {
        Ok(draft) => (Diagnostics::default(), draft.tables().clone()),
        Err(found) => (found, Tables::new()),
    };
    found.warnings.extend(loaded.warnings);
    Ok((found, tables))
}

fn describe(name: &str, table: &Table) -> String {
    let repeated = match table.repeated() {
        0 => String::new(),
        rows => format!(" ({rows} rows are repeated by later ones)"),
    };
    format!(
        "table {name}: {} keys{repeated}, {} bytes of memory, version {:.12}",
        table.len(),
        table.bytes(),
        table.digest()
    )
}

fn facts((name, table): (&String, &Arc<Table>)) -> (String, serde_json::Value) {
    let facts = json!({
        "keys": table.len(),
        "repeated": table.repeated(),
        "bytes": table.bytes(),
        "max_bytes": table.max_bytes(),
        "digest": table.digest(),
    });
    (name.clone(), facts)
}
