//! `cdr-gateway deliveries retry` and `discard`: a count first, then the deed.

use std::{collections::BTreeMap, process::ExitCode};

use clap::{ArgGroup, Args};
use serde::{Serialize, de::DeserializeOwned};

use super::select::SelectArgs;
use crate::{
    admin::view::{DiscardView, RepairRequest, RetryView, Tally},
    cli::{
        client::{Client, ClientArgs},
        print,
    },
};

#[derive(Debug, Args)]
#[command(group = selection())]
pub(crate) struct RetryArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Run the chain again instead of sending what was frozen
    #[arg(long)]
    rerun: bool,
}

#[derive(Debug, Args)]
#[command(group = selection())]
pub(crate) struct DiscardArgs {
    #[command(flatten)]
    common: CommonArgs,
    /// Why, in one short line without personal data; it is kept
    #[arg(long, value_name = "TEXT")]
    because: String,
}

#[derive(Debug, Args)]
struct CommonArgs {
    #[command(flatten)]
    client: ClientArgs,
    #[command(flatten)]
    select: SelectArgs,
    /// Only say how many
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// Act on all that are meant, not only on arrivals that are named
    #[arg(long)]
    yes: bool,
}

/// One of the options that select has to be given.
fn selection() -> ArgGroup {
    ArgGroup::new("selection")
        .required(true)
        .multiple(true)
        .args(SelectArgs::IDS)
}

pub(super) fn retry(args: RetryArgs) -> anyhow::Result<ExitCode> {
    let extra = RepairRequest {
        rerun: args.rerun,
        ..RepairRequest::default()
    };
    repair::<RetryView>(args.common, &extra)
}

pub(super) fn discard(args: DiscardArgs) -> anyhow::Result<ExitCode> {
    let extra = RepairRequest {
        because: Some(args.because),
        ..RepairRequest::default()
    };
    repair::<DiscardView>(args.common, &extra)
}

/// What the gateway answers to one of the repairs.
trait Repaired: Serialize + DeserializeOwned {
    const PATH: &str;
    /// What is done with deliveries, and what would be.
    const VERBS: (&str, &str);

    fn counts(&self) -> &BTreeMap<String, usize>;
    fn tally(&self) -> &Tally;
}

impl Repaired for RetryView {
    const PATH: &str = "/deliveries/retry";
    const VERBS: (&str, &str) = ("are tried again", "would be tried again");

    fn counts(&self) -> &BTreeMap<String, usize> {
        &self.retried
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

impl Repaired for DiscardView {
    const PATH: &str = "/deliveries/discard";
    const VERBS: (&str, &str) = ("are discarded", "would be discarded");

    fn counts(&self) -> &BTreeMap<String, usize> {
        &self.discarded
    }

    fn tally(&self) -> &Tally {
        &self.tally
    }
}

/// Counts, and acts where that is wanted: unless arrivals are named, only with
/// `--yes`.
fn repair<V: Repaired>(args: CommonArgs, extra: &RepairRequest) -> anyhow::Result<ExitCode> {
    let client = Client::new(&args.client)?;
    let json = args.client.json;
    let selection = args.select.selection();
    let named = !selection.arrivals.is_empty();
    let ask = |dry_run, as_of| {
        let request = RepairRequest {
            selection: selection.clone(),
            dry_run,
            as_of,
            ..extra.clone()
        };
        client.post::<V>(V::PATH, &request)
    };
    let mut as_of = None;
    if args.dry_run || !named {
        let counted = ask(true, None)?;
        as_of = counted.tally().as_of;
        let is_all = args.dry_run || counted.counts().is_empty();
        // Scripts get one document.
        if !json || is_all || !args.yes {
            print(&counted, json)?;
        }
        if is_all {
            return Ok(ExitCode::SUCCESS);
        }
        if !args.yes {
            anyhow::bail!("nothing was done: add --yes to do it");
        }
    }
    // What is done is what was counted, or less.
    print(&ask(false, as_of)?, json)?;
    Ok(ExitCode::SUCCESS)
}

fn print<V: Repaired>(view: &V, json: bool) -> anyhow::Result<()> {
    if json {
        return print::json(view);
    }
    let tally = view.tally();
    let verb = if tally.dry_run {
        V::VERBS.1
    } else {
        V::VERBS.0
    };
    if view.counts().is_empty() {
        print::line(format!("no deliveries {verb}"))?;
    }
    for (destination, count) in view.counts() {
        print::line(format!("{destination}: {count} {verb}"))?;
    }
    if tally.left_alone > 0 {
        print::line(format!(
            "{} left alone: under way, or changed in between",
            tally.left_alone
        ))?;
    }
    if tally.unclear > 0 {
        print::line(format!(
            "{} not meant, since --when has no answer for them; ask for members with has(…)",
            tally.unclear
        ))?;
    }
    Ok(())
}
