//! `cdr-gateway plugin`: for those who write plugins, and those who watch them.
//! Only what watches them needs a gateway; nothing needs a configuration or a
//! journal.

mod bench;
mod build;
mod choice;
mod given;
mod inspect;
mod language;
mod new;
mod running;
mod subject;
mod test;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Subcommand;

use super::client::ClientArgs;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// Make a folder for a new plugin, with an example that works
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin new short-calls --lang rust\n  cdr-gateway plugin new vip-calls --lang python --in plugins"
    )]
    New(new::NewArgs),
    /// Build the component of a plugin's folder
    ///
    /// By the tools of its language, in the versions that the folder names: cargo,
    /// npm or pip. Makes target/plugin.wasm there.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin build\n  cdr-gateway plugin build plugins/vip-calls --json"
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
    /// List the plugins of a running gateway: versions, calls, failures, time, memory
    List(ClientArgs),
    /// Show a plugin of a running gateway: what it is and may, and what came of its calls
    #[command(after_help = "Example: cdr-gateway plugin show mask")]
    Show(running::NamedArgs),
    /// Show what a plugin of a running gateway failed on last, with the records
    ///
    /// They are shown as the plugin got them, with personal data where there is some.
    #[command(
        after_help = "Examples:\n  cdr-gateway plugin failures mask\n  cdr-gateway plugin failures mask --save cases"
    )]
    Failures(running::FailuresArgs),
}

pub(super) fn run(command: PluginCommand) -> anyhow::Result<ExitCode> {
    match command {
        PluginCommand::New(args) => return new::run(&args),
        PluginCommand::Build(args) => return build::run(&args),
        PluginCommand::Inspect(args) => return inspect::run(&args),
        PluginCommand::Test(args) => return test::run(&args),
        PluginCommand::Bench(args) => return bench::run(&args),
        PluginCommand::List(args) => running::list(&args)?,
        PluginCommand::Show(args) => running::show(&args)?,
        PluginCommand::Failures(args) => running::failures(&args)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// A path in a folder, without the dot of the one that one is in.
fn below(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    path.strip_prefix(".").map_or(path.clone(), Path::to_owned)
}
