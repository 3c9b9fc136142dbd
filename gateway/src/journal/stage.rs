//! Stages: who sees each arrival once, in order, and what it holds.
//!
//! A stage is a durable consumer with a cursor of its own, as a destination is; but it
//! keeps no outcomes. Instead it advances: what it remembers, the timers that it sets
//! and the arrivals that it derives are committed with the cursor, in one
//! transaction. So whatever it did of an arrival is either all there, and never done
//! again, or not there at all.
//!
//! Invariants, whatever the engine:
//!
//! - Only the newest owner of a stage advances: [`StageJournal::claim_stage`] hands
//!   out an epoch.
//! - The cursor never steps back. An arrival beyond it is not removed.
//! - What a stage holds is counted by the journal, so that its quotas cannot be
//!   talked away.
//! - Of a stage's derived arrivals no two that are kept bear the same deduplication
//!   key.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{JournalError, NewArrival, Start};
use crate::record::{Arrival, Seq};

/// What a new owner of a stage starts from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageClaim {
    /// Shown with every step; an older one is refused.
    pub epoch: u64,
    /// Every arrival up to and including this one is done with.
    pub cursor: Seq,
    /// What the stage holds.
    pub held: StageHeld,
}

/// How much a stage holds in the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageHeld {
    /// Bytes of its keys and values, as the stage gave them.
    pub state_bytes: u64,
    /// Its keys.
    pub state_keys: u64,
    /// Its timers.
    pub timers: u64,
}

impl StageHeld {
    /// Whether there is nothing.
    #[must_use]
    pub fn is_nothing(self) -> bool {
        self == Self::default()
    }
}

/// How a stage stands in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageStanding {
    /// Its name.
    pub stage: String,
    /// Every arrival up to and including this one is done with.
    pub cursor: Seq,
    /// What it holds.
    pub held: StageHeld,
    /// Arrivals that it derived, ever.
    pub derived: u64,
    /// Records that it derived again, and that were left out.
    pub repeated: u64,
    /// Calls that failed for good, ever.
    pub failed: u64,
}

/// A value that a stage keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageValue {
    /// The value.
    pub value: Bytes,
    /// From when on it is not there any more; kept to the millisecond.
    pub expires: Option<Timestamp>,
}

/// A timer of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageTimer {
    /// Its key.
    pub key: String,
    /// When it is due.
    pub at: Timestamp,
}

/// What a stage did, committed as one.
#[derive(Debug, Clone)]
pub struct StageStep {
    /// When it did it: values that have expired by then are removed, a few a step.
    pub at: Timestamp,
    /// Every arrival up to and including this one is done with.
    pub cursor: Seq,
    /// Keys that hold another value now, or none.
    pub state: BTreeMap<String, Option<StageValue>>,
    /// Timers that are set to another time now, or to none.
    pub timers: BTreeMap<String, Option<Timestamp>>,
    /// Arrivals that it derives. One whose deduplication key an arrival of the stage
    /// bears that is kept is left out.
    pub derived: Vec<NewArrival>,
    /// Calls that failed for good.
    pub failed: u64,
}

impl StageStep {
    /// Nothing but a place in the journal.
    #[must_use]
    pub fn new(at: Timestamp, cursor: Seq) -> Self {
        Self {
            at,
            cursor,
            state: BTreeMap::new(),
            timers: BTreeMap::new(),
            derived: Vec::new(),
            failed: 0,
        }
    }

    /// Whether it changes nothing but the place in the journal.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.state.is_empty()
            && self.timers.is_empty()
            && self.derived.is_empty()
            && self.failed == 0
    }
}

/// What became of a step.
#[derive(Debug, Clone)]
pub struct StageAdvanced {
    /// What the stage holds now.
    pub held: StageHeld,
    /// What it derived, as committed.
    pub derived: Vec<Arc<Arrival>>,
    /// How many were left out, since they were derived before.
    pub repeated: u64,
}

/// The part of a journal that stages use.
#[async_trait]
pub trait StageJournal: Send + Sync {
    /// Every stage that ever claimed and was not forgotten, by name.
    async fn stages(&self) -> Result<Vec<StageStanding>, JournalError>;

    /// The value of a key, if it has not expired at a time.
    async fn stage_value(
        &self,
        stage: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<StageValue>, JournalError>;

    /// Keys of a stage that begin with a prefix and have not expired at a time, in
    /// order of their bytes: those after a key, and of those the first few.
    async fn stage_keys(
        &self,
        stage: &str,
        prefix: &str,
        after: Option<&str>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, JournalError>;

    /// When a timer is due, if it is set.
    async fn stage_timer(&self, stage: &str, key: &str) -> Result<Option<Timestamp>, JournalError>;

    /// The timers of a stage in the order in which they are due: the first few.
    async fn stage_timers(
        &self,
        stage: &str,
        limit: usize,
    ) -> Result<Vec<StageTimer>, JournalError>;

    /// Makes the caller the owner of a stage, and the owner before it a stranger. The
    /// first claim of a name fixes where it starts.
    async fn claim_stage(&self, stage: &str, start: Start) -> Result<StageClaim, JournalError>;

    /// Commits what a stage did. A refused step changes nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError::Fenced`] when the stage was claimed since `epoch`;
    /// [`JournalError::Full`] when there is no room for what it derives.
    async fn advance_stage(
        &self,
        stage: &str,
        epoch: u64,
        step: StageStep,
    ) -> Result<StageAdvanced, JournalError>;

    /// Forgets a stage with all that it holds, and fences its owner. What it derived
    /// stays. Returns what it held.
    async fn forget_stage(&self, stage: &str) -> Result<StageHeld, JournalError>;
}
