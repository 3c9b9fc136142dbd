//! What the API answers, and the command line reads.

mod correction;
mod destination;
mod files;
mod keys;
mod moment;
mod period;
mod plugin;
mod repair;
mod replay;
mod selection;
mod stage;
mod table;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    journal::{Attempt, Counts, Exception, Excerpt, Fate, Frozen, Ledger, State},
    record::{Arrival, Defect, Kind, Tags},
};

pub use correction::{CorrectedView, CorrectionRequest, CorrectionView};
pub use destination::{DestinationView, PauseRequest, Standing};
pub use files::{FilePartView, RotateRequest, RotateView};
pub use keys::{DropRequest, DropView, KeyView, KeysView};
pub use moment::{Moment, UnknownMoment};
pub use period::{
    EntryView, LedgerPeriodsView, Period, PeriodsQuery, PeriodsView, UnknownPeriod, UnknownZone,
};
pub use plugin::{
    ChainOf, FailedRecordView, FailureView, PluginCountsView, PluginLimitsView, PluginView,
    RecordView, UseView,
};
pub use repair::{AsOf, DiscardView, RepairRequest, RetryView, Tally};
pub use replay::{ReplayRequest, ReplayView, ShareView, StartedView};
pub use selection::{NoMore, Selection};
pub use stage::StageView;
pub use table::TableView;

/// The revision that runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct RevisionView {
    /// Its number.
    pub revision: u32,
    /// Its digest.
    pub digest: String,
    /// Plugins, tables, routes and destinations.
    pub summary: serde_json::Value,
}

/// Deliveries per state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct CountsView {
    pub pending: u64,
    pub delivered: u64,
    pub skipped: u64,
    pub retrying: u64,
    pub suspended: u64,
    pub dead: u64,
    pub discarded: u64,
    pub expired: u64,
}

impl From<&Counts> for CountsView {
    fn from(counts: &Counts) -> Self {
        Self {
            pending: counts.pending,
            delivered: counts.delivered,
            skipped: counts.skipped,
            retrying: counts.retrying,
            suspended: counts.suspended,
            dead: counts.dead,
            discarded: counts.discarded,
            expired: counts.expired,
        }
    }
}

/// The books.
#[derive(Debug, Serialize, Deserialize)]
pub struct BalanceView {
    /// Whether every ledger balances, and, where it was asked for, agrees with
    /// the recount.
    pub balanced: bool,
    /// Whether arrivals and outcomes were recounted.
    pub verified: bool,
    /// What is wrong with the arrivals themselves.
    pub problems: Vec<String>,
    /// Each destination.
    pub destinations: Vec<LedgerView>,
}

/// The ledger of a destination.
#[derive(Debug, Serialize, Deserialize)]
pub struct LedgerView {
    /// The destination.
    pub destination: String,
    /// Arrivals in its range.
    pub arrivals: u64,
    /// Deliveries per state.
    pub counts: CountsView,
    /// Of these arrivals, those that are not kept any more: they are counted
    /// above, and told one by one no more.
    #[serde(default)]
    pub removed: u64,
    /// Whether the ledger is frozen.
    pub retired: bool,
    /// What does not agree.
    pub mismatches: Vec<String>,
}

impl LedgerView {
    /// A ledger, and what a recount found wrong with it.
    #[must_use]
    pub fn new(ledger: &Ledger, mut mismatches: Vec<String>) -> Self {
        if !ledger.balances() {
            mismatches.push(format!(
                "{} arrivals, but the states add up to {}",
                ledger.arrivals(),
                ledger.counts.total()
            ));
        }
        Self {
            destination: ledger.destination.clone(),
            arrivals: ledger.arrivals(),
            counts: CountsView::from(&ledger.counts),
            removed: ledger.removed,
            retired: ledger.retired,
            mismatches,
        }
    }
}

impl BalanceView {
    /// The books of these ledgers.
    #[must_use]
    pub fn new(verified: bool, problems: Vec<String>, destinations: Vec<LedgerView>) -> Self {
        let agree = |ledger: &LedgerView| ledger.mismatches.is_empty();
        Self {
            balanced: problems.is_empty() && destinations.iter().all(agree),
            verified,
            problems,
            destinations,
        }
    }
}

/// One delivery.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryView {
    /// The arrival's id.
    pub arrival: String,
    /// Its position.
    pub seq: u64,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// Its source.
    pub source: String,
    /// What it reports.
    pub kind: Kind,
    /// When it was accepted.
    pub received: Timestamp,
    /// The destination.
    pub destination: String,
    /// Where the delivery stands.
    pub state: State,
    /// Why, in a word.
    pub reason: String,
    /// Why, in words; of exceptions only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub detail: Option<String>,
    /// The receiver's last status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// How long the last attempt took, in milliseconds.
    pub duration_ms: u32,
    /// The revision that decided.
    pub revision: u32,
    /// When that was settled.
    pub settled: Option<Timestamp>,
    /// Failed attempts so far; of exceptions only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub failed_attempts: Option<u32>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next_attempt: Option<Timestamp>,
    /// The frozen batch that the next attempt sends it in; of exceptions only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub batch: Option<String>,
    /// Its frozen payload, if it has one; where asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub frozen: Option<FrozenView>,
    /// The attempts on record; where asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub attempts: Vec<AttemptView>,
}

