//! What may be removed from the journal, and what one step of it did.

use jiff::{SignedDuration, Timestamp};

use crate::record::Seq;

/// How long arrivals are kept once they are settled everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The present time.
    pub now: Timestamp,
    /// The age from which on an arrival may be removed.
    pub keep: SignedDuration,
}

impl Retention {
    /// What was received before this time may be removed.
    pub fn cutoff(&self) -> Timestamp {
        self.now.checked_sub(self.keep).unwrap_or(Timestamp::MIN)
    }
}

/// What a step of retention did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removal {
    /// Arrivals that it removed.
    pub arrivals: u64,
    /// Where the next step goes on; `None` when there is nothing beyond that is
    /// old enough.
    pub next: Option<Seq>,
}
