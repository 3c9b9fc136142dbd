//! Routes and chains.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize};

/// Which records go through which chain to which destinations.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The name that logs, metrics and answers use.
    pub name: String,
    /// Names of the sources.
    #[schemars(length(min = 1))]
    pub from: Vec<String>,
    /// A CEL expression over `kind`, `source`, `cdr` and `tags`. Every record
    /// of the sources if not set.
    #[schemars(extend("format" = "cel"))]
    pub when: Option<String>,
    /// Plugins in order, before those of each destination.
    #[serde(default)]
    pub chain: Vec<ChainUse>,
    /// Names of the destinations.
    #[schemars(length(min = 1))]
    pub to: Vec<String>,
}

/// One use of a plugin in a chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainUse {
    /// Name of the plugin.
    #[serde(rename = "use")]
    pub plugin: String,
    /// What becomes of a record that the plugin fails on.
    pub on_error: OnError,
}

/// What becomes of a record that a plugin fails on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OnError {
    /// It is kept for a person to look at.
    #[default]
    Suspend,
    /// It goes on as if the plugin were not there. Refused in the own chain
    /// of a destination with an egress contract.
    Skip,
    /// It ends as skipped, with the failure as the reason. In the chain of a
    /// route it ends so at every destination that gets it through the route.
    Drop,
    /// It stays where it is, and its destination stands still: nothing goes out
    /// until the plugin works on it. In the chain of a route that holds for every
    /// destination that gets it through the route.
    Halt,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct LongUse {
    /// Name of the plugin.
    #[serde(rename = "use")]
    plugin: String,
    /// What becomes of a record that the plugin fails on.
    #[serde(default)]
    on_error: OnError,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AnyUse {
    Short(String),
    Long(LongUse),
}

impl<'de> Deserialize<'de> for ChainUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match AnyUse::deserialize(deserializer)? {
            AnyUse::Short(plugin) => Self {
                plugin,
                on_error: OnError::default(),
            },
            AnyUse::Long(LongUse { plugin, on_error }) => Self { plugin, on_error },
        })
    }
}

impl JsonSchema for ChainUse {
    fn schema_name() -> Cow<'static, str> {
        "ChainUse".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "One use of a plugin: its name, or a table with the name and what happens on failure.",
            "anyOf": [
                { "type": "string" },
                generator.subschema_for::<LongUse>(),
            ],
        })
    }
}
