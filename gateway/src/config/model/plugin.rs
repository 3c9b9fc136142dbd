//! Plugins and lookup tables.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BasicAuth, Grant, Secret, Tls};

/// A plugin with its configuration. One component may be used under several
/// names with different configurations.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plugin {
    /// `builtin:NAME`; the path of a component, relative to the file that says
    /// so; its URL; or `oci://HOST/REPOSITORY@sha256:DIGEST`, an artifact in a
    /// registry. What is fetched is held to `outgoing.allow`, and kept below
    /// `data_dir`.
    #[schemars(length(min = 1), extend("format" = "component"))]
    pub wasm: String,
    /// The SHA-256 that the component must have, in hexadecimal. Needed where
    /// `wasm` is a URL.
    #[schemars(extend("format" = "sha256"))]
    pub sha256: Option<String>,
    /// What is shown to the server that the component is fetched from.
    pub auth: Option<PluginAuth>,
    /// TLS towards that server.
    pub tls: Option<Tls>,
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
    /// What it may take of the workers' time, in percent; that of `plugin_host`
    /// if not set. Over it, it waits.
    #[schemars(range(min = 1, max = 100))]
    pub cpu_budget_percent: Option<u32>,
}

/// What is shown to the server that a component is fetched from.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum PluginAuth {
    /// HTTP Basic; a registry may have it changed for a token of its own.
    Basic(BasicAuth),
    /// A bearer token in the header `Authorization`.
    Bearer(Secret),
}
