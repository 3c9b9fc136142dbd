//! Deliveries that one request carries.

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Exception, Frozen};
use crate::record::Arrival;

/// How the members of a batch are joined.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum BatchFormat {
    /// One JSON array (RFC 8259) of the members.
    #[default]
    JsonArray,
    /// One member a line, each line ended by a line feed.
    Ndjson,
}

impl BatchFormat {
    /// The format as configuration and journal write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonArray => "json_array",
            Self::Ndjson => "ndjson",
        }
    }
}

impl fmt::Display for BatchFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for BatchFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::JsonArray, Self::Ndjson]
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or(UnknownFormat)
    }
}

/// The text names no [`BatchFormat`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown batch format; known are json_array and ndjson")]
pub struct UnknownFormat;

/// The batch that an attempt was made with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AttemptedBatch {
    /// Its id.
    pub id: Arc<str>,
    /// How many deliveries it carried.
    pub records: u32,
}

/// A member of a frozen batch, as it is kept.
#[derive(Debug, Clone)]
pub struct FrozenMember {
    /// What arrived.
    pub arrival: Arc<Arrival>,
    /// The delivery.
    pub exception: Exception,
    /// Its payload.
    pub frozen: Frozen,
}
