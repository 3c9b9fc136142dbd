//! Cases: what a plugin is given, and what it should make of it.
//!
//! A case is a small TOML file that a person writes by hand in a minute. It
//! needs no more than a record and what becomes of it:
//!
//! ```toml
//! config = { seconds = 5 }
//! record = '{"Duration": 3}'
//!
//! [expect]
//! drop = "short_call"
//! ```
//!
//! What is not said is not looked at, but for the verdict: a record that should
//! be kept has to be kept. [`Case`] has every key; keys that the gateway's own
//! configuration has, too (`config`, `table`, `deadline_ms`, …), mean the same
//! here. The record may stand beside the case as `NAME.in.json`, the one that is
//! expected as `NAME.out.json`. `defaults.toml` of a folder says what its cases
//! and those below it do not say themselves ([`folder`]).
//!
//! A case runs in the gateway's own plugin host ([`run`]): same limits, same
//! contract, same words. So a record on which a plugin failed in production is a
//! case ([`write`]) that fails here.
//!
//! Invariants: a case runs twice on one instance and must come to the same, since
//! transforms are pure; but for one that is granted the clock or randomness. JSON is compared by its tokens: white space does not
//! count, everything else does (order, `1.0` against `1`, duplicate keys).

pub mod compare;
pub mod expect;
pub mod folder;
pub mod found;
mod heard;
pub mod run;
pub mod text;
pub mod write;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use expect::{Expect, ExpectedRefusal};
pub use found::{Found, Outcome};

use crate::{
    config::model::{self, DialectName, Grant},
    record::{Kind, Tags},
};

/// One case. Everything is optional but a record, which may stand in a file
/// beside it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Case {
    /// What the case shows, for readers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,

    /// What the plugin's `configure` is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Map<String, Value>>,
    /// Lookup tables that the plugin is granted, as in the gateway's
    /// configuration. Paths are relative to the case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<BTreeMap<String, model::Table>>,
    /// Small lookup tables, written out: name, then key and value. A value that
    /// is a table stands for several columns.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<BTreeMap<String, Map<String, Value>>>,
    /// What the plugin may use beyond the record and its tables, as in the
    /// gateway's configuration: clock and randomness. With either, a second run
    /// may come to something else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
    /// Time for the record; 100 ms if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 60_000))]
    pub deadline_ms: Option<u64>,
    /// Memory of an instance, in bytes; 64 MiB if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1_048_576, max = 4_294_967_296_u64))]
    pub max_memory_bytes: Option<u64>,
    /// Largest document that the plugin may make, in bytes; 4 MiB if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_output_bytes: Option<u64>,

    /// What the record reports: `cdr` if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(schema_with = "any_kind")]
    pub kind: Option<Kind>,
    /// Name of the source that it came from: that of the dialect if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// How the source speaks, which says where numbers stand: `tccc` if not set,
    /// `json` where `numbers_in` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dialect: Option<DialectName>,
    /// Where numbers stand in records of the dialect `json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("items" = { "type": "string", "format": "json-pattern" }))]
    pub numbers_in: Option<Vec<String>>,
    /// When it was received: the first second of 2026 (UTC) if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "time"))]
    pub received: Option<Timestamp>,
    /// Tags that it bears when the plugin gets it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,
    /// The record, as JSON; `NAME.in.json` beside the case if not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Json>,

    /// What should become of it. Without it a case fails, and `--update` writes
    /// down what was found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expect: Option<Expect>,
}

/// Every kind: no sender reports an event of the gateway's own, but plugins get it.
fn any_kind(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "enum": Kind::ALL.map(Kind::as_str) })
}

/// A JSON text, here or in a file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Json {
    /// The text itself.
    Text(String),
    /// The file that holds it.
    File(JsonFile),
}

/// A file with a JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonFile {
    /// Its path, relative to the case.
    pub file: PathBuf,
}

impl Json {
    fn file(path: &Path) -> Self {
        // Absolute, so that nothing is laid before it when it is read.
        let file = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Self::File(JsonFile { file })
    }

    /// The text, once files have been read (see [`folder`]).
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::File(_) => None,
        }
    }
}

impl Case {
    /// What is said here, and for the rest what `defaults` say.
    #[must_use]
    pub fn over(self, defaults: Self) -> Self {
        Self {
            about: self.about,
            config: self.config.or(defaults.config),
            table: self.table.or(defaults.table),
            rows: self.rows.or(defaults.rows),
            grant: self.grant.or(defaults.grant),
            deadline_ms: self.deadline_ms.or(defaults.deadline_ms),
            max_memory_bytes: self.max_memory_bytes.or(defaults.max_memory_bytes),
            max_output_bytes: self.max_output_bytes.or(defaults.max_output_bytes),
            kind: self.kind.or(defaults.kind),
            source: self.source.or(defaults.source),
            dialect: self.dialect.or(defaults.dialect),
            numbers_in: self.numbers_in.or(defaults.numbers_in),
            received: self.received.or(defaults.received),
            tags: self.tags.or(defaults.tags),
            record: self.record.or(defaults.record),
            expect: self.expect,
        }
    }
}
