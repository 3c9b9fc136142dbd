//! What a plugin may use beyond the record and its tables.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a plugin may use beyond the record and its tables. What is not named here is
/// refused; clock and randomness are there all the same, and have nothing to tell.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Grant {
    /// The time. Without it the clock shows the beginning of 1970 and stands still.
    /// What a plugin makes of it may come out differently when it is run again.
    pub clock: bool,
    /// Random numbers. Without it each instance gets the same ones.
    pub random: bool,
    /// Hosts that it may ask by HTTP: `crm.example` by HTTPS, or with scheme and port
    /// as `http://10.0.0.7:8080`. Only for stages.
    #[schemars(extend("items" = { "type": "string", "format": "http-origin" }))]
    pub hosts: Vec<String>,
    /// That it may remember and set timers (`state = {}`), and how much. Only for
    /// stages.
    pub state: Option<GrantedState>,
}

/// How much a stage may remember, and how many timers it may set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct GrantedState {
    /// Bytes of all keys and values.
    #[schemars(range(min = 1024, max = 68_719_476_736_u64))]
    pub max_bytes: u64,
    /// Keys.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub max_keys: u64,
    /// Timers.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub max_timers: u64,
}

impl Default for GrantedState {
    fn default() -> Self {
        Self {
            max_bytes: 256 * 1024 * 1024,
            max_keys: 100_000,
            max_timers: 100_000,
        }
    }
}
