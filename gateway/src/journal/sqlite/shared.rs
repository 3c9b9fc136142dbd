//! What the writer's thread and everyone else look at together.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

use tokio::sync::watch;

use super::stall::CommitClock;
use crate::{
    journal::{JournalError, Limits},
    record::Seq,
};

/// State of the writer, readable from anywhere without waiting.
#[derive(Debug)]
pub(super) struct Shared {
    /// The newest committed arrival.
    pub head: watch::Sender<Seq>,
    /// Requests that wait for a commit.
    pub queued: AtomicUsize,
    /// Commits that succeeded.
    pub commits: AtomicU64,
    /// Commits that failed.
    pub failed_commits: AtomicU64,
    /// Requests in the commits that succeeded.
    pub committed: AtomicU64,
    /// How much the file may hold before arrivals are refused, in bytes; 0 for
    /// no limit.
    pub max_bytes: AtomicU64,
    /// What the file holds, free pages apart, in bytes.
    pub used_bytes: AtomicU64,
    /// How many corrections were committed since the start.
    pub corrections: watch::Sender<u64>,
    /// Since when the commit under way is.
    pub clock: CommitClock,
    failure: Mutex<Option<JournalError>>,
}

impl Shared {
    /// For a journal with this head.
    pub(super) fn new(head: Seq, limits: Limits) -> Self {
        Self {
            head: watch::Sender::new(head),
            queued: AtomicUsize::new(0),
            commits: AtomicU64::new(0),
            failed_commits: AtomicU64::new(0),
            committed: AtomicU64::new(0),
            max_bytes: AtomicU64::new(limits.max_bytes),
            used_bytes: AtomicU64::new(0),
            corrections: watch::Sender::new(0),
            clock: CommitClock::new(limits.stalled_after),
            failure: Mutex::new(None),
        }
    }

    /// Why the last commit failed, if it did.
    pub(super) fn failure(&self) -> Option<JournalError> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Notes a commit of so many requests.
    pub(super) fn succeeded(&self, requests: usize) {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let requests = u64::try_from(requests).unwrap_or(u64::MAX);
        self.committed.fetch_add(requests, Ordering::Relaxed);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Notes a commit that failed.
    pub(super) fn failed(&self, error: JournalError) {
        self.failed_commits.fetch_add(1, Ordering::Relaxed);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }
}
