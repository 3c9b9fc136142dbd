//! The command line: one module a subcommand.
//!
//! Output is for people; `--json` makes it for scripts. Exit codes:
//! 0 success, 1 failure, 2 wrong usage, 3 the books do not balance,
//! 78 (`EX_CONFIG` of sysexits) wrong configuration.

mod balance;
mod check;
mod client;
mod completions;
mod deliveries;
mod demo;
mod destinations;
mod files;
mod keys;
mod log;
mod plugin;
mod print;
mod records;
mod reload;
mod replay;
mod run;
mod schema;
mod stages;

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, Parser, Subcommand};

use crate::config::Inputs;

/// The configuration is wrong.
const EXIT_CONFIG: u8 = 78;

/// The books do not balance.
const EXIT_UNBALANCED: u8 = 3;

/// Routes call detail records: one webhook in, many systems out.
#[derive(Debug, Parser)]
#[command(
    name = "cdr-gateway",
    version,
    about,
    after_help = "Exit codes: 0 success, 1 failure, 2 wrong usage, 3 the books do not balance, 78 wrong configuration"
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the gateway
    #[command(
        after_help = "Signals: SIGHUP reloads the configuration, SIGTERM and SIGINT stop after draining\n\nExample: cdr-gateway run --config /etc/cdr-gateway/gateway.toml"
    )]
    Run(ConfigArgs),
    /// Check a configuration without running it
    #[command(after_help = "Example: cdr-gateway check --config gateway.toml --json")]
    Check(check::CheckArgs),
    /// List, show, edit, retry and discard deliveries
    #[command(subcommand)]
    Deliveries(deliveries::DeliveriesCommand),
    /// List, show, pause and resume destinations
    #[command(subcommand)]
    Destinations(destinations::DestinationsCommand),
    /// Send again what has been settled, by the chains of today
    ///
    /// Says how many first, and acts with --yes. It is a job that goes on after a
    /// restart, leaves new records their slots, and can be cancelled. The
    /// webhook-id stays where the same configuration makes the bytes of the same
    /// record, so that receivers may recognise them; else the next number is added
    /// to it, as in …~2. A destination that is new starts earlier with `start =` in
    /// its configuration instead.
    #[command(
        after_help = "Examples:\n  cdr-gateway replay --destination crm --since 2026-11-01T00:00:00Z --until 2026-11-02T00:00:00Z --dry-run\n  cdr-gateway replay --destination crm --destination bi --since 2h --when 'kind == \"cdr\"' --yes\n  cdr-gateway replay --destination crm --since 1d --only-missing --yes\n  cdr-gateway replay --destination bi --since 1d --fresh-ids --yes\n  cdr-gateway replay show 3\n  cdr-gateway replay cancel 3"
    )]
    Replay(replay::ReplayArgs),
    /// List and show stages
    #[command(subcommand)]
    Stages(stages::StagesCommand),
    /// List the parts of files, and finish those that are open
    #[command(subcommand)]
    Files(files::FilesCommand),
    /// Show the ledger of every destination, and whether it balances
    #[command(
        after_help = "Examples:\n  cdr-gateway balance --verify\n  cdr-gateway balance --by day --since 7d --tz Asia/Shanghai --destination crm\n  cdr-gateway balance --by month --csv\n  cdr-gateway balance --verify --journal data/journal.db   (without a running gateway, too)"
    )]
    Balance(balance::BalanceArgs),
    /// Make, build, look at, test and measure plugins, and watch those of a gateway
    #[command(subcommand)]
    Plugin(plugin::PluginCommand),
    /// List and drop the keys of days, where the journal is encrypted
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Make a running gateway load its configuration anew
    Reload(client::ClientArgs),
    /// Print the JSON Schema of the configuration, for editors
    Schema,
    /// Show a record going through, with two small receivers
    #[command(after_help = "Example: cdr-gateway demo --config config/quickstart.toml")]
    Demo(demo::DemoArgs),
    /// Print a completion script for a shell
    Completions(completions::CompletionsArgs),
}

/// Where the configuration comes from.
#[derive(Debug, Clone, Args)]
struct ConfigArgs {
    /// Configuration file. Given again, further files that may add sources,
    /// plugins, tables and destinations
    #[arg(
        short,
        long,
        value_name = "FILE",
        env = "CDR_GATEWAY_CONFIG",
        default_value = "gateway.toml"
    )]
    config: Vec<PathBuf>,
    /// Set one key over files and environment, such as ingest.listen=0.0.0.0:80
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = key_value)]
    set: Vec<(String, String)>,
}

impl ConfigArgs {
    fn inputs(&self) -> Inputs {
        Inputs::from_process(self.config.clone(), self.set.clone())
    }
}

fn key_value(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// Runs a command line.
///
/// # Errors
/// With whatever a subcommand cannot handle itself.
pub fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    match cli.command {
        Command::Run(args) => run::run(&args),
        Command::Check(args) => check::run(&args),
        Command::Deliveries(command) => deliveries::run(command),
        Command::Destinations(command) => destinations::run(command),
        Command::Replay(args) => replay::run(args),
        Command::Stages(command) => stages::run(&command),
        Command::Files(command) => files::run(&command),
        Command::Balance(args) => balance::run(&args),
        Command::Plugin(command) => plugin::run(command),
        Command::Keys(command) => keys::run(command),
        Command::Reload(args) => reload::run(&args),
        Command::Schema => schema::run(),
        Command::Demo(args) => demo::run(&args),
        Command::Completions(args) => {
            completions::run(&args);
            Ok(ExitCode::SUCCESS)
        }
    }
}
