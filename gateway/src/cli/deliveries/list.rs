//! `cdr-gateway deliveries list`

use clap::Args;

use super::select::SelectArgs;
use crate::{
    admin::view::{DeliveryView, Selection},
    cli::{
        client::{Client, ClientArgs},
        print,
    },
};

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    select: SelectArgs,
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

pub(super) fn run(args: ListArgs) -> anyhow::Result<()> {
    let mut query = vec![
        ("after", args.after.to_string()),
        ("limit", args.limit.to_string()),
    ];
    query.extend(args.session.map(|session| ("session", session)));
    query.extend(filters(args.select.selection()));
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

/// A selection as the query has it.
fn filters(selection: Selection) -> impl Iterator<Item = (&'static str, String)> {
    let arrivals = selection.arrivals.join(",");
    [
        ("arrivals", Some(arrivals).filter(|ids| !ids.is_empty())),
        ("destination", selection.destination),
        ("state", selection.state.map(|state| state.to_string())),
        ("reason", selection.reason),
        ("since", selection.since.map(|since| since.to_string())),
        ("until", selection.until.map(|until| until.to_string())),
        ("when", selection.when),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
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
