//! Stages: what is done with each record once, before and beside the routes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Start;

/// What is done with each record of some sources once. Records that it makes are of a
/// source of the stage's name: routes take them with `from = ["NAME"]`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// Name of a plugin of the world `stage`.
    pub plugin: String,
    /// Names of the sources, or of other stages.
    #[schemars(length(min = 1))]
    pub from: Vec<String>,
    /// A CEL expression over `kind`, `source`, `cdr` and `tags`. Every record
    /// of the sources if not set.
    #[schemars(extend("format" = "cel"))]
    pub when: Option<String>,
    /// What happens when the stage fails on a record.
    #[serde(default)]
    pub on_error: StageOnError,
    /// JSON Pointers of the places where phone numbers stand in what it makes; the
    /// token `*` stands for every element of an array. Those of its sources if not set.
    /// Destinations with an egress contract need it of a plugin that is not builtin.
    #[schemars(extend("items" = { "type": "string", "format": "json-pattern" }))]
    pub numbers_in: Option<Vec<String>>,
    /// Records that it may make of one record, or when one timer fires.
    #[serde(default = "default_max_derived")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_derived: u32,
    /// How it may ask hosts.
    #[serde(default)]
    pub outgoing: StageOutgoing,
    /// Where it starts when it is new: `now`, `beginning` or a time.
    #[serde(default)]
    pub start: Start,
    /// Whether it is given up: what it remembers and waits for is forgotten.
    #[serde(default)]
    pub retired: bool,
}

/// What happens when a stage fails on a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StageOnError {
    /// It goes no further, and tries again with growing rests. What arrives meanwhile
    /// waits, and is not removed.
    #[default]
    Halt,
    /// The failure is counted, and it goes on without the record.
    Skip,
}

/// How a stage may ask hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct StageOutgoing {
    /// Most time for one request.
    #[schemars(range(min = 1, max = 60_000))]
    pub timeout_ms: u64,
    /// Requests that it may make for one record, or when one timer fires.
    #[schemars(range(min = 1, max = 100))]
    pub max_requests: u32,
    /// Largest answer, in bytes.
    #[schemars(range(min = 1, max = 16_777_216))]
    pub max_response_bytes: usize,
    /// Answers that are kept for those that may be older, in bytes.
    #[schemars(range(max = 1_073_741_824))]
    pub max_cached_bytes: usize,
}

impl Default for StageOutgoing {
    fn default() -> Self {
        Self {
            timeout_ms: 5000,
            max_requests: 4,
            max_response_bytes: 256 * 1024,
            max_cached_bytes: 8 * 1024 * 1024,
        }
    }
}

fn default_max_derived() -> u32 {
    16
}
