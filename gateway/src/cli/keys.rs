//! `cdr-gateway keys`: a count first, then the deed.

use std::process::ExitCode;

use clap::{ArgGroup, Args, Subcommand};

use super::{
    client::{Client, ClientArgs},
    print,
};
use crate::{
    admin::view::{DropRequest, DropView, KeyView, KeysView},
    journal::seal::Day,
};

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// List the keys of days, with the master keys that wrap them
    List(ClientArgs),
    /// Drop keys: what was kept of those days can never be read again
    #[command(
        after_help = "Deliveries that are not settled expire. Open parts of files that a key seals are finished first. Without --yes it only says how many.\n\nExample: cdr-gateway keys drop --before 2026-11-01 --yes"
    )]
    Drop(DropArgs),
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").required(true).args(["day", "before"]))]
pub(super) struct DropArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The key of this day (UTC), such as 2026-11-01
    #[arg(long)]
    day: Option<Day>,
    /// The keys of all days before this one
    #[arg(long, value_name = "DAY")]
    before: Option<Day>,
    /// Only say what would become unreadable
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Do it
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(command: KeysCommand) -> anyhow::Result<ExitCode> {
    match command {
        KeysCommand::List(args) => list(&args),
        KeysCommand::Drop(args) => drop(&args),
    }
}

fn list(args: &ClientArgs) -> anyhow::Result<ExitCode> {
    let found: KeysView = Client::new(args)?.get("/keys", &[])?;
    if args.json {
        print::json(&found)?;
    } else {
        show(&found.keys)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn drop(args: &DropArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.client)?;
    let ask = |dry_run| {
        let request = DropRequest {
            day: args.day,
            before: args.before,
            dry_run,
        };
        client.post::<DropView>("/keys/drop", &request)
    };
    let json = args.client.json;
    if !args.yes {
        let counted = ask(true)?;
        say(&counted, json)?;
        if args.dry_run || counted.keys.is_empty() {
            return Ok(ExitCode::SUCCESS);
        }
        anyhow::bail!("nothing was done: add --yes to do it");
    }
    say(&ask(false)?, json)?;
    Ok(ExitCode::SUCCESS)
}

fn say(view: &DropView, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(view);
    }
    if view.keys.is_empty() {
        print::line("no keys are meant")?;
        return Ok(());
    }
    show(&view.keys)?;
    if view.dry_run {
        print::line("these would be dropped, and what is unsettled would expire")?;
        return Ok(());
    }
    print::line("these are dropped")?;
    for (destination, count) in &view.expired {
        print::line(format!("{destination}: {count} have expired"))?;
    }
    for (destination, count) in &view.lost_parts {
        print::line(format!(
            "{destination}: {count} sealed parts of a retired destination are lost"
        ))?;
    }
    if !view.erased {
        print::line(
            "the journal's log may hold a trace of them until the gateway stops: something has been reading it for long",
        )?;
    }
    Ok(())
}

fn show(keys: &[KeyView]) -> std::io::Result<()> {
    let header = [
        "day",
        "master",
        "arrivals",
        "unsettled",
        "sealed_parts",
        "dropped",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(keys.iter().map(|key| {
        let dropped = key.dropped.map(|at| at.to_string());
        [
            key.day.to_string(),
            key.master.clone(),
            key.arrivals.to_string(),
            key.unsettled.values().sum::<u64>().to_string(),
            key.sealed_parts.values().sum::<u64>().to_string(),
            dropped.unwrap_or_default(),
        ]
    }));
    print::table(&rows)
}
