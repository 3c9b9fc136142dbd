//! Destinations: systems that receive records.

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Backlog, BasicAuth, Breaker, ChainUse, Concurrency, FileDriver, OrderBy, Rate, Secret,
    SecretPem, Start,
    duration::{DAY_MS, DAY_S, MONTH_S, TEN_YEARS_S},
};
use crate::{
    delivery::{retry::Statuses, template::UrlTemplate},
    journal::BatchFormat,
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
    /// Attempts under way at once: a number, or `{ min = 1, max = 64 }`, within
    /// which the gateway finds out what the receiver can take. A file has one
    /// writer whatever this says.
    #[serde(default)]
    pub concurrency: Concurrency,
    /// How many attempts the receiver gets in a time; as many as it can take if
    /// not set.
    pub rate: Option<Rate>,
    /// When the receiver is taken to be broken.
    #[serde(default)]
    pub breaker: Breaker,
    /// Deliveries of one key go out one after the other, in order of arrival:
    /// `session`, or the JSON Pointer of a value in the record as received. While
    /// one is under way or retrying, later ones of its key wait and others pass;
    /// suspended and dead ones hold nobody up.
    pub order_by: Option<OrderBy>,
    /// Where it starts when it is new: `now`, `beginning` or a time.
    #[serde(default)]
    pub start: Start,
    /// Takes nothing any more. What it has not settled stays listed; without
    /// this key, a destination with unsettled deliveries may not be removed.
    #[serde(default)]
    pub retired: bool,
    /// Sends nothing for as long as this is set; what arrives waits, and so do
    /// retries.
    #[serde(default)]
    pub paused: bool,
    /// The name that it had before. Its cursor, ledger and exceptions are
    /// carried along.
    pub renamed_from: Option<String>,
    /// What becomes of failed attempts.
    #[serde(default)]
    pub retry: Retry,
    /// Limits on what waits; none if not set.
    pub backlog: Option<Backlog>,
    /// How long dead deliveries are kept, from their first failure; 0 for ever.
    /// Those that are not replayed by then are given up (expired). That of
    /// `journal` if not set.
    #[schemars(range(max = TEN_YEARS_S))]
    pub keep_dead_s: Option<u64>,
    /// The same for suspended deliveries.
    #[schemars(range(max = TEN_YEARS_S))]
    pub keep_suspended_s: Option<u64>,
}

/// How a destination is reached.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
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
    /// Bytes that are kept of the answer to a failed attempt, from its
    /// beginning; 0 keeps none. They are seen where payloads are.
    #[serde(default = "default_keep_response_bytes")]
    #[schemars(range(max = 65_536))]
    pub keep_response_bytes: usize,
    /// Signs requests as Standard Webhooks says.
    pub sign: Option<Sign>,
    /// TLS towards the receiver, and towards the token endpoint of
    /// `auth.oauth2`. Without it, the system's authorities are trusted.
    pub tls: Option<Tls>,
    /// Content coding of bodies: `gzip`; none if not set. Signatures are over
    /// the coded bytes.
    pub compress: Option<Compression>,
    /// Sends several records in one request; each in one of its own if not set.
    pub batch: Option<Batch>,
}

/// Several records in one request, sent when the first limit is reached. Needs a
/// URL without `{…}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Batch {
    /// How records are joined.
    pub format: BatchFormat,
    /// Records in a batch at most.
    #[schemars(range(min = 1, max = 1000))]
    pub max_records: usize,
    /// Length of a body before compression at most. A record that is longer by
    /// itself goes alone.
    #[schemars(range(min = 1024, max = 8_388_608))]
    pub max_bytes: usize,
    /// How long the first record of a batch waits for others.
    #[schemars(range(min = 1, max = 600_000))]
    pub max_wait_ms: u64,
}

impl Default for Batch {
    fn default() -> Self {
        Self {
            format: BatchFormat::default(),
            max_records: 100,
            max_bytes: 1024 * 1024,
            max_wait_ms: 1000,
        }
    }
}

