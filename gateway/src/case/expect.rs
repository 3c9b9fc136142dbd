//! What should become of a record.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Json;
use crate::record::Tags;

/// What should become of a record. A verdict of `keep` is expected where no
/// other one is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// It goes on. Goes without saying where the record out is described.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("const" = true))]
    pub keep: Option<bool>,
    /// It ends here, for exactly this reason: ledgers count by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<String>,
    /// It is suspended, with a message that holds this text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspend: Option<String>,
    /// The plugin fails on it: `panic`, `trap`, `deadline`, `memory`, `output` or
    /// `start`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
    /// Text that the failure's message holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The config is refused, with all of these and nothing else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Vec<ExpectedRefusal>>,

    /// It leaves byte for byte as it came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("const" = true))]
    pub unchanged: Option<bool>,
    /// The whole record as it leaves, as JSON; `NAME.out.json` beside the case if
    /// that is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record: Option<Json>,
    /// Values that it has when it leaves, by JSON Pointer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<BTreeMap<String, Value>>,
    /// JSON Pointers at which nothing stands when it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("items" = { "type": "string", "format": "json-pointer" }))]
    pub absent: Option<Vec<String>>,
    /// All the tags that it bears when it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<Tags>,

    /// The lines that the plugin logs, in order, each as `level: text` of which a
    /// part is enough.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub log: Option<Vec<String>>,
    /// All that it counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counters: Option<BTreeMap<String, u64>>,
}

/// Something that the plugin should find wrong with its config.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectedRefusal {
    /// JSON Pointer of the value in the config; empty for all of it.
    #[serde(default)]
    #[schemars(extend("format" = "json-pointer"))]
    pub at: String,
    /// Text that the plugin's words hold.
    #[serde(default)]
    pub message: String,
}

impl Expect {
    /// The keys that say what becomes of the record, of which one may be set.
    pub(super) fn verdicts(&self) -> impl Iterator<Item = &'static str> {
        let set = [
            ("keep", self.keep.is_some()),
            ("drop", self.drop.is_some()),
            ("suspend", self.suspend.is_some()),
            ("failure", self.failure.is_some()),
            ("refused", self.refused.is_some()),
        ];
        set.into_iter()
            .filter_map(|(key, is_set)| is_set.then_some(key))
    }

    /// The keys that describe the record out, which is there only if it is kept.
    pub(super) fn of_the_record(&self) -> impl Iterator<Item = &'static str> {
        let set = [
            ("unchanged", self.unchanged.is_some()),
            ("record", self.record.is_some()),
            ("members", self.members.is_some()),
            ("absent", self.absent.is_some()),
            ("tags", self.tags.is_some()),
        ];
        set.into_iter()
            .filter_map(|(key, is_set)| is_set.then_some(key))
    }
}
