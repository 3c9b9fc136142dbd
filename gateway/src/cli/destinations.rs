//! `cdr-gateway destinations`

mod list;
mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

pub(super) use self::show::age;
use super::client::{Client, ClientArgs};
use crate::admin::view::{DestinationView, PauseRequest};

#[derive(Debug, Subcommand)]
pub(super) enum DestinationsCommand {
    /// List destinations: how each stands, what waits for it, and for how long
    List(ClientArgs),
    /// Show a destination in full
    #[command(after_help = "Example: cdr-gateway destinations show crm")]
    Show(NamedArgs),
    /// Send nothing to a destination until it is resumed; what arrives waits
    ///
    /// Holds over restarts. Attempts that are under way end as they may.
    #[command(
        after_help = "Example: cdr-gateway destinations pause crm --because \"maintenance until 18:00\""
    )]
    Pause(PauseArgs),
    /// Send again what a person paused or the receiver stopped
    ///
    /// Retries are tried at once, but for those that the receiver wants later; the
    /// time in between does not count against them.
    #[command(after_help = "Example: cdr-gateway destinations resume crm")]
    Resume(NamedArgs),
}

#[derive(Debug, Args)]
pub(super) struct NamedArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The destination
    #[arg(value_name = "NAME")]
    destination: String,
}

#[derive(Debug, Args)]
pub(super) struct PauseArgs {
    #[command(flatten)]
    named: NamedArgs,
    /// Why, in one short line without personal data; it is kept and shown
    #[arg(long, value_name = "TEXT")]
    because: String,
}

pub(super) fn run(command: DestinationsCommand) -> anyhow::Result<ExitCode> {
    match command {
        DestinationsCommand::List(args) => list::run(&args)?,
        DestinationsCommand::Show(args) => {
            let path = path(&args, "");
            let found: DestinationView = Client::new(&args.client)?.get(&path, &[])?;
            show::run(&args.client, &found)?;
        }
        DestinationsCommand::Pause(args) => {
            let request = PauseRequest {
                because: args.because,
            };
            post(&args.named, "/pause", &request)?;
        }
        DestinationsCommand::Resume(args) => post(&args, "/resume", &())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn post(args: &NamedArgs, action: &str, body: &impl serde::Serialize) -> anyhow::Result<()> {
    let client = Client::new(&args.client)?;
    let found: DestinationView = client.post(&path(args, action), body)?;
    show::run(&args.client, &found)
}

/// Names of destinations need no escaping.
fn path(args: &NamedArgs, action: &str) -> String {
    format!("/destinations/{}{action}", args.destination)
}
