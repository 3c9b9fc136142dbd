//! `cdr-gateway destinations show`

use jiff::{SignedDuration, Timestamp};

use crate::{
    admin::view::DestinationView,
    cli::{client::ClientArgs, print},
    delivery::consumer::{Halt, Status},
};

/// Prints one destination.
pub(super) fn run(args: &ClientArgs, one: &DestinationView) -> anyhow::Result<()> {
    if args.json {
        return print::json(one);
    }
    let now = Timestamp::now();
    let mut rows = vec![
        ["destination".to_owned(), one.destination.clone()],
        ["state".to_owned(), one.state.to_string()],
    ];
    let mut add = |name: &str, value: String| rows.push([name.to_owned(), value]);
    if let Some(why) = one.status.as_ref().and_then(|status| why(status, now)) {
        add("because", why);
    }
    add("driver", one.driver.clone());
    if let Some(numbers) = &one.numbers {
        add("numbers", numbers.clone());
    }
    let counts = &one.counts;
    for (name, count) in [
        ("pending", counts.pending),
        ("retrying", counts.retrying),
        ("suspended", counts.suspended),
        ("dead", counts.dead),
        ("delivered", counts.delivered),
        ("skipped", counts.skipped),
        ("discarded", counts.discarded),
        ("expired", counts.expired),
    ] {
        add(name, count.to_string());
    }
    if let Some(received) = one.oldest_pending {
        add("oldest pending", format!("{} old", age(received, now)));
    }
    if let Some(status) = &one.status {
        add(
            "under way",
            format!("{}, {} at once", status.under_way, status.concurrency_limit),
        );
        if let Some(failure) = last_failure(status, now) {
            add("last failure", failure);
        }
        add("restarts", status.restarts.to_string());
    }
    Ok(print::table(&rows)?)
}

/// Why nothing goes out.
fn why(status: &Status, now: Timestamp) -> Option<String> {
    let since = |since: Timestamp| format!("for {}", age(since, now));
    if let Some(hold) = &status.hold {
        return Some(format!("{}, {}", hold.because, since(hold.since)));
    }
    if status.paused_by_config {
        return Some("the configuration says `paused = true`".to_owned());
    }
    Some(match status.halt.as_ref()? {
        Halt::BreakerOpen { since: begin } => format!("the receiver fails, {}", since(*begin)),
        Halt::PluginsFail {
            since: begin,
            arrival,
            error,
        } => format!("{error} (arrival {arrival}), {}", since(*begin)),
        Halt::FileError {
            since: begin,
            error,
        } => format!("{error}, {}", since(*begin)),
    })
}

/// The last failure, and how long ago it was.
pub(super) fn last_failure(status: &Status, now: Timestamp) -> Option<String> {
    let (at, reason) = status.last_failure.as_ref()?;
    Some(format!("{reason}, {} ago", age(*at, now)))
}

/// How long ago something was, in whole seconds.
pub(in crate::cli) fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    format!("{:#}", SignedDuration::from_secs(seconds))
}
