//! What a consumer shows of itself to the admin API.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{journal::Hold, record::ArrivalId};

/// Why a destination takes nothing at the moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "cause", rename_all = "snake_case")]
pub enum Halt {
    /// The breaker is open: the receiver fails.
    BreakerOpen {
        /// Since when.
        since: Timestamp,
    },
    /// Plugins of its chains failed on many records in a row, or one failed that it
    /// stands still for (`on_error = "halt"`).
    PluginsFail {
        /// Since when.
        since: Timestamp,
        /// The arrival that a plugin failed on last.
        arrival: ArrivalId,
        /// What it said.
        error: String,
    },
    /// Its files cannot be written, finished or uploaded. New lines wait where it
    /// is the first.
    FileError {
        /// Since when.
        since: Timestamp,
        /// What the system said.
        error: String,
    },
}

/// How a consumer stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// Deliveries under way.
    pub under_way: usize,
    /// Attempts that may be under way at once, as of now.
    pub concurrency_limit: usize,
    /// Why it sends nothing until a person resumes it, if so.
    pub hold: Option<Hold>,
    /// Whether the configuration pauses it.
    pub paused_by_config: bool,
    /// Why nothing goes out for the moment, if so.
    pub halt: Option<Halt>,
    /// When the last attempt failed, and its reason.
    pub last_failure: Option<(Timestamp, String)>,
    /// How often it had to claim its destination again.
    pub restarts: u64,
}

impl Status {
    /// Notes that files fail, unless something else holds the destination up.
    pub(super) fn halt_by_files(&mut self, now: Timestamp, error: String) {
        let since = match &self.halt {
            None => now,
            Some(Halt::FileError { since, .. }) => *since,
            Some(_) => return,
        };
        self.halt = Some(Halt::FileError { since, error });
    }

    /// Ends a halt, if it is the one that is shown.
    pub(super) fn end(&mut self, is_it: impl FnOnce(&Halt) -> bool) {
        if self.halt.as_ref().is_some_and(is_it) {
            self.halt = None;
        }
    }
}

/// A [`Status`] that one writes and many read.
#[derive(Debug, Default)]
pub struct StatusCell(Mutex<Status>);

impl StatusCell {
    /// How the consumer stands now.
    #[must_use]
    pub fn get(&self) -> Status {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn update(&self, change: impl FnOnce(&mut Status)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    pub(super) fn restarted(&self) {
        self.update(|status| {
            status.restarts += 1;
            status.under_way = 0;
            // The next session finds out for itself.
            status.halt = None;
        });
    }
}
