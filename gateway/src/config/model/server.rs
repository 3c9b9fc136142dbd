//! The gateway's own parts: listeners, journal, log, drain and plugin host.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Encryption, Secret, ServerTls,
    duration::{DAY_MS, DAY_S, MONTH_S, TEN_YEARS_S},
};

/// The listener for sources.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Address and port.
    #[schemars(with = "String", extend("format" = "socket-address"))]
    pub listen: SocketAddr,
    /// Largest body, in bytes, after content decoding. Larger ones are refused.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_body_bytes: usize,
    /// Connections held open at once; those beyond wait to be accepted.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_connections: usize,
    /// Requests served at once; those beyond are told to try again.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_concurrency: usize,
    /// Requests for access tokens served at once, beside those; a client asks once an
    /// hour or so.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_token_requests: usize,
    /// Time for the headers of a request, the wait for them on an idle connection
    /// included. By default as long as common clients keep idle connections, so that
    /// they are the ones to close.
    #[schemars(range(min = 1, max = DAY_S))]
    pub header_timeout_s: u64,
    /// Time for one request from its first byte to its answer.
    #[schemars(range(min = 100, max = DAY_MS))]
    pub request_timeout_ms: u64,
    /// How long a push is remembered, so that its repetition is not kept twice.
    #[schemars(range(min = 1, max = MONTH_S))]
    pub dedup_window_s: u64,
    /// Pushes remembered at most; the oldest are forgotten first. About 100
    /// bytes of memory each.
    #[schemars(range(min = 1, max = 100_000_000))]
    pub dedup_max_entries: usize,
    /// Addresses and ranges (CIDR) of proxies whose headers `X-Forwarded-For`
    /// and `Forwarded` are believed. Without any, those headers mean nothing.
    #[schemars(extend("items" = { "type": "string", "format": "address-range" }))]
    pub trusted_proxies: Vec<String>,
    /// TLS. Without it senders are answered plainly.
    pub tls: Option<ServerTls>,
}

impl Default for Ingest {
    fn default() -> Self {
        Self {
            listen: loopback(8080),
            max_body_bytes: 1024 * 1024,
            max_connections: 4096,
            max_concurrency: 1024,
            max_token_requests: 64,
            header_timeout_s: 90,
            request_timeout_ms: 10_000,
            dedup_window_s: DAY_S,
            dedup_max_entries: 1_000_000,
            trusted_proxies: Vec::new(),
            tls: None,
        }
    }
}

/// The listener for the admin API, metrics and health.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Admin {
    /// Address and port.
    #[schemars(with = "String", extend("format" = "socket-address"))]
    pub listen: SocketAddr,
    /// Bearer token for the admin API. Needed where `listen` is not a loopback
    /// address.
    pub token: Option<Secret>,
    /// TLS. Without it requests are answered plainly.
    pub tls: Option<ServerTls>,
}

impl Default for Admin {
    fn default() -> Self {
        Self {
            listen: loopback(9090),
            token: None,
            tls: None,
        }
    }
}

/// Where arrivals are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Journal {
    /// The database file. Relative to `data_dir`; `journal.db` there if not set.
    pub path: Option<PathBuf>,
    /// How long a commit waits for company, so that several arrivals share one
    /// write to disk.
    #[schemars(range(max = 100))]
    pub linger_ms: u64,
    /// How long what became of deliveries waits for company before it is
    /// committed. Nobody waits for it; a crash may repeat, under the same id,
    /// what was delivered meanwhile. What failed is committed at once.
    #[schemars(range(max = 1000))]
    pub settle_linger_ms: u64,
    /// Arrivals that wait for a commit at most; a sender beyond is told to try
    /// again.
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_queue: usize,
    /// Arrivals in one commit at most.
    #[schemars(range(min = 1, max = 100_000))]
    pub max_batch: usize,
    /// How long arrivals are kept that are settled at every destination; those
    /// that are not stay. Where it is shorter than `ingest.dedup_window_s`, a
    /// repetition is recognised after a restart only within this time.
    #[schemars(range(min = 60, max = TEN_YEARS_S))]
    pub keep_s: u64,
    /// How long dead deliveries are kept, from their first failure, before they
    /// are given up (expired); 0 for ever. Only then does their arrival count as
    /// settled.
    #[schemars(range(max = TEN_YEARS_S))]
    pub keep_dead_s: u64,
    /// The same for suspended deliveries.
    #[schemars(range(max = TEN_YEARS_S))]
    pub keep_suspended_s: u64,
    /// What the database may hold before senders are told to try again, in
    /// bytes; 0 for no limit. Deliveries go on and may exceed it, stages by a
    /// sixteenth, and its log takes some 100 MB beside it.
    pub max_bytes: u64,
    /// Time that one commit may take. While one takes longer, as on a disk that
    /// hangs, senders are told at once to try again, and `/readyz` says so.
    #[schemars(range(min = 100, max = DAY_MS))]
    pub stalled_after_ms: u64,
    /// Encryption of what is kept of records. In the clear without it.
    pub encryption: Option<Encryption>,
}

