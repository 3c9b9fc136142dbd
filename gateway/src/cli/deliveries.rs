//! `cdr-gateway deliveries`

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::{
    client::{Client, ClientArgs},
    print,
};
use crate::{
    admin::view::{ArrivalView, DeliveryView, RetryRequest, RetryView},
    journal::State,
};

#[derive(Debug, Subcommand)]
pub(super) enum DeliveriesCommand {
    /// List deliveries by destination, state, reason or session
    #[command(
        after_help = "Examples:\n  cdr-gateway deliveries list --state suspended\n  cdr-gateway deliveries list --session 99a1c8f8-eb3d-4a00-8401-5f6aa8761232\n  cdr-gateway deliveries list --destination crm --state skipped --reason unrouted"
    )]
    List(ListArgs),
    /// Show an arrival with its deliveries and their attempts
    #[command(
        after_help = "Example: cdr-gateway deliveries show 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"
    )]
    Show(ShowArgs),
    /// Try deliveries again that are retrying, suspended or dead
    #[command(
        after_help = "Examples:\n  cdr-gateway deliveries retry --state suspended --reason plugin_trap --dry-run\n  cdr-gateway deliveries retry --destination crm 019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"
    )]
    Retry(RetryArgs),
}

#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Only at this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Only in this state: pending, delivered, skipped, retrying, suspended,
    /// dead, discarded or expired
    #[arg(long)]
    state: Option<State>,
    /// Only with this reason
    #[arg(long)]
    reason: Option<String>,
    /// Only of this session
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Only after this position
    #[arg(long, value_name = "SEQ", default_value_t = 0)]
    after: u64,
    /// How many at most
    #[arg(long, default_value_t = 100)]
    limit: usize,
}

#[derive(Debug, Args)]
pub(super) struct ShowArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The arrival's id
    arrival: String,
}

#[derive(Debug, Args)]
pub(super) struct RetryArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// Only at this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// These arrivals; or give --state
    #[arg(required_unless_present = "state", conflicts_with = "state")]
    arrivals: Vec<String>,
    /// All in this state: retrying, suspended or dead
    #[arg(long)]
    state: Option<State>,
    /// Only with this reason
    #[arg(long, requires = "state")]
    reason: Option<String>,
    /// Only say how many
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(command: DeliveriesCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeliveriesCommand::List(args) => list(args),
        DeliveriesCommand::Show(args) => show(&args),
        DeliveriesCommand::Retry(args) => retry(args),
    }?;
    Ok(ExitCode::SUCCESS)
}

fn list(args: ListArgs) -> anyhow::Result<()> {
    let mut query = vec![
        ("after", args.after.to_string()),
        ("limit", args.limit.to_string()),
    ];
    let state = args.state.map(|state| state.to_string());
    let filters = [
        ("destination", args.destination),
        ("state", state),
        ("reason", args.reason),
        ("session", args.session),
    ];
    for (name, value) in filters {
        query.extend(value.map(|value| (name, value)));
    }
    let found: Vec<DeliveryView> = Client::new(&args.client)?.get("/deliveries", &query)?;
    if args.client.json {
        return print::json(&found);
    }
    let header = [
        "position",
        "arrival",
        "received",
        "kind",
        "destination",
        "state",
        "status",
        "reason",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(found.iter().map(row));
    print::table(&rows)?;
    if let Some(last) = found.last()
        && found.len() >= args.limit
    {
        print::line(format!("there may be more: add --after {}", last.seq))?;
    }
    Ok(())
}

fn row(delivery: &DeliveryView) -> [String; 8] {
    [
        delivery.seq.to_string(),
        delivery.arrival.clone(),
        delivery.received.to_string(),
        delivery.kind.to_string(),
        delivery.destination.clone(),
        delivery.state.to_string(),
        delivery
            .status
            .map_or_else(String::new, |status| status.to_string()),
        delivery.reason.clone(),
    ]
}

fn show(args: &ShowArgs) -> anyhow::Result<()> {
    let path = format!("/arrivals/{}", args.arrival);
    let found: ArrivalView = Client::new(&args.client)?.get(&path, &[])?;
    if args.client.json {
        return print::json(&found);
    }
    print::line(format!(
        "arrival    {} (position {})",
        found.arrival, found.seq
    ))?;
    print::line(format!(
        "received   {} by {} as {}",
        found.received, found.source, found.kind
    ))?;
    if let Some(session) = &found.session {
        print::line(format!("session    {session}"))?;
    }
    for (name, value) in &found.tags {
        print::line(format!("tag        {name} = {value}"))?;
    }
    for delivery in &found.deliveries {
        print::line("")?;
        show_delivery(delivery)?;
    }
    print::line("")?;
    print::line(&found.body)?;
    Ok(())
}

fn show_delivery(delivery: &DeliveryView) -> std::io::Result<()> {
    let reason = match delivery.reason.as_str() {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    print::line(format!(
        "{}: {}{reason}, revision {}",
        delivery.destination, delivery.state, delivery.revision
    ))?;
    if let Some(detail) = &delivery.detail {
        print::line(format!("  {detail}"))?;
    }
    if let Some(next) = delivery.next_attempt {
        print::line(format!("  next attempt {next}"))?;
    }
    for attempt in &delivery.attempts {
        let status = attempt
            .status
            .map_or_else(String::new, |status| format!(" {status}"));
        print::line(format!(
            "  attempt {} at {}: {}{status} after {} ms {}",
            attempt.number, attempt.at, attempt.outcome, attempt.duration_ms, attempt.error
        ))?;
    }
    Ok(())
}

fn retry(args: RetryArgs) -> anyhow::Result<()> {
    let request = RetryRequest {
        destination: args.destination,
        arrivals: args.arrivals,
        state: args.state,
        reason: args.reason,
        dry_run: args.dry_run,
    };
    let done: RetryView = Client::new(&args.client)?.post("/deliveries/retry", &request)?;
    if args.client.json {
        return print::json(&done);
    }
    let verb = if done.dry_run {
        "would be tried again"
    } else {
        "are tried again"
    };
    if done.retried.is_empty() {
        print::line(format!("no deliveries {verb}"))?;
    }
    for (destination, count) in &done.retried {
        print::line(format!("{destination}: {count} {verb}"))?;
    }
    Ok(())
}
