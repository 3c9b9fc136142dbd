//! `cdr-gateway plugin`: for those who write plugins. Nothing here needs a
//! gateway, a configuration or a journal.

mod bench;
mod build;
mod choice;
mod given;
mod inspect;
mod language;
mod new;
mod subject;
mod test;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Make a folder for a new plugin, with an example that works
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin new do-not-call --lang rust\n  cdr-gateway plugin new crm-lookup --lang python --in plugins"
    )]
    New(new::NewArgs),
    /// Build the component of a plugin's folder
    ///
    /// By the tools of its language, in the versions that the folder names: cargo,
    /// npm or pip. Makes target/plugin.wasm there.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin build\n  cdr-gateway plugin build plugins/do-not-call --json"
    )]
    Build(build::BuildArgs),
    /// Say what a component is: version, imports and grants, config, size
    ///
    /// Nothing of it runs but `describe`, within the usual limits.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin inspect target/plugin.wasm\n  cdr-gateway plugin inspect builtin:phone-mask\n  cdr-gateway plugin inspect --json . | jq .config_schema"
    )]
    Inspect(inspect::InspectArgs),
    /// Run a plugin on its cases, and show what is not as expected
    ///
    /// A case is a small TOML file in the folder `cases`: a record, a config, and
    /// what should become of them. docs/plugin-testing.md has every key.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin test\n  cdr-gateway plugin test --filter short --update\n  cdr-gateway plugin test --record call.json --config '{\"seconds\": 5}'\n  cdr-gateway plugin test builtin:filter --cases cases"
    )]
    Test(test::TestArgs),
    /// Measure time and memory of a plugin, and hold them against its limits
    ///
    /// One warm instance gets the record of a case over and over. Times are by the
    /// clock on the wall, as the deadline is: look at the median first.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin bench\n  cdr-gateway plugin bench --filter seed --seconds 10\n  cdr-gateway plugin bench builtin:phone-mask --record call.json --json"
    )]
    Bench(bench::BenchArgs),
}

pub(super) fn run(command: PluginCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::New(args) => new::run(&args),
        PluginCommand::Build(args) => build::run(&args),
        PluginCommand::Inspect(args) => inspect::run(&args),
        PluginCommand::Test(args) => test::run(&args),
        PluginCommand::Bench(args) => bench::run(&args),
    }
}

/// A path in a folder, without the dot of the one that one is in.
fn below(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    path.strip_prefix(".").map_or(path.clone(), Path::to_owned)
}
