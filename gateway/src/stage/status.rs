//! What a stage shows of itself.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{journal::JournalError, record::ArrivalId};

/// How a stage stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageStatus {
    /// Why it goes no further for the moment, if so.
    pub halt: Option<StageHalt>,
    /// The last call that failed, whether or not the stage went on.
    pub last_failure: Option<StageFailure>,
    /// How often it had to claim its place in the journal again.
    pub restarts: u64,
}

/// A stage that goes no further.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageHalt {
    /// Since when.
    pub since: Timestamp,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried again.
    pub next_try: Timestamp,
    /// What failed.
    pub failure: StageFailure,
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageFailure {
    /// When.
    pub at: Timestamp,
    /// The arrival that it was called with; none where a timer fired.
    pub arrival: Option<ArrivalId>,
    /// Stable short form, as metrics have it.
    pub reason: String,
    /// In words: the gateway's, or the plugin's own.
    pub detail: String,
}

impl StageFailure {
    /// The journal has no room, or no time, for what a turn did.
    pub(super) fn of_journal(error: &JournalError) -> Self {
        Self {
            at: Timestamp::now(),
            arrival: None,
            reason: "journal".to_owned(),
            detail: error.to_string(),
        }
    }

    /// The gateway itself failed within a turn.
    pub(super) fn of_gateway() -> Self {
        Self {
            at: Timestamp::now(),
            arrival: None,
            reason: "lost".to_owned(),
            detail: "the gateway failed while it ran the stage; its log says how".to_owned(),
        }
    }
}

/// A [`StageStatus`] that one writes and many read.
#[derive(Debug, Default)]
pub(super) struct StatusCell(Mutex<StageStatus>);

impl StatusCell {
    /// How the stage stands now.
    pub(super) fn get(&self) -> StageStatus {
        let status = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        status.clone()
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut StageStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}
