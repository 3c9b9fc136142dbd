//! `cdr-gateway plugin show`

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{mean, mebibytes, seconds};
use crate::{
    admin::view::{FailureView, PluginView},
    cli::{client::ClientArgs, destinations::age, print},
};

pub(super) fn run(args: &ClientArgs, one: &PluginView) -> anyhow::Result<()> {
    if args.json {
        return print::json(one);
    }
    let mut rows = Vec::new();
    let mut add = |name: &str, value: String| rows.push([name.to_owned(), value]);
    add("plugin", one.plugin.clone());
    add("component", one.wasm.clone());
    add("name", print::harmless(&one.name));
    add("version", print::harmless(&one.version));
    add("digest", one.digest.clone());
    if !one.tables.is_empty() {
        add("tables", one.tables.join(", "));
    }
    for used in &one.used_by {
        add(
            "used by",
            format!("{}, on_error {}", used.chain, used.on_error),
        );
    }
    let (limits, counts) = (&one.limits, &one.counts);
    let share = limits.cpu_budget_percent.map_or_else(
        || "on a thread of its own".to_owned(),
        |percent| format!("{percent} % of the workers' time"),
    );
    add(
        "limits",
        format!(
            "{} ms, {} an instance, {share}",
            limits.deadline_ms,
            mebibytes(limits.max_memory_bytes),
        ),
    );
    add("calls", listed(&counts.calls));
    if let Some(mean) = mean(one) {
        let longest = seconds(counts.longest_call_seconds);
        add(
            "time",
            format!("{} (mean), {longest} (longest)", seconds(mean)),
        );
    }
    add(
        "warm",
        format!("{}, {}", counts.instances, mebibytes(counts.memory_bytes)),
    );
    add("retired", listed(&counts.retired));
    add(
        "log lines suppressed",
        counts.log_lines_suppressed.to_string(),
    );
    let now = Timestamp::now();
    for failure in &one.failures {
        add("failure", told(failure, now));
    }
    Ok(print::table(&rows)?)
}

/// `keep 12, panic 3`; without those that did not happen.
fn listed(counts: &BTreeMap<String, u64>) -> String {
    let some = counts.iter().filter(|(_, count)| **count > 0);
    let listed: Vec<_> = some
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    if listed.is_empty() {
        return "none".to_owned();
    }
    listed.join(", ")
}

/// One failure in a line.
pub(super) fn told(failure: &FailureView, now: Timestamp) -> String {
    let times = match failure.times {
        1 => String::new(),
        times => format!(", {times} times"),
    };
    format!(
        "{} ago{times}: {} ({}, arrival {})",
        age(failure.at, now),
        print::harmless(&failure.error),
        failure.chain,
        failure.arrival
    )
}
