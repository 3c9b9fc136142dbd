//! The last failures of a plugin, with the records that it failed on, so that its
//! author can try again what went wrong.
//!
//! Invariants:
//! - They are kept in memory, and never written to disk, whatever the journal does.
//! - So many failures and so many bytes; the records of the oldest go first.
//! - A record that fails again in the same way, such as one that is probed, takes no
//!   further place.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    plugin::{Failure, Record},
    record::{ArrivalId, Seq},
};

/// Documents that are kept of one plugin, in bytes: some four thousand usual records,
/// or a few of the largest.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What a plugin failed on last.
#[derive(Debug, Default)]
pub struct Failures(Mutex<VecDeque<KeptFailure>>);

/// One failure.
#[derive(Debug, Clone)]
pub struct KeptFailure {
    /// When it happened last.
    pub at: Timestamp,
    /// How often it happened, without another one in between.
    pub times: u64,
    /// What happened.
    pub failure: Failure,
    /// The version of the plugin.
    pub version: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// Position of the arrival.
    pub seq: Seq,
    /// Its id.
    pub arrival: ArrivalId,
    /// The lane of the chain: a destination, or `route:` and a route.
    pub lane: Arc<str>,
    /// The record as the plugin got it; none once it had to make room.
    pub record: Option<Record>,
}

impl KeptFailure {
    fn is_like(&self, other: &Self) -> bool {
        self.seq == other.seq
            && self.failure.reason() == other.failure.reason()
            && self.digest == other.digest
            && self.lane == other.lane
    }

    fn bytes(&self) -> usize {
        self.record
            .as_ref()
            .map_or(0, |record| record.arrival.size())
    }
}

impl Failures {
    /// Keeps a failure, of at most so many.
    pub fn keep(&self, mut failure: KeptFailure, most: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = kept.iter().position(|before| before.is_like(&failure))
            && let Some(before) = kept.remove(before)
        {
            failure.times += before.times;
        }
        kept.push_back(failure);
        while kept.len() > most {
            kept.pop_front();
        }
        let mut bytes = 0;
        for one in kept.iter_mut().rev() {
            bytes += one.bytes();
            if bytes > MAX_BYTES {
                one.record = None;
            }
        }
    }

    /// All that are kept, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<KeptFailure> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().cloned().collect()
    }

    /// Forgets a record that is not to be read any more.
    pub fn forget(&self, seq: Seq) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in kept.iter_mut().filter(|one| one.seq == seq) {
            one.record = None;
        }
    }
}
