//! `cdr-gateway plugin list`

use jiff::Timestamp;

use super::{calls, mean, mebibytes, seconds, short};
use crate::{
    admin::view::PluginView,
    cli::{client::ClientArgs, destinations::age, print},
};

pub(super) fn run(args: &ClientArgs, found: &[PluginView]) -> anyhow::Result<()> {
    if args.json {
        return print::json(&found);
    }
    let header = [
        "plugin",
        "version",
        "digest",
        "calls",
        "failed",
        "mean",
        "warm",
        "memory",
        "last failure",
    ];
    let now = Timestamp::now();
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(found.iter().map(|one| row(one, now)));
    Ok(print::table(&rows)?)
}

fn row(one: &PluginView, now: Timestamp) -> [String; 9] {
    let last = one.failures.first();
    [
        one.plugin.clone(),
        print::harmless(&one.version),
        short(&one.digest).to_owned(),
        calls(one).to_string(),
        one.counts.failed().to_string(),
        mean(one).map(seconds).unwrap_or_default(),
        one.counts.instances.to_string(),
        mebibytes(one.counts.memory_bytes),
        last.map(|last| format!("{}, {} ago", last.kind, age(last.at, now)))
            .unwrap_or_default(),
    ]
}
