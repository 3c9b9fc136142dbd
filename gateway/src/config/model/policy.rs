//! How a destination is treated: how many attempts at once and in a time, and
//! when it is taken to be broken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DAY_S;

/// Attempts under way at once: a number, or a range within which the gateway
/// finds out what the receiver can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Concurrency {
    /// Always so many.
    Fixed(#[schemars(range(min = 1, max = 1024))] usize),
    /// Between a floor and a ceiling.
    Adaptive(AdaptiveConcurrency),
}

/// Concurrency that adapts: one more as long as the receiver answers as quickly
/// as before, less when it slows down, half when it is overloaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdaptiveConcurrency {
    /// The floor, where it begins.
    #[serde(default = "default_min")]
    #[schemars(range(min = 1, max = 1024))]
    pub min: usize,
    /// The ceiling.
    #[schemars(range(min = 1, max = 1024))]
    pub max: usize,
}

impl Concurrency {
    /// Floor and ceiling; the same where it is fixed.
    #[must_use]
    pub fn bounds(self) -> (usize, usize) {
        match self {
            Self::Fixed(limit) => (limit, limit),
            Self::Adaptive(range) => (range.min, range.max),
        }
    }
}

impl Default for Concurrency {
    fn default() -> Self {
        Self::Fixed(8)
    }
}

/// How many attempts a receiver gets in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rate {
    /// Attempts in any such time, retries included. They are spread over it; a
    /// twentieth of them may go at once.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub attempts: u32,
    /// The time.
    pub per: Per,
}

/// The time that a rate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
}

/// When a receiver is taken to be broken: from then on new records wait, and
/// only probes go out, one at a time, until one is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// Whether there is one. Without it, every record is tried and retried for
    /// itself.
    pub enabled: bool,
    /// It opens when so many of the newest attempts failed.
    #[schemars(range(min = 1, max = 100))]
    pub failure_percent: u32,
    /// How many of the newest attempts are looked at.
    #[schemars(range(min = 1, max = 1000))]
    pub window_attempts: usize,
    /// How old they may be.
    #[schemars(range(min = 1, max = DAY_S))]
    pub window_s: u64,
    /// Fewer attempts than these say nothing.
    #[schemars(range(min = 1, max = 1000))]
    pub min_attempts: usize,
    /// Time to the first probe; it doubles up to the longest.
    #[schemars(range(min = 10, max = 5000))]
    pub probe_initial_ms: u64,
    /// Longest time between probes, unless the receiver's `Retry-After` says so.
    #[schemars(range(min = 10, max = 5000))]
    pub probe_max_ms: u64,
}

/// A receiver that is dead from the start is noticed after five attempts, one
/// that dies while it is busy after eighteen; one that fails half of its
/// requests reaches nine in ten of the newest twenty hardly ever.
impl Default for Breaker {
    fn default() -> Self {
        Self {
            enabled: true,
            failure_percent: 90,
            window_attempts: 20,
            window_s: 600,
            min_attempts: 5,
            probe_initial_ms: 500,
            probe_max_ms: 5000,
        }
    }
}

fn default_min() -> usize {
    1
}
