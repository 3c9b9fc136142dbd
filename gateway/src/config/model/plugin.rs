//! Plugins and lookup tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Grant, Secret};

/// A plugin with its configuration. One component may be used under several
/// names with different configurations.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// `builtin:NAME`, or the path of a component. Relative to the file that
    /// says so.
    #[schemars(length(min = 1))]
    pub wasm: String,
    /// What the plugin's `configure` is given. Its keys are the plugin's own.
    #[serde(default)]
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Keys of the plugin's configuration that are secrets. They are read from
    /// where they are kept, and given to `configure` beside those of `config`.
    #[serde(default)]
    pub secrets: BTreeMap<String, Secret>,
    /// Names of the lookup tables that it may read, beside one that comes with
    /// a builtin plugin.
    #[serde(default)]
    pub tables: Vec<String>,
    /// What it may use beyond the record and its tables.
    #[serde(default)]
    pub grant: Grant,
    /// Time for one record; that of `plugin_host` if not set.
    #[schemars(range(min = 1, max = 60_000))]
    pub deadline_ms: Option<u64>,
    /// Memory of one instance, in bytes; that of `plugin_host` if not set.
    #[schemars(range(min = 1_048_576, max = 4_294_967_296_u64))]
    pub max_memory_bytes: Option<u64>,
    /// Largest document that it may make of a record, in bytes; that of
    /// `plugin_host` if not set.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_output_bytes: Option<u64>,
}
