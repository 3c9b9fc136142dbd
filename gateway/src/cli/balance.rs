//! `cdr-gateway balance`

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use super::{
    EXIT_UNBALANCED,
    client::{Client, ClientArgs},
    print,
};
use crate::{
    admin::{
        self,
        view::{BalanceView, LedgerView},
    },
    journal::sqlite::SqliteJournal,
};

#[derive(Debug, Args)]
pub(super) struct BalanceArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Recount from arrivals and outcomes
    #[arg(long)]
    verify: bool,
    /// Read this journal instead of asking a gateway; one may be running on it
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

pub(super) fn run(args: &BalanceArgs) -> anyhow::Result<ExitCode> {
    let books = if let Some(path) = &args.journal {
        read(path, args.verify)?
    } else {
        let query = [("verify", args.verify.to_string())];
        Client::new(&args.client)?.get("/balance", &query)?
    };
    if args.client.json {
        print::json(&books)?;
    } else {
        show(&books)?;
    }
    Ok(if books.balanced {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_UNBALANCED)
    })
}

fn read(path: &std::path::Path, verify: bool) -> anyhow::Result<BalanceView> {
    let journal = SqliteJournal::open_read_only(path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let books = runtime.block_on(admin::books(&journal, verify));
    books.with_context(|| format!("cannot read {}", path.display()))
}

fn show(books: &BalanceView) -> std::io::Result<()> {
    let header = [
        "destination",
        "arrivals",
        "delivered",
        "skipped",
        "pending",
        "retrying",
        "suspended",
        "dead",
        "discarded",
        "expired",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(books.destinations.iter().map(row));
    print::table(&rows)?;
    for problem in &books.problems {
        print::line(format!("journal: {problem}"))?;
    }
    for ledger in &books.destinations {
        if ledger.removed > 0 {
            print::line(format!(
                "{}: {} of these arrivals are not kept any more",
                ledger.destination, ledger.removed
            ))?;
        }
        for mismatch in &ledger.mismatches {
            print::line(format!("{}: {mismatch}", ledger.destination))?;
        }
    }
    print::line(match (books.balanced, books.verified) {
        (true, true) => "balanced, recounted from arrivals and outcomes",
        (true, false) => "balanced",
        (false, _) => "NOT balanced",
    })
}

fn row(ledger: &LedgerView) -> [String; 10] {
    let counts = &ledger.counts;
    let name = if ledger.retired {
        format!("{} (retired)", ledger.destination)
    } else {
        ledger.destination.clone()
    };
    [
        name,
        ledger.arrivals.to_string(),
        counts.delivered.to_string(),
        counts.skipped.to_string(),
        counts.pending.to_string(),
        counts.retrying.to_string(),
        counts.suspended.to_string(),
        counts.dead.to_string(),
        counts.discarded.to_string(),
        counts.expired.to_string(),
    ]
}
