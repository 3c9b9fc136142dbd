//! `cdr-gateway plugin`: for those who write plugins. Nothing here needs a
//! gateway, a configuration or a journal.

mod inspect;
mod subject;

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Say what a component is: version, imports and grants, config, size
    ///
    /// Nothing of it runs but `describe`, within the usual limits.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin inspect target/do-not-call.wasm\n  cdr-gateway plugin inspect builtin:phone-mask\n  cdr-gateway plugin inspect --json . | jq .config_schema"
    )]
    Inspect(inspect::InspectArgs),
}

pub(super) fn run(command: PluginCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::Inspect(args) => inspect::run(&args),
    }
}
