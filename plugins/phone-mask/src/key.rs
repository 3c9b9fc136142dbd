//! The secret key of the modes that need one.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Deserialize;

/// As many bytes as the hash has: a shorter key is easier to guess than it.
pub const FEWEST_BYTES: usize = 32;

/// A secret. It has no `Debug` that shows it.
#[derive(Clone, Deserialize)]
#[serde(transparent)]
pub struct Key(String);

impl Key {
    /// What it is, for what computes with it and for nothing else.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key")
    }
}

impl JsonSchema for Key {
    fn schema_name() -> Cow<'static, str> {
        "Key".into()
    }

    fn inline_schema() -> bool {
        true
    }

    /// `writeOnly` has the gateway refuse a key that is spelt out in a file.
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": FEWEST_BYTES, "writeOnly": true })
    }
}
