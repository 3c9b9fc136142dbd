//! Why a destination sends nothing until a person says otherwise.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Reason;

/// A destination that sends nothing. What arrives for it waits, over restarts too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Who said so.
    pub kind: HoldKind,
    /// Why, in a short text without personal data.
    pub because: Reason,
    /// Since when; kept to the millisecond.
    pub since: Timestamp,
}

/// Who holds a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HoldKind {
    /// A person paused it.
    Paused,
    /// Its receiver wants no more.
    Stopped,
}

impl HoldKind {
    /// As journal, API and metrics write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paused => "paused",
            Self::Stopped => "stopped",
        }
    }
}

impl fmt::Display for HoldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for HoldKind {
    type Err = UnknownHold;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Paused, Self::Stopped]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownHold)
    }
}

/// The text names no [`HoldKind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown hold; known are paused and stopped")]
pub struct UnknownHold;

/// What a settlement does about the hold of its destination.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum HoldChange {
    /// Nothing.
    #[default]
    None,
    /// It is held from now on, be it that it was for another reason.
    Begin(Hold),
    /// It is held no more.
    End,
}
