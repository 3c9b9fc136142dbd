//! A destination, as operators see it.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::CountsView;
use crate::{delivery::consumer::Status, journal::HoldKind};

/// A destination.
#[derive(Debug, Serialize, Deserialize)]
pub struct DestinationView {
    /// Its name.
    pub destination: String,
    /// How it stands, in a word.
    pub state: Standing,
    /// `http`, `file`, or `retired`.
    pub driver: String,
    /// Its egress contract.
    pub numbers: Option<String>,
    /// Its counters.
    pub counts: CountsView,
    /// When the oldest of its pending deliveries was received.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub oldest_pending: Option<Timestamp>,
    /// Positions in the journal: the cursor and the head.
    pub cursor: u64,
    /// The newest arrival of its range.
    pub head: u64,
    /// How its consumer stands; none where it has none.
    pub status: Option<Status>,
}

/// How a destination stands, in a word: the strongest of the reasons for which
/// nothing goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Records go out.
    Running,
    /// Paused by a person or by the configuration.
    Paused,
    /// Stopped by its receiver, which wants no more.
    Stopped,
    /// The breaker is open: the receiver fails.
    Broken,
    /// Its plugins or files fail.
    Halted,
    /// Its ledger is frozen.
    Retired,
}

impl Standing {
    /// The standing of a consumer; none is there where a destination is retired.
    #[must_use]
    pub fn of(status: Option<&Status>) -> Self {
        use crate::delivery::consumer::Halt;
        let Some(status) = status else {
            return Self::Retired;
        };
        match (&status.hold, status.paused_by_config, &status.halt) {
            (Some(hold), ..) if hold.kind == HoldKind::Stopped => Self::Stopped,
            (Some(_), ..) | (None, true, _) => Self::Paused,
            (None, false, Some(Halt::BreakerOpen { .. })) => Self::Broken,
            (None, false, Some(_)) => Self::Halted,
            (None, false, None) => Self::Running,
        }
    }

    /// As API and command line write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Broken => "broken",
            Self::Halted => "halted",
            Self::Retired => "retired",
        }
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a destination is paused.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseRequest {
    /// In a short text without personal data; it is kept and shown.
    pub because: String,
}
