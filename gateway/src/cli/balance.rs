//! `cdr-gateway balance`

mod periods;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context;
use clap::Args;

use self::periods::PeriodArgs;
use super::{
    EXIT_UNBALANCED,
    client::{Client, ClientArgs},
    print,
};
use crate::{
    admin::{
        self,
        view::{BalanceView, LedgerView, PeriodsQuery, PeriodsView},
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
    #[command(flatten)]
    periods: PeriodArgs,
    /// Read this journal instead of asking a gateway; one may be running on it
    #[arg(long, value_name = "FILE")]
    journal: Option<PathBuf>,
}

pub(super) fn run(args: &BalanceArgs) -> anyhow::Result<ExitCode> {
    if let Some(query) = args.periods.query() {
        return by_period(args, &query);
    }
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
    Ok(exit_code(books.balanced))
}

fn by_period(args: &BalanceArgs, query: &PeriodsQuery) -> anyhow::Result<ExitCode> {
    let books: PeriodsView = if let Some(path) = &args.journal {
        let journal = SqliteJournal::open_read_only(path)?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let books = runtime.block_on(admin::periods(&journal, query));
        books.with_context(|| format!("cannot read {}", path.display()))?
    } else {
        Client::new(&args.client)?.get("/balance", &periods::pairs(query))?
    };
    if args.client.json {
        print::json(&books)?;
    } else if args.periods.csv {
        periods::csv(&books)?;
    } else {
        periods::show(&books)?;
    }
    Ok(exit_code(books.balanced))
}

fn exit_code(balanced: bool) -> ExitCode {
    if balanced {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(EXIT_UNBALANCED)
    }
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
