//! `cdr-gateway deliveries edit`: what changes and what resumes first, then the
//! deed.

mod changes;
mod difference;

use std::process::ExitCode;

use clap::Args;

use self::changes::ChangeArgs;
use crate::{
    admin::view::{ArrivalView, CorrectedView, CorrectionRequest},
    cli::{
        client::{Client, ClientArgs},
        print,
    },
};

#[derive(Debug, Args)]
pub(crate) struct EditArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The arrival's id
    arrival: String,
    #[command(flatten)]
    changes: ChangeArgs,
    /// Why, in one short line without personal data; it is kept
    #[arg(long, value_name = "TEXT")]
    because: String,
    /// Resume dead deliveries as well as suspended ones
    #[arg(long)]
    dead: bool,
    /// Do it; else only say what would be done
    #[arg(long)]
    yes: bool,
}

pub(super) fn run(args: EditArgs) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.client)?;
    let found: ArrivalView = client.get(&format!("/arrivals/{}", args.arrival), &[])?;
    let newest = found.corrections.last();
    let record = newest.map_or(&found.body, |newest| &newest.body);
    let request = CorrectionRequest {
        after: newest.map_or(0, |newest| newest.number),
        body: args.changes.apply(record)?,
        because: args.because,
        dead: args.dead,
        dry_run: true,
    };
    let path = format!("/arrivals/{}/corrections", args.arrival);
    let json = args.client.json;
    let would: CorrectedView = client.post(&path, &request)?;
    if !json {
        for line in difference::between(record, &request.body) {
            print::line(print::harmless(&line))?;
        }
        show(&would)?;
    }
    if !args.yes {
        if json {
            print::json(&would)?;
        }
        anyhow::bail!("nothing was done: add --yes to do it");
    }
    let request = CorrectionRequest {
        dry_run: false,
        ..request
    };
    let done: CorrectedView = client.post(&path, &request)?;
    if json {
        print::json(&done)?;
    } else {
        print::line(format!(
            "correction {} is kept; {} deliveries resumed",
            done.correction,
            done.resumed.len()
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn show(would: &CorrectedView) -> std::io::Result<()> {
    let said = [
        (&would.resumed, "resumed at"),
        (&would.waiting, "sent corrected from now on at"),
        (&would.dead, "dead, and left so without --dead, at"),
        (&would.delivered, "delivered already, and left so, at"),
    ];
    print::line(format!(
        "{} deliveries would be resumed",
        would.resumed.len()
    ))?;
    for (destinations, what) in said {
        if !destinations.is_empty() {
            print::line(format!("  {what} {}", destinations.join(", ")))?;
        }
    }
    if !would.delivered.is_empty() {
        print::line("  `cdr-gateway replay` sends there again, corrected")?;
    }
    Ok(())
}
