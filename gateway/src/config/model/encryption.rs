//! Encryption at rest.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Secret;

/// Encryption of what the journal keeps of records, with a key for each day
/// that a master key wraps. A master key is 32 random bytes in Base64, as
/// `openssl rand -base64 32` writes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Encryption {
    /// The master key. Without it new arrivals are kept in the clear; those
    /// before stay readable while `previous` names the key.
    pub master: Option<Secret>,
    /// Master keys that were used before. Once a master key has taken over, by a
    /// reload or a start, they may go.
    pub previous: Vec<Secret>,
    /// Days after which the key of a day is dropped, so that nothing of that day
    /// can be read again, settled or not; 0 for never.
    #[schemars(range(max = 3660))]
    pub drop_after_days: u32,
}
