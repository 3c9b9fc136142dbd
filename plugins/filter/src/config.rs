//! The config as operators write it.

use schemars::JsonSchema;
use serde::Deserialize;

/// Keeps or drops records by ordered rules.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// The rules. The first whose conditions all hold decides.
    #[serde(default)]
    pub rules: Vec<RuleConfig>,
    /// The reason for dropping what no rule decides. Without it, such records
    /// are kept.
    pub drop_rest: Option<String>,
}

/// One rule: what to do (`drop` or `keep`), and when (at least one of `when`,
/// `table` and `sample`; several must all hold).
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend(
    "oneOf" = [{ "required": ["drop"] }, { "required": ["keep"] }],
    "anyOf" = [{ "required": ["when"] }, { "required": ["table"] }, { "required": ["sample"] }]
))]
pub struct RuleConfig {
    /// Drop the record, for this reason, which the ledger counts by.
    pub drop: Option<String>,
    /// Keep the record, whatever later rules say. The name is counted as
    /// `kept.NAME` in the plugin's metrics.
    pub keep: Option<String>,
    /// A CEL expression over `kind`, `source`, `cdr` and `tags`, such as
    /// `cdr.Duration < 5`. Fields that may be missing are tested with
    /// `has(cdr.Field)`; a missing field suspends the record. There are no
    /// regular expressions.
    pub when: Option<String>,
    /// Holds where a value of the record is a key of a lookup table.
    pub table: Option<TableConfig>,
    /// Holds for a share of all records.
    pub sample: Option<SampleConfig>,
}

/// Membership in a lookup table.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableConfig {
    /// Name of the table. It must be granted to the plugin under `tables`.
    pub name: String,
    /// JSON Pointer of the value, such as `/Callee`. With `*` for every element
    /// of an array, one value in the table is enough. A missing, null or empty
    /// value is in no table.
    pub at: String,
    /// Whether the value must be a key, or begin with one.
    #[serde(default, rename = "match")]
    pub mode: MatchMode,
}

/// How a value is compared with the keys of a table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MatchMode {
    /// The value is a key of the table.
    #[default]
    Exact,
    /// The value begins with a key of the table.
    Prefix,
}

/// A share of all records, chosen by hash: the same value is chosen or not in
/// every run, on every machine and by every rule with the same salt.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleConfig {
    /// The share for which the rule holds, from 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub share: f64,
    /// JSON Pointer of the value that is hashed. All records with the same
    /// value share one fate: by session, a call and its recordings.
    #[serde(default = "default_by")]
    pub by: String,
    /// Makes a choice of its own, independent of other rules' choices.
    #[serde(default)]
    pub salt: String,
}

fn default_by() -> String {
    "/SessionId".to_owned()
}
