//! The states of a delivery.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Where a delivery (one arrival at one destination) stands.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Not tried yet.
    Pending,
    /// The receiver has it.
    Delivered,
    /// Not meant for this destination: no route, or dropped by a plugin.
    Skipped,
    /// An attempt failed; another follows by itself.
    Retrying,
    /// Needs a person or a fix.
    Suspended,
    /// Retries used up, or refused for good by the receiver.
    Dead,
    /// Given up by a person.
    Discarded,
    /// Given up by the destination's backlog quota, kept too long as an exception,
    /// removed by retention while the destination was retired, or unreadable since
    /// its day's key was dropped.
    Expired,
}

impl State {
    /// Every state, in the order of the ledger.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Delivered,
        Self::Skipped,
        Self::Retrying,
        Self::Suspended,
        Self::Dead,
        Self::Discarded,
        Self::Expired,
    ];

    /// The state as ledger, API and metrics write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Skipped => "skipped",
            Self::Retrying => "retrying",
            Self::Suspended => "suspended",
            Self::Dead => "dead",
            Self::Discarded => "discarded",
            Self::Expired => "expired",
        }
    }

    /// The number that stands for the state on disk: 0 to 7, in the order of
    /// [`State::ALL`], for ever.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The state that a number on disk stands for.
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }

    /// Whether nothing further happens by rule: delivered, skipped, discarded
    /// or expired.
    pub fn is_final(self) -> bool {
        matches!(
            self,
            Self::Delivered | Self::Skipped | Self::Discarded | Self::Expired
        )
    }

    /// Whether the delivery is kept as an exception: retrying, suspended or
    /// dead.
    pub fn is_exception(self) -> bool {
        matches!(self, Self::Retrying | Self::Suspended | Self::Dead)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(UnknownState)
    }
}

/// The text names no [`State`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown state; known are pending, delivered, skipped, retrying, suspended, dead, discarded and expired"
)]
pub struct UnknownState;

#[cfg(test)]
mod tests {
    use super::State;

    #[test]
    fn codes_and_names_come_back() {
        for (code, state) in (0_u8..).zip(State::ALL) {
            assert_eq!(state.code(), code);
            assert_eq!(State::from_code(code), Some(state));
            assert_eq!(state.as_str().parse(), Ok(state));
            assert_eq!(
                state == State::Pending,
                !state.is_final() && !state.is_exception()
            );
        }
        assert_eq!(State::from_code(8), None);
        assert!("lost".parse::<State>().is_err());
    }
}