/// The payload of a delivery that did not succeed at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FrozenView {
    /// The id that the receiver deduplicates by.
    pub webhook_id: String,
    /// Length of its body.
    pub bytes: usize,
    /// Whether the chain runs again before the next attempt; the same bytes keep
    /// the id, different ones get another.
    pub superseded: bool,
}

/// One attempt.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AttemptView {
    /// 1 for the first.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How it ended.
    pub outcome: String,
    /// The receiver's status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// What went wrong.
    pub error: String,
    /// How the receiver's answer to a failed attempt began; what is not UTF-8 in
    /// it is shown as U+FFFD.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub response: Option<String>,
    /// The revision that made the payload.
    pub revision: u32,
    /// The batch that carried the record; none where it was sent alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub batch: Option<BatchView>,
}

/// The batch that an attempt was made with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BatchView {
    /// Its id: the `webhook-id` of the request.
    pub id: String,
    /// Records in it.
    pub records: u32,
}

impl DeliveryView {
    /// A delivery of an arrival.
    #[must_use]
    pub fn new(arrival: &Arrival, fate: &Fate, exception: Option<&Exception>) -> Self {
        Self {
            arrival: arrival.id.to_string(),
            seq: arrival.seq.0,
            session: arrival.session.as_deref().map(str::to_owned),
            source: arrival.source.to_string(),
            kind: arrival.kind,
            received: arrival.received,
            destination: fate.destination.clone(),
            state: fate.state,
            reason: fate.reason.to_string(),
            detail: exception.map(|kept| kept.detail.clone()),
            status: status(fate.status),
            duration_ms: fate.duration_ms,
            revision: fate.revision,
            settled: fate.settled,
            failed_attempts: exception.map(|kept| kept.attempts),
            next_attempt: exception.and_then(|kept| kept.next_attempt),
            batch: exception
                .and_then(|kept| kept.batch.as_deref())
                .map(str::to_owned),
            frozen: None,
            attempts: Vec::new(),
        }
    }

    /// The same with its payload.
    #[must_use]
    pub fn with_frozen(mut self, frozen: Option<&Frozen>) -> Self {
        self.frozen = frozen.map(|frozen| FrozenView {
            webhook_id: frozen.webhook_id.clone(),
            bytes: frozen.body.len(),
            superseded: frozen.superseded,
        });
        self
    }

    /// The same with its attempts.
    #[must_use]
    pub fn with_attempts(mut self, attempts: &[Attempt]) -> Self {
        let view = |attempt: &Attempt| AttemptView {
            number: attempt.number,
            at: attempt.at,
            outcome: attempt.outcome.to_string(),
            status: status(attempt.status),
            duration_ms: attempt.duration_ms,
            error: attempt.error.clone(),
            response: response(&attempt.response),
            revision: attempt.revision,
            batch: attempt.batch.as_ref().map(|batch| BatchView {
                id: batch.id.to_string(),
                records: batch.records,
            }),
        };
        self.attempts = attempts.iter().map(view).collect();
        self
    }
}

fn status(status: u16) -> Option<u16> {
    (status != 0).then_some(status)
}

fn response(excerpt: &Excerpt) -> Option<String> {
    let text = String::from_utf8_lossy(excerpt.expose());
    (!excerpt.is_empty()).then(|| text.into_owned())
}

/// An arrival with its deliveries.
#[derive(Debug, Serialize, Deserialize)]
pub struct ArrivalView {
    /// Its id.
    pub arrival: String,
    /// Its position.
    pub seq: u64,
    /// When it was accepted.
    pub received: Timestamp,
    /// Its source.
    pub source: String,
    /// What it reports.
    pub kind: Kind,
    /// The session that it belongs to.
    pub session: Option<String>,
    /// Tags set by admission, or by the newest correction.
    pub tags: Tags,
    /// Why it cannot be processed.
    pub defect: Option<Defect>,
    /// The body as received; what is not UTF-8 in it is shown as U+FFFD.
    pub body: String,
    /// What people corrected since, in order; the newest is what is delivered.
    #[serde(default)]
    pub corrections: Vec<CorrectionView>,
    /// What became of it at each destination.
    pub deliveries: Vec<DeliveryView>,
}

impl ArrivalView {
    /// An arrival and its deliveries.
    #[must_use]
    pub fn new(arrival: &Arrival, deliveries: Vec<DeliveryView>) -> Self {
        Self {
            arrival: arrival.id.to_string(),
            seq: arrival.seq.0,
            received: arrival.received,
            source: arrival.source.to_string(),
            kind: arrival.kind,
            session: arrival.session.as_deref().map(str::to_owned),
            tags: arrival.tags.clone(),
            defect: arrival.defect,
            body: String::from_utf8_lossy(&arrival.body).into_owned(),
            corrections: arrival
                .corrections
                .iter()
                .map(CorrectionView::from)
                .collect(),
            deliveries,
        }
    }
}
