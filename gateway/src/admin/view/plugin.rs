//! Plugins, as operators and their authors see them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    config::model::{self, DialectName, Grant},
    plugin::account::failures::KeptFailure,
    record::{Kind, Tags},
};

/// A plugin of the revision that runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct PluginView {
    /// Its name in the configuration.
    pub plugin: String,
    /// Where its component comes from.
    pub wasm: String,
    /// What the component calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// Names of the lookup tables that it was granted.
    pub tables: Vec<String>,
    /// The chains that it is used in.
    pub used_by: Vec<UseView>,
    /// What it may use.
    pub limits: PluginLimitsView,
    /// What this version did since it was loaded first.
    pub counts: PluginCountsView,
    /// What the plugin failed on last, under any version; the newest first.
    pub failures: Vec<FailureView>,
}

/// A use of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UseView {
    /// The route or destination whose chain it is.
    #[serde(flatten)]
    pub chain: ChainOf,
    /// What becomes of a record that it fails on.
    pub on_error: String,
}

/// Whose chain it is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChainOf {
    /// That of a route.
    Route(String),
    /// That of a destination.
    Destination(String),
    /// None: it is a stage.
    Stage(String),
}

impl ChainOf {
    /// Whose chain, or which stage, runs in a lane.
    #[must_use]
    pub fn lane(lane: &str) -> Self {
        match lane.split_once(':') {
            Some(("route", route)) => Self::Route(route.to_owned()),
            Some(("stage", stage)) => Self::Stage(stage.to_owned()),
            _ => Self::Destination(lane.to_owned()),
        }
    }
}

impl std::fmt::Display for ChainOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Route(name) => write!(f, "route {name}"),
            Self::Destination(name) => write!(f, "destination {name}"),
            Self::Stage(name) => write!(f, "stage {name}"),
        }
    }
}

/// What a plugin may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginLimitsView {
    /// Time for one record.
    pub deadline_ms: u64,
    /// Memory of one instance.
    pub max_memory_bytes: usize,
    /// Largest document that it may make of a record.
    pub max_output_bytes: usize,
    /// Share of the workers' time; none for a stage, which has a thread of its own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cpu_budget_percent: Option<u32>,
}

/// What a version of a plugin did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PluginCountsView {
    /// Calls by outcome: a verdict (`keep`, `drop`, `suspend`; of stages `done`,
    /// `ignored`) or a kind of failure.
    pub calls: BTreeMap<String, u64>,
    /// Time of all calls, in seconds.
    pub call_seconds: f64,
    /// Time of the longest, in seconds.
    pub longest_call_seconds: f64,
    /// Warm instances.
    pub instances: usize,
    /// Their linear memory.
    pub memory_bytes: usize,
    /// Instances thrown away, by reason.
    pub retired: BTreeMap<String, u64>,
    /// Log lines beyond the limits.
    pub log_lines_suppressed: u64,
}

impl PluginCountsView {
    /// Calls that failed.
    #[must_use]
    pub fn failed(&self) -> u64 {
        let calls = self.calls.iter();
        let failed = calls.filter(|(outcome, _)| !VERDICTS.contains(&outcome.as_str()));
        failed.map(|(_, count)| count).sum()
    }
}

/// What calls come to that do not fail: first those of chains, then those of stages.
const VERDICTS: [&str; 5] = ["keep", "drop", "suspend", "done", "ignored"];

/// A failure of a plugin, without the record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailureView {
    /// When it happened last.
    pub at: Timestamp,
    /// How often that record failed in that way.
    pub times: u64,
    /// What kind it is: `panic`, `trap`, `deadline`, …
    pub kind: String,
    /// What happened, a panic in its author's words.
    pub error: String,
    /// The version of the plugin.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// The arrival.
    pub arrival: String,
    /// The chain that it was in.
    #[serde(flatten)]
    pub chain: ChainOf,
}

impl From<&KeptFailure> for FailureView {
    fn from(kept: &KeptFailure) -> Self {
        Self {
            at: kept.at,
            times: kept.times,
            kind: kept.failure.reason().to_owned(),
            error: kept.failure.to_string(),
            version: kept.version.clone(),
            digest: kept.digest.clone(),
            arrival: kept.arrival.to_string(),
            chain: ChainOf::lane(&kept.lane),
        }
    }
}

/// A failure with the record as the plugin got it.
#[derive(Debug, Serialize, Deserialize)]
pub struct FailedRecordView {
    /// The failure.
    #[serde(flatten)]
    pub failure: FailureView,
    /// The record; none where it is not kept any more.
    pub record: Option<RecordView>,
}

/// A record as a plugin got it, with what it was given beside it.
#[derive(Debug, Serialize, Deserialize)]
pub struct RecordView {
    /// Name of its source.
    pub source: String,
    /// How the source speaks; none where a stage or the gateway itself does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dialect: Option<DialectName>,
    /// Where its numbers stand, where the dialect does not say so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub numbers_in: Option<Vec<String>>,
    /// What it reports.
    pub kind: Kind,
    /// When it was received.
    pub received: Timestamp,
    /// Its tags.
    pub tags: Tags,
    /// Its document.
    pub body: String,
    /// The plugin's config, as the revision that runs has it, and so all below.
    pub config: Map<String, Value>,
    /// Keys of that config that are secrets, and not told.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// The lookup tables that it was granted. Paths are absolute.
    #[serde(default)]
    pub tables: BTreeMap<String, model::Table>,
    /// What else it was granted.
    #[serde(default)]
    pub grant: Grant,
    /// What it may use.
    pub limits: PluginLimitsView,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::plugin::Failure;

    #[test]
    fn what_is_no_verdict_failed() {
        let text = String::new;
        let failures = [
            Failure::Panic(text()),
            Failure::Trap(text()),
            Failure::Deadline(Duration::ZERO),
            Failure::Memory(1),
            Failure::Output(1),
            Failure::Start(text()),
        ];
        let mut counts = PluginCountsView::default();
        let outcomes = failures.iter().map(Failure::reason);
        // What a stage says of a record that it could not process.
        for outcome in outcomes.chain(["failed"]).chain(VERDICTS) {
            counts.calls.insert(outcome.to_owned(), 1);
        }
        assert_eq!(counts.failed(), 7);
    }
}
