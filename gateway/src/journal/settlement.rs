//! Claims on a destination, and what their owner settles.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Attempt, Exception, Frozen, Hold, HoldChange, Numbered, Outcome, SeqSet, seal::Day};
use crate::record::{ArrivalId, Seq};

/// Where the range of a new destination starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// After the newest arrival: only what comes from now on.
    #[default]
    Now,
    /// At the oldest arrival that is kept.
    Beginning,
    /// At the first arrival received at or after a time.
    At(Timestamp),
}

/// What a new owner of a destination starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// Shown with every settlement; an older one is refused.
    pub epoch: u64,
    /// The first arrival of the destination's range.
    pub start: Seq,
    /// Every arrival of the range up to and including this one has passed.
    pub cursor: Seq,
    /// The arrivals beyond the cursor that have passed as well.
    pub ahead: SeqSet,
    /// Why it sends nothing, if it is held.
    pub hold: Option<Hold>,
    /// The file parts that are being written, with their committed lengths.
    pub files: Vec<FilePart>,
}

/// What became of deliveries, committed as one.
///
/// The journal works out cursor and counters from it: an arrival that is named
/// for the first time passes, whether it is finished or becomes an exception.
/// Refused whole, as [`JournalError::Refused`](super::JournalError::Refused),
/// are: an arrival outside the range or named twice; an outcome in a state that
/// is not final; a parking whose state is; anything about an arrival that is
/// finished already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// When this is settled; kept to the millisecond.
    pub at: Timestamp,
    /// Deliveries that are finished: delivered, skipped, discarded, expired.
    /// One that was an exception is none from now on, and loses its frozen
    /// payload; its attempts stay.
    pub outcomes: Vec<Outcome>,
    /// Deliveries that are an exception from now on, or are so in another way.
    pub parked: Vec<Parking>,
    /// Attempts to keep on record. Those of a delivery that succeeds at once
    /// need not be.
    pub attempts: Vec<Attempt>,
    /// Numbers in the ids that deliveries were sent under, as far as a replay could
    /// not tell them without.
    pub numbers: Vec<Numbered>,
    /// File parts as they stand now; one row per destination, path and part.
    pub files: Vec<FilePart>,
    /// Whether the destination sends nothing from now on, or sends again.
    pub hold: HoldChange,
}

impl Settlement {
    /// Nothing settled yet.
    pub fn new(at: Timestamp) -> Self {
        Self {
            at,
            outcomes: Vec::new(),
            parked: Vec::new(),
            attempts: Vec::new(),
            numbers: Vec::new(),
            files: Vec::new(),
            hold: HoldChange::None,
        }
    }

    /// Whether there is nothing to commit.
    pub fn is_empty(&self) -> bool {
        self.outcomes.is_empty()
            && self.parked.is_empty()
            && self.attempts.is_empty()
            && self.numbers.is_empty()
            && self.files.is_empty()
            && self.hold == HoldChange::None
    }
}

/// An exception to be kept, and what happens to its payload. Its outcome is
/// recorded by the journal when the state changes, with status and duration of
/// the settlement's last attempt at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parking {
    /// The exception.
    pub exception: Exception,
    /// Its payload.
    pub payload: Payload,
}

/// What happens to the frozen payload of an exception.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// It stays as it is, frozen or not.
    Keep,
    /// This one from now on.
    Freeze(Box<Frozen>),
    /// Not sent from now on, but kept as [`Frozen::superseded`]: the next attempt
    /// runs the chain again.
    Supersede,
}

/// A part of a file that a destination writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// The file, relative to the base directory.
    pub path: String,
    /// 1 for the first part of the path.
    pub part: u32,
    /// Committed length in bytes: on recovery the part is cut back to it. Of the
    /// file as it is: with the frames of a sealed part while it is open or waits, and
    /// without them once it is finished.
    pub length: u64,
    /// Records in that length.
    pub records: u64,
    /// The first arrival in it.
    pub first: ArrivalId,
    /// The last arrival in it.
    pub last: ArrivalId,
    /// When the part was opened.
    pub opened: Timestamp,
    /// The base directory that it was begun in, relative to the data directory or
    /// absolute. Empty where an older version began it: that of the settings.
    pub base_dir: String,
    /// How it is written, in the writer's own words. Empty where an older version
    /// began it (plain NDJSON), and once it is finished.
    pub layout: String,
    /// The day whose key it is sealed with while it is open, and while it waits to be
    /// brought elsewhere, whatever the settings say by then; `None` where it is in
    /// the clear, and once it is finished.
    pub key_day: Option<Day>,
    /// How far it has come.
    pub stage: PartStage,
}

/// How far a part of a file has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartStage {
    /// It is being written.
    Open,
    /// It is complete, but not yet where the receiver looks for it.
    Waiting,
    /// It is complete and in its place.
    Finished,
}

impl fmt::Display for PartStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Finished => "finished",
        })
    }
}
