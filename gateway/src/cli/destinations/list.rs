//! `cdr-gateway destinations list`

use jiff::Timestamp;

use super::show::{age, last_failure};
use crate::{
    admin::view::DestinationView,
    cli::{
        client::{Client, ClientArgs},
        print,
    },
};

pub(super) fn run(args: &ClientArgs) -> anyhow::Result<()> {
    let found: Vec<DestinationView> = Client::new(args)?.get("/destinations", &[])?;
    if args.json {
        return print::json(&found);
    }
    let header = [
        "destination",
        "state",
        "pending",
        "oldest",
        "retrying",
        "suspended",
        "dead",
        "at once",
        "last failure",
    ];
    let now = Timestamp::now();
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(found.iter().map(|one| row(one, now)));
    Ok(print::table(&rows)?)
}

fn row(one: &DestinationView, now: Timestamp) -> [String; 9] {
    let counts = &one.counts;
    let status = one.status.as_ref();
    [
        one.destination.clone(),
        one.state.to_string(),
        counts.pending.to_string(),
        one.oldest_pending
            .map_or_else(String::new, |received| age(received, now)),
        counts.retrying.to_string(),
        counts.suspended.to_string(),
        counts.dead.to_string(),
        status.map_or_else(String::new, |status| status.concurrency_limit.to_string()),
        status
            .and_then(|status| last_failure(status, now))
            .unwrap_or_default(),
    ]
}