/// Content coding of bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Compression {
    /// RFC 1952.
    Gzip,
}

/// What to show a receiver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DestinationAuth {
    /// HTTP Basic.
    Basic(BasicAuth),
    /// A bearer token in the header `Authorization`.
    Bearer(Secret),
    /// A secret in a header of its own.
    ApiKey(ApiKey),
    /// An access token that is fetched by client credentials.
    Oauth2(OAuth2),
}

/// A secret in a header of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiKey {
    /// Name of the header, such as `x-api-key`.
    #[schemars(length(min = 1))]
    pub header: String,
    /// What it says.
    pub value: Secret,
}

/// OAuth 2 client credentials (RFC 6749, 4.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2 {
    /// The token endpoint: `http` or `https`. Held to `outgoing.allow`, the
    /// timeout and the TLS settings of the destination.
    #[schemars(extend("format" = "http-url"))]
    pub token_url: String,
    /// The client's id.
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// The client's secret.
    pub client_secret: Secret,
    /// How the two are shown to the token endpoint.
    #[serde(default)]
    pub credentials_in: CredentialsIn,
    /// The scope to ask for; that which the endpoint chooses if not set.
    #[schemars(length(min = 1))]
    pub scope: Option<String>,
}

/// How a client shows itself to a token endpoint (RFC 6749, 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CredentialsIn {
    /// By HTTP Basic, which every endpoint has to take.
    #[default]
    Header,
    /// In the form, for endpoints that take nothing else.
    Body,
}

/// TLS of a client. Files are PEM and relative to the file that names them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificates of the authorities that are trusted, in place of those of
    /// the system.
    pub ca_file: Option<PathBuf>,
    /// Whether those of the system are trusted beside `ca_file`.
    #[serde(default)]
    pub system_roots: bool,
    /// The certificate to show, followed by those between it and its authority.
    pub client_cert_file: Option<PathBuf>,
    /// The private key of that certificate, not encrypted.
    pub client_key: Option<SecretPem>,
}

/// Signing as Standard Webhooks says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Sign {
    /// The shared secret: `whsec_` and 24 to 64 bytes in Base64.
    pub secret: Secret,
    /// Further secrets of that form while one takes the place of another: a
    /// signature by each is sent.
    #[serde(default)]
    pub also: Vec<Secret>,
}

/// What becomes of failed attempts: exponential back-off with full jitter, or a
/// schedule.
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
    /// Statuses that are worth another attempt, such as
    /// `408, 425, 429, 500-599, !501`; what stands later counts more. Others are
    /// the receiver's last word.
    pub statuses: Statuses,
    /// Waits before the second, third, … attempt, varied by a fifth; after the
    /// last a delivery is given up. In place of `initial_ms` and `max_ms`.
    #[schemars(inner(range(min = 1, max = DAY_MS)), length(max = 100))]
    pub schedule_ms: Vec<u64>,
    /// What 410 means, unless `statuses` names it: the receiver wants no more
    /// (`stop`: nothing is sent until a person resumes the destination), or not this
    /// one (`dead`).
    pub gone: Gone,
    /// Longest `Retry-After` of a receiver that is honoured.
    #[schemars(range(min = 1, max = DAY_MS))]
    pub retry_after_max_ms: u64,
}

/// What a receiver means by 410.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Gone {
    /// It wants no more deliveries at all.
    #[default]
    Stop,
    /// It does not want this one.
    Dead,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            initial_ms: 5000,
            max_ms: 3_600_000,
            budget_s: DAY_S,
            retry_after_max_ms: 3_600_000,
            gone: Gone::default(),
            statuses: Statuses::default(),
            schedule_ms: Vec::new(),
        }
    }
}

fn default_method() -> String {
    "POST".into()
}

fn default_timeout_ms() -> u64 {
    30_000
}

fn default_keep_response_bytes() -> usize {
    1024
}
