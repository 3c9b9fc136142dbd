//! When alerts are raised.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::duration::DAY_S;

/// When alerts are raised. They are records of the source `event`, which routes
/// take like any other; without a route they are only logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Alerts {
    /// Time between two alerts of one type about one thing.
    #[schemars(range(max = DAY_S))]
    pub quiet_s: u64,
    /// Deliveries of one destination that are suspended within a minute before
    /// an alert is raised; 0 for never.
    #[schemars(range(max = 10_000))]
    pub suspended_per_minute: usize,
    /// Deliveries of one destination that die within a minute before an alert is
    /// raised; 0 for never.
    #[schemars(range(max = 10_000))]
    pub dead_per_minute: usize,
}

impl Default for Alerts {
    fn default() -> Self {
        Self {
            quiet_s: 300,
            suspended_per_minute: 10,
            dead_per_minute: 10,
        }
    }
}
