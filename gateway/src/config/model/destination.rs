//! Destinations: systems that receive records.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    BasicAuth, ChainUse, Secret, Start,
    duration::{DAY_MS, DAY_S, MONTH_S},
};
use crate::{
    delivery::template::{PathTemplate, UrlTemplate},
    route::guard::Contract,
};

/// A system that receives records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[schemars(extend("unevaluatedProperties" = false))]
pub struct Destination {
    /// How it is reached: `http` or `file`.
    #[serde(flatten)]
    pub driver: Driver,
    /// Plugins in order, after those of the route.
    #[serde(default)]
    pub chain: Vec<ChainUse>,
    /// Egress contract: `masked` lets no phone number of the arrival leave in
    /// full, `none` lets no phone number leave at all. Anything may leave if
    /// not set.
    pub numbers: Option<Contract>,
    /// Attempts under way at once. A file has one writer whatever this says.
    #[serde(default = "default_concurrency")]
    #[schemars(range(min = 1, max = 1024))]
    pub concurrency: usize,
    /// Where it starts when it is new: `now`, `beginning` or a time.
    #[serde(default)]
    pub start: Start,
    /// Takes nothing any more. What it has not settled stays listed; without
    /// this key, a destination with unsettled deliveries may not be removed.
    #[serde(default)]
    pub retired: bool,
    /// The name that it had before. Its cursor, ledger and exceptions are
    /// carried along.
    pub renamed_from: Option<String>,
    /// What becomes of failed attempts.
    #[serde(default)]
    pub retry: Retry,
}

/// How a destination is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[expect(
    clippy::large_enum_variant,
    reason = "one for each destination, made once for each revision"
)]
pub enum Driver {
    /// One HTTP request a record.
    Http(HttpDriver),
    /// One line a record, in files.
    File(FileDriver),
}

/// One HTTP request a record.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HttpDriver {
    /// Where to: `http` or `https`. May hold `{…}` in path and query, see the
    /// templates; scheme, host and port are constant.
    pub url: UrlTemplate,
    /// The method.
    #[serde(default = "default_method")]
    #[schemars(extend("enum" = ["POST", "PUT", "PATCH"]))]
    pub method: String,
    /// Further headers. Those that the gateway sets itself are refused, and
    /// what is secret belongs into `auth`.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// What to show the receiver.
    pub auth: Option<DestinationAuth>,
    /// Time for one attempt, from connecting to the end of the answer.
    #[serde(default = "default_timeout_ms")]
    #[schemars(range(min = 10, max = 600_000))]
    pub timeout_ms: u64,
    /// Signs requests as Standard Webhooks says.
    pub sign: Option<Sign>,
}

/// What to show a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationAuth {
    /// HTTP Basic.
    Basic(BasicAuth),
    /// A bearer token in the header `Authorization`.
    Bearer(Secret),
}

/// Signing as Standard Webhooks says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The shared secret: `whsec_` and 24 to 64 bytes in Base64.
    pub secret: Secret,
}

/// One line a record, in files.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileDriver {
    /// Path of the file, below `base_dir`. May hold `{…}`, see the templates.
    pub path: PathTemplate,
    /// Directory that no file leaves. Relative to `data_dir`; `files` there if
    /// not set.
    pub base_dir: Option<PathBuf>,
    /// Bytes after which a part is finished and the next begins.
    #[serde(default = "default_rotate_bytes")]
    #[schemars(range(min = 1024, max = 1_099_511_627_776_u64))]
    pub rotate_bytes: u64,
    /// Time after which a part is finished, from its first record.
    #[serde(default = "default_rotate_s")]
    #[schemars(range(min = 1, max = MONTH_S))]
    pub rotate_s: u64,
    /// What a file holds.
    #[serde(default)]
    pub format: FileFormat,
}

/// What a file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileFormat {
    /// One JSON document a line.
    #[default]
    Ndjson,
}

/// What becomes of failed attempts: exponential back-off with full jitter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    /// Longest wait before the second attempt.
    #[schemars(range(min = 1, max = DAY_MS))]
    pub initial_ms: u64,
    /// Longest wait between attempts.
    #[schemars(range(min = 1, max = DAY_MS))]
    pub max_ms: u64,
    /// Time after the first failure at which a delivery is given up (dead).
    #[schemars(range(min = 1, max = MONTH_S))]
    pub budget_s: u64,
    /// Longest `Retry-After` of a receiver that is honoured.
    #[schemars(range(min = 1, max = DAY_MS))]
    pub retry_after_max_ms: u64,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial_ms: 5000,
            max_ms: 3_600_000,
            budget_s: DAY_S,
            retry_after_max_ms: 3_600_000,
        }
    }
}

fn default_concurrency() -> usize {
    8
}

fn default_method() -> String {
    "POST".into()
}

fn default_timeout_ms() -> u64 {
    30_000
}

fn default_rotate_bytes() -> u64 {
    256 * 1024 * 1024
}

fn default_rotate_s() -> u64 {
    60 * 60
}
