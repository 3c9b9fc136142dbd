//! What orders the deliveries of a destination.

use std::{borrow::Cow, fmt, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::record::Pointer;

/// The key of a delivery: those of one key go out one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderBy {
    /// The session that the arrival belongs to, as its dialect knows it.
    Session,
    /// The value at a place of the document as received.
    Pointer(Pointer),
}

/// The text names no [`OrderBy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected \"session\" or a JSON Pointer such as \"/SessionId\"")]
pub struct UnknownOrder;

impl FromStr for OrderBy {
    type Err = UnknownOrder;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "session" => Ok(Self::Session),
            // The whole document is no key.
            "" => Err(UnknownOrder),
            _ => Pointer::parse(text)
                .map(Self::Pointer)
                .map_err(|_| UnknownOrder),
        }
    }
}

impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session => f.write_str("session"),
            Self::Pointer(pointer) => pointer.fmt(f),
        }
    }
}

impl Serialize for OrderBy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for OrderBy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl JsonSchema for OrderBy {
    fn schema_name() -> Cow<'static, str> {
        "OrderBy".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "order-by" })
    }
}
