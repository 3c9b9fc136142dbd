//! What became of an arrival at a destination.

use jiff::Timestamp;
use serde::Serialize;

use super::{Reason, State};
use crate::record::Seq;

/// One step of one delivery, as it is settled and packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The arrival.
    pub seq: Seq,
    /// The state that it has from now on.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// The receiver's HTTP status; 0 where there was none.
    pub status: u16,
    /// How long the attempt took, in milliseconds; 0 where there was none.
    pub duration_ms: u32,
    /// The revision that decided.
    pub revision: u32,
}

impl Outcome {
    /// One without an attempt over HTTP.
    #[must_use]
    pub fn without_attempt(seq: Seq, state: State, reason: Reason, revision: u32) -> Self {
        Self {
            seq,
            state,
            reason,
            status: 0,
            duration_ms: 0,
            revision,
        }
    }
}

/// The present state of a delivery: the last of its outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// The arrival.
    pub seq: Seq,
    /// The destination.
    pub destination: String,
    /// Where the delivery stands.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// The receiver's HTTP status at the step that led here; 0 without one.
    pub status: u16,
    /// How long that step took, in milliseconds.
    pub duration_ms: u32,
    /// The revision that decided; 0 while pending.
    pub revision: u32,
    /// When that step was settled; `None` while pending.
    pub settled: Option<Timestamp>,
}
