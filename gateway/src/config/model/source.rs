//! Sources: endpoints that accept records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BasicAuth, Secret, duration::MONTH_S};
use crate::record::Kind;

/// An HTTP endpoint that accepts records.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// Path of the endpoint, without a query.
    #[schemars(extend("format" = "http-path"))]
    pub path: String,
    /// How the sender speaks.
    pub dialect: DialectName,
    /// What the sender has to show. Not set is the same as `none`, but `check`
    /// warns of it where others than this machine can reach the listener.
    pub auth: Option<SourceAuth>,
    /// What the sender may show instead, while one takes the place of another.
    #[serde(default)]
    pub auth_also: Vec<SourceAuth>,
    /// Addresses and ranges (CIDR) that the sender may have; any if not set.
    /// Behind a proxy it takes `ingest.trusted_proxies` to know them.
    #[schemars(
        length(min = 1),
        extend("items" = { "type": "string", "format": "address-range" })
    )]
    pub allow_from: Option<Vec<String>>,
    /// Suspends records whose values break the dialect's tables, instead of
    /// tagging and delivering them. Only for `tccc`.
    #[serde(default)]
    pub strict: bool,
    /// What the records report. Only for `json`; `cdr` if not set.
    pub kind: Option<Kind>,
    /// JSON Pointers of the places where phone numbers stand; the token `*`
    /// stands for every element of an array. Only for `json`. Destinations
    /// with an egress contract need it; an empty list says that the records
    /// hold none.
    #[schemars(extend("items" = { "type": "string", "format": "json-pattern" }))]
    pub numbers_in: Option<Vec<String>>,
    /// JSON Pointer of the session's id. Only for `json`.
    #[schemars(extend("format" = "json-pointer"))]
    pub id_in: Option<String>,
    /// Country whose national numbers are meant where a number names none:
    /// two letters of ISO 3166-1.
    #[serde(default = "default_region")]
    #[schemars(extend("format" = "region"))]
    pub region: String,
    /// Largest body, in bytes; that of `ingest` if not set.
    #[schemars(range(min = 1, max = 67_108_864))]
    pub max_body_bytes: Option<usize>,
}

/// How a kind of sender speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DialectName {
    /// Tencent Cloud Contact Center.
    Tccc,
    /// Any JSON object.
    Json,
}

/// What a sender has to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum SourceAuth {
    /// Nothing (`auth.none = true`).
    #[schemars(transform = only_true)]
    None(bool),
    /// HTTP Basic.
    Basic(BasicAuth),
    /// A bearer token in the header `Authorization`.
    Bearer(Secret),
    /// A token in the query parameter `token`, for senders that can set
    /// nothing but the URL.
    UrlToken(Secret),
    /// An access token that the source itself gives for client credentials.
    Oauth2(OAuth2Client),
}

/// OAuth 2 client credentials (RFC 6749, 4.4): the sender fetches access tokens
/// at an endpoint of the source's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OAuth2Client {
    /// The client's id.
    #[schemars(length(min = 1))]
    pub client_id: String,
    /// The client's secret: long and random, since tokens are made with it. A
    /// change ends the tokens that were given for it.
    pub client_secret: Secret,
    /// Further secrets while one takes the place of another.
    #[serde(default)]
    pub also: Vec<Secret>,
    /// Path of the token endpoint; that of the source and `/token` if not set.
    #[schemars(extend("format" = "http-path"))]
    pub token_path: Option<String>,
    /// How long a token is worth something.
    #[serde(default = "default_expires_s")]
    #[schemars(range(min = 60, max = MONTH_S))]
    pub expires_s: u64,
}

fn default_expires_s() -> u64 {
    3600
}

impl OAuth2Client {
    /// The path of the token endpoint of a source.
    #[must_use]
    pub fn token_path(&self, source: &Source) -> String {
        let default = || format!("{}/token", source.path.trim_end_matches('/'));
        self.token_path.clone().unwrap_or_else(default)
    }
}

impl Source {
    /// Everything that its sender may show.
    pub fn auths(&self) -> impl Iterator<Item = &SourceAuth> {
        self.auth.iter().chain(&self.auth_also)
    }
}

fn only_true(schema: &mut schemars::Schema) {
    if let Some(serde_json::Value::Object(none)) = schema.pointer_mut("/properties/none") {
        none.insert("const".into(), true.into());
    }
}

/// Country whose national numbers are meant where nothing says otherwise.
pub const DEFAULT_REGION: &str = "CN";

fn default_region() -> String {
    DEFAULT_REGION.into()
}
