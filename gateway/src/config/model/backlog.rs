//! Limits on what waits for a destination.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::TEN_YEARS_S;

/// Limits on what waits for a destination: on deliveries that are pending or
/// retrying.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Backlog {
    /// Bytes of their bodies, as received.
    #[schemars(range(min = 1))]
    pub max_bytes: Option<u64>,
    /// Time since the oldest of them was received.
    #[schemars(range(min = 1, max = TEN_YEARS_S))]
    pub max_age_s: Option<u64>,
    /// What happens then. There is no default: either senders wait, or records
    /// are lost to this destination.
    pub when_full: WhenFull,
}

/// What happens when a backlog is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// Sources that routes lead from to the destination tell their senders to try
    /// again, until a tenth of the limit is free.
    Block,
    /// The oldest deliveries are given up (expired) until the rest fits.
    Expire,
}
