//! How a journal stands.

use std::time::Duration;

use serde::Serialize;

use super::JournalError;

/// How a journal stands, for metrics and readiness.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Why the last commit failed; `None` when it succeeded.
    #[serde(skip)]
    pub failure: Option<JournalError>,
    /// Requests that wait for a commit.
    pub queued: usize,
    /// How many may.
    pub queue_limit: usize,
    /// Commits since the start.
    pub commits: u64,
    /// Commits that failed since the start.
    pub failed_commits: u64,
    /// Requests committed since the start; divided by `commits`, the size of a
    /// group.
    pub committed: u64,
    /// Size of the journal's main file, in bytes.
    pub file_bytes: u64,
    /// What that file holds, in bytes: its size without the free pages, which
    /// wait for new arrivals.
    pub used_bytes: u64,
    /// How much it may hold before arrivals are refused, in bytes; 0 for no
    /// limit.
    pub max_bytes: u64,
    /// Size of its write-ahead log, in bytes.
    pub wal_bytes: u64,
    /// How long the commit under way takes already; no time without one.
    pub commit_under_way: Duration,
    /// How long it may take before it counts as stalled.
    pub stalled_after: Duration,
}

/// What a journal is held to while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How much the main file may hold before arrivals are refused, in bytes; 0 for
    /// no limit. What becomes of arrivals is written even so. The log beside it may
    /// take some 100 MB more.
    pub max_bytes: u64,
    /// Time that one commit may take before it counts as stalled.
    pub stalled_after: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 0,
            stalled_after: Duration::from_secs(5),
        }
    }
}

impl Health {
    /// Whether the last commit succeeded.
    pub fn is_ok(&self) -> bool {
        self.failure.is_none()
    }
}
