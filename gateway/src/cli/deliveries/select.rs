//! The options that say which deliveries are meant.

use clap::Args;
use jiff::Timestamp;

use crate::{
    admin::view::{Moment, Selection},
    cli::records::RecordArgs,
    journal::State,
};

/// What is said has to hold together.
#[derive(Debug, Args)]
pub(super) struct SelectArgs {
    /// Only of these arrivals
    #[arg(value_name = "ARRIVAL")]
    arrivals: Vec<String>,
    /// Only at this destination
    #[arg(long, value_name = "NAME")]
    destination: Option<String>,
    /// Only in this state: retrying, suspended or dead; to list also pending,
    /// delivered, skipped, discarded or expired
    #[arg(long)]
    state: Option<State>,
    /// Only with this reason
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    records: RecordArgs,
}

impl SelectArgs {
    /// The options of which a repair needs one.
    pub(super) const IDS: [&str; 7] = [
        "arrivals",
        "destination",
        "state",
        "reason",
        "since",
        "until",
        "when",
    ];

    /// Durations become times here, so that what is counted and what is then
    /// repaired have the same bounds.
    pub(super) fn selection(self) -> Selection {
        let now = Timestamp::now();
        let fixed = |moment: Moment| Moment::At(moment.resolve(now));
        Selection {
            destination: self.destination,
            arrivals: self.arrivals,
            state: self.state,
            reason: self.reason,
            since: self.records.since.map(fixed),
            until: self.records.until.map(fixed),
            when: self.records.when,
        }
    }
}
