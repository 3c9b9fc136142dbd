//! `cdr-gateway replay`: a count first, then a job that can be watched and
//! cancelled.

mod show;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::{
    admin::view::{ReplayRequest, ReplayView, StartedView},
    cli::{
        client::{Client, ClientArgs},
        print,
        records::RecordArgs,
    },
    journal::State,
};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(super) struct ReplayArgs {
    #[command(subcommand)]
    command: Option<ReplayCommand>,
    #[command(flatten)]
    start: StartArgs,
}

#[derive(Debug, Subcommand)]
enum ReplayCommand {
    /// List replays, newest first
    List(ListArgs),
    /// Show how far a replay is
    #[command(after_help = "Example: cdr-gateway replay show 3")]
    Show(OneArgs),
    /// End a replay: what it has handed out is still sent, and nothing more
    #[command(after_help = "Example: cdr-gateway replay cancel 3")]
    Cancel(OneArgs),
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    client: ClientArgs,
}

#[derive(Debug, Args)]
struct OneArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The replay's number
    replay: u64,
}

#[derive(Debug, Args)]
struct StartArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// To this destination; give it again for further ones
    #[arg(long, value_name = "NAME", required = true)]
    destination: Vec<String>,
    #[command(flatten)]
    records: RecordArgs,
    /// Only in these states: delivered (if none is said), skipped, suspended, dead,
    /// discarded or expired
    #[arg(long, value_name = "STATES", value_delimiter = ',')]
    state: Vec<State>,
    /// Only what the receivers have not got: every state but delivered
    #[arg(long, conflicts_with = "state")]
    only_missing: bool,
    /// Use ids that were not used before, for receivers that are to process again
    #[arg(long)]
    fresh_ids: bool,
    #[command(flatten)]
    deed: DeedArgs,
}

#[derive(Debug, Args)]
struct DeedArgs {
    /// Only say how many
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do it
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: ReplayArgs) -> anyhow::Result<ExitCode> {
    match args.command {
        None => start(args.start),
        Some(ReplayCommand::List(args)) => {
            let found: Vec<ReplayView> = Client::new(&args.client)?.get("/replays", &[])?;
            if args.client.json {
                print::json(&found)?;
            } else {
                show::list(&found)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        Some(ReplayCommand::Show(args)) => {
            let path = format!("/replays/{}", args.replay);
            one(&args, &Client::new(&args.client)?.get(&path, &[])?)
        }
        Some(ReplayCommand::Cancel(args)) => {
            let path = format!("/replays/{}/cancel", args.replay);
            let nothing = serde_json::json!({});
            one(&args, &Client::new(&args.client)?.post(&path, &nothing)?)
        }
    }
}

fn one(args: &OneArgs, found: &ReplayView) -> anyhow::Result<ExitCode> {
    if args.client.json {
        print::json(found)?;
    } else {
        show::one(found)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn start(args: StartArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.client)?;
    let json = args.client.json;
    let request = ReplayRequest {
        destinations: args.destination,
        since: args.records.since,
        until: args.records.until,
        through: None,
        states: args.state,
        only_missing: args.only_missing,
        when: args.records.when,
        fresh_ids: args.fresh_ids,
        dry_run: true,
    };
    let counted: StartedView = client.post("/replays", &request)?;
    let is_all = args.deed.dry_run || counted.counted.is_empty();
    // Scripts get one document.
    if !json {
        show::counted(&counted)?;
    } else if is_all || !args.deed.yes {
        print::json(&counted)?;
    }
    if is_all {
        return Ok(ExitCode::SUCCESS);
    }
    if !args.deed.yes {
        anyhow::bail!("nothing was done: add --yes to do it");
    }
    let request = ReplayRequest {
        through: Some(counted.through),
        dry_run: false,
        ..request
    };
    let started: StartedView = client.post("/replays", &request)?;
    if json {
        print::json(&started)?;
    } else if let Some(id) = started.replay {
        print::line(format!(
            "replay {id} is started; `cdr-gateway replay show {id}` says how far it is"
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}
