//! `cdr-gateway stages`

use std::process::ExitCode;

use clap::{Args, Subcommand};
use jiff::{SignedDuration, Timestamp};

use super::{
    client::{Client, ClientArgs},
    print,
};
use crate::{admin::view::StageView, stage::StageFailure};

#[derive(Debug, Subcommand)]
pub(super) enum StagesCommand {
    /// List stages: how each stands, how far it is, and what it holds
    List(ClientArgs),
    /// Show a stage in full, with what it failed on
    #[command(after_help = "Example: cdr-gateway stages show sessions")]
    Show(NamedArgs),
}

#[derive(Debug, Args)]
pub(super) struct NamedArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The stage
    #[arg(value_name = "NAME")]
    stage: String,
}

pub(super) fn run(command: &StagesCommand) -> anyhow::Result<ExitCode> {
    match command {
        StagesCommand::List(args) => list(args)?,
        StagesCommand::Show(args) => show(args)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(args: &ClientArgs) -> anyhow::Result<()> {
    let found: Vec<StageView> = Client::new(args)?.get("/stages", &[])?;
    if args.json {
        return print::json(&found);
    }
    let header = [
        "stage", "state", "lag", "keys", "bytes", "timers", "made", "failed",
    ];
    let mut rows = vec![header.map(str::to_owned)];
    rows.extend(found.iter().map(|one| {
        [
            one.stage.clone(),
            one.state.clone(),
            one.lag.to_string(),
            one.held.state_keys.to_string(),
            one.held.state_bytes.to_string(),
            one.held.timers.to_string(),
            one.derived.to_string(),
            one.failed.to_string(),
        ]
    }));
    Ok(print::table(&rows)?)
}

fn show(args: &NamedArgs) -> anyhow::Result<()> {
    // Names of stages need no escaping.
    let path = format!("/stages/{}", args.stage);
    let one: StageView = Client::new(&args.client)?.get(&path, &[])?;
    if args.client.json {
        return print::json(&one);
    }
    let mut rows = vec![
        ["stage".to_owned(), one.stage.clone()],
        ["state".to_owned(), one.state.clone()],
    ];
    let mut add = |name: &str, value: String| rows.push([name.to_owned(), value]);
    let status = one.status.as_ref();
    if let Some(halt) = status.and_then(|status| status.halt.as_ref()) {
        add("because", words(&halt.failure));
        let (since, tries) = (ago(halt.since), halt.tries);
        add("since", format!("{since} ago, tried {tries} times"));
    }
    add("plugin", one.plugin.clone().unwrap_or_default());
    add("from", one.from.join(", "));
    add("position", format!("{} of {}", one.cursor, one.head));
    let granted = one.granted.unwrap_or_default();
    for (name, held, most) in [
        ("keys", one.held.state_keys, granted.state_keys),
        ("bytes", one.held.state_bytes, granted.state_bytes),
        ("timers", one.held.timers, granted.timers),
    ] {
        add(name, format!("{held} of {most}"));
    }
    add("made", one.derived.to_string());
    add("repeated", one.repeated.to_string());
    add("failed", one.failed.to_string());
    if let Some(failure) = status.and_then(|status| status.last_failure.as_ref()) {
        let (words, at) = (words(failure), ago(failure.at));
        add("last failure", format!("{words}, {at} ago"));
    }
    Ok(print::table(&rows)?)
}

/// A failure in one line.
fn words(failure: &StageFailure) -> String {
    let detail = print::harmless(&failure.detail).replace('\n', " ");
    match failure.arrival {
        Some(arrival) => format!("{detail} (arrival {arrival})"),
        None => detail,
    }
}

/// How long ago something was, in whole seconds.
fn ago(then: Timestamp) -> String {
    let seconds = Timestamp::now().duration_since(then).as_secs().max(0);
    format!("{:#}", SignedDuration::from_secs(seconds))
}
