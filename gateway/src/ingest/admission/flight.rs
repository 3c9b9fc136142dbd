//! A commit under way, and the wait for it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::watch;

use super::memory::Memory;
use crate::{
    journal::{Dedup, JournalError},
    record::ArrivalId,
};

/// What became of a commit.
pub(super) type Outcome = Result<ArrivalId, JournalError>;

/// The right to commit under a key, held by one at a time. However it ends, by
/// an outcome, a panic or the end of the runtime, the key is free or remembered
/// after it, and everyone who waits is told.
#[derive(Debug)]
pub(super) struct Flight {
    dedup: Dedup,
    at: Timestamp,
    memory: Arc<Memory>,
    outcome: Outcome,
    tell: watch::Sender<Option<Outcome>>,
}

impl Flight {
    pub(super) fn new(dedup: Dedup, at: Timestamp, memory: Arc<Memory>) -> (Self, Landing) {
        let (tell, hear) = watch::channel(None);
        let flight = Self {
            dedup,
            at,
            memory,
            outcome: Err(JournalError::Closed),
            tell,
        };
        (flight, Landing(hear))
    }

    /// The key, with the digest of the body.
    pub(super) fn dedup(&self) -> Dedup {
        self.dedup
    }

    /// Ends with an outcome.
    pub(super) fn land(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let stored = self.outcome.as_ref().ok().copied();
        self.memory.settle(self.dedup, stored, self.at);
        self.tell.send_replace(Some(self.outcome.clone()));
    }
}

/// The wait for a commit under way.
#[derive(Debug, Clone)]
pub(super) struct Landing(watch::Receiver<Option<Outcome>>);

impl Landing {
    pub(super) async fn outcome(mut self) -> Outcome {
        match self.0.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(outcome)) => outcome.clone(),
            // A flight tells before it is gone.
            Ok(None) | Err(_) => Err(JournalError::Closed),
        }
    }
}
