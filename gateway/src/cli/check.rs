//! `cdr-gateway check`

use std::process::ExitCode;

use clap::Args;

use super::{ConfigArgs, EXIT_CONFIG, print};
use crate::{
    config::{self, Diagnostics, compile::compile},
    plugin::Host,
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
    let found = check(args)?;
    if args.json {
        print::json(&found.to_json())?;
    } else {
        print::line(&found)?;
    }
    let refused = found.has_errors() || (args.strict && !found.warnings.is_empty());
    Ok(if refused {
        ExitCode::from(EXIT_CONFIG)
    } else {
        ExitCode::SUCCESS
    })
}

/// Everything that a start would find, short of opening journal and sockets.
fn check(args: &CheckArgs) -> anyhow::Result<Diagnostics> {
    let loaded = match config::load(&args.config.inputs()) {
        Ok(loaded) => loaded,
        Err(found) => return Ok(found),
    };
    let host = Host::new(None)
        .map_err(|error| anyhow::anyhow!("cannot set up the plugin host: {error:#}"))?;
    let mut found = match compile(&host, &loaded) {
        Ok(_) => Diagnostics::default(),
        Err(found) => found,
    };
    found.warnings.extend(loaded.warnings);
    Ok(found)
}