impl Default for Journal {
    fn default() -> Self {
        Self {
            path: None,
            linger_ms: 1,
            settle_linger_ms: 50,
            max_queue: 4096,
            max_batch: 512,
            keep_s: 7 * DAY_S,
            keep_dead_s: 0,
            keep_suspended_s: 0,
            max_bytes: 0,
            stalled_after_ms: 5000,
            encryption: None,
        }
    }
}

/// The gateway's own log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    /// How lines look.
    pub format: LogFormat,
    /// The least important lines that are written.
    pub level: LogLevel,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// How important a log line is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// What failed.
    Error,
    /// What may fail soon.
    Warn,
    /// What happened.
    #[default]
    Info,
    /// How it happened.
    Debug,
    /// Everything.
    Trace,
}

/// Where destinations may be.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Outgoing {
    /// Addresses and ranges (CIDR) that destinations may be reached at although
    /// they are private, loopback, link-local or otherwise special. Everything
    /// public is allowed anyway.
    #[schemars(extend("items" = { "type": "string", "format": "address-range" }))]
    pub allow: Vec<String>,
}

/// How the gateway stops.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Drain {
    /// Time for requests and attempts under way to finish. What has not
    /// finished by then is repeated after the next start.
    #[schemars(range(max = DAY_S))]
    pub timeout_s: u64,
}

impl Default for Drain {
    fn default() -> Self {
        Self { timeout_s: 30 }
    }
}

/// How plugins are run. The limits apply to each plugin that does not say
/// otherwise.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PluginHost {
    /// Threads that run plugins; 0 is one for each core, and one more.
    #[schemars(range(max = 1024))]
    pub workers: usize,
    /// Time for one record in one plugin.
    #[schemars(range(min = 1, max = 60_000))]
    pub deadline_ms: u64,
    /// Time for `describe` and `configure`.
    #[schemars(range(min = 1, max = 600_000))]
    pub configure_deadline_ms: u64,
    /// Memory of one instance, in bytes.
    #[schemars(range(min = 1_048_576, max = 4_294_967_296_u64))]
    pub max_memory_bytes: u64,
    /// Largest document that a plugin may make of a record, in bytes.
    #[schemars(range(min = 1024, max = 67_108_864))]
    pub max_output_bytes: u64,
    /// Log lines that are kept of one call; those beyond are counted.
    #[schemars(range(max = 10_000))]
    pub max_log_lines: u32,
    /// Log lines that are kept of one plugin in a second; those beyond are counted.
    #[schemars(range(max = 100_000))]
    pub max_log_lines_per_s: u32,
    /// Failures of each plugin that are kept in memory, with the records that it
    /// failed on; 0 keeps none.
    #[schemars(range(max = 1000))]
    pub keep_failures: usize,
    /// Calls after which an instance is replaced.
    #[schemars(range(min = 1))]
    pub max_calls: u64,
    /// What one plugin may take of the workers' time, in percent, rounded down to
    /// whole workers; less than one worker is kept by rests. Over it, it waits.
    #[schemars(range(min = 1, max = 100))]
    pub cpu_budget_percent: u32,
    /// Directory for compiled plugins. Relative to `data_dir`; `plugin-cache`
    /// there if not set.
    pub cache_dir: Option<PathBuf>,
    /// Size of that directory, in bytes. Beyond, what was not used for longest is
    /// removed.
    #[schemars(range(min = 1_048_576))]
    pub max_cache_bytes: u64,
    /// Time for fetching one component.
    #[schemars(range(min = 1, max = 3_600_000))]
    pub fetch_timeout_ms: u64,
    /// Length of a component that is fetched, in bytes.
    #[schemars(range(min = 1024, max = 1_073_741_824))]
    pub max_component_bytes: u64,
    /// Size of `plugin-store` below `data_dir`, where fetched components are kept,
    /// in bytes. Beyond, what was not used for longest is removed; what is in use
    /// stays.
    #[schemars(range(min = 1_048_576))]
    pub max_store_bytes: u64,
}

impl Default for PluginHost {
    fn default() -> Self {
        Self {
            workers: 0,
            deadline_ms: 100,
            configure_deadline_ms: 1000,
            max_memory_bytes: 64 * 1024 * 1024,
            max_output_bytes: 4 * 1024 * 1024,
            max_log_lines: 16,
            max_log_lines_per_s: 100,
            keep_failures: 16,
            max_calls: 100_000,
            cpu_budget_percent: 90,
            cache_dir: None,
            max_cache_bytes: 512 * 1024 * 1024,
            fetch_timeout_ms: 60_000,
            max_component_bytes: 128 * 1024 * 1024,
            max_store_bytes: 1024 * 1024 * 1024,
        }
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
