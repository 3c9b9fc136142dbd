//! Deliveries that did not go straight through, and what is kept about them.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;

use super::{AttemptedBatch, BatchFormat, Excerpt, Reason, State};
use crate::record::Seq;

/// A delivery that is retrying, suspended or dead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exception {
    /// The arrival.
    pub seq: Seq,
    /// [`State::Retrying`], [`State::Suspended`] or [`State::Dead`].
    pub state: State,
    /// Why, in a word.
    pub reason: Reason,
    /// Why, in the words of the plugin's author or of the error; no personal
    /// data. Cut to [`Exception::MAX_DETAIL_CHARS`] when stored.
    pub detail: String,
    /// Attempts so far.
    pub attempts: u32,
    /// How many of them are no step of its schedule: they say nothing of this
    /// delivery, since the batch that carried it was split after them; or a replay
    /// began it anew.
    pub splits: u32,
    /// When the first of them failed, or it was parked.
    pub first_failed: Timestamp,
    /// When the next attempt is due; `None` when none follows by itself.
    pub next_attempt: Option<Timestamp>,
    /// The receiver asked for no attempt before this time, even if the destination
    /// comes back sooner.
    pub not_before: Option<Timestamp>,
    /// The revision that the payload (or the failure) comes from.
    pub revision: u32,
    /// The frozen batch that the next attempt sends it in, by its id. `None`
    /// where it is sent alone or joins one that is yet to be formed.
    pub batch: Option<Arc<str>>,
    /// The number of the correction that it was made of; 0 for the record as
    /// received.
    pub correction: u32,
}

impl Exception {
    /// The longest detail, and the longest error of an [`Attempt`], in
    /// characters.
    pub const MAX_DETAIL_CHARS: usize = 2_000;
}

/// The payload of the first attempt that did not succeed, as every automatic
/// retry sends it until it is superseded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The bytes of the body.
    pub body: Bytes,
    /// How it was joined with others in a batch; `None` where it was sent alone.
    pub batch_format: Option<BatchFormat>,
    /// The stable id that the receiver deduplicates by; in a batch, what the id
    /// of the batch is made of.
    pub webhook_id: String,
    /// Digests of the plugins and tables that made the payload, as text.
    pub digests: String,
    /// Whether a person asked for the chain to run again: the bytes are not sent
    /// any more. They stay to tell whether the new ones differ, and with them the
    /// id, until the new payload is frozen in their place or the delivery ends.
    /// True as well once the record was corrected further.
    pub superseded: bool,
    /// The number of the correction that it was made of; 0 for the record as
    /// received.
    pub correction: u32,
}

/// One try of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// The arrival.
    pub seq: Seq,
    /// 1 for the first. The same number again replaces what was recorded.
    pub number: u32,
    /// When it began.
    pub at: Timestamp,
    /// How it ended, in a word: `delivered`, `failed`, `refused`, …
    pub outcome: Reason,
    /// The receiver's HTTP status; 0 where there was none.
    pub status: u16,
    /// How long it took, in milliseconds.
    pub duration_ms: u32,
    /// What went wrong; empty when nothing did. Cut to
    /// [`Exception::MAX_DETAIL_CHARS`] when stored.
    pub error: String,
    /// How the receiver's answer to a failed attempt began.
    pub response: Excerpt,
    /// The revision that made the payload.
    pub revision: u32,
    /// The batch that carried the delivery; `None` where it was sent alone.
    pub batch: Option<AttemptedBatch>,
}
