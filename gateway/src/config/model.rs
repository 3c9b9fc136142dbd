//! The typed model of the configuration.
//!
//! Every key, its meaning, unit, default and range is said once, here: the
//! JSON Schema for editors is generated from these types, and the same schema
//! drives the validation that reports errors with their place in the file
//! (see [`super::shape`]). Values that other modules have to parse (pointers,
//! expressions, templates) carry a `format` in the schema, see
//! [`super::format`].
//!
//! Invariant: a [`Config`] that [`super::load`] returned has been checked as a
//! whole. Names in it resolve, secrets are read, paths are resolved.

mod alerts;
mod backlog;
mod destination;
mod duration;
mod encryption;
mod file;
mod grant;
mod order_by;
mod plugin;
mod policy;
mod route;
mod secret;
mod server;
mod server_tls;
mod source;
mod stage;
mod start;
mod table;

use std::{collections::BTreeMap, path::PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use alerts::Alerts;
pub use backlog::{Backlog, WhenFull};
pub use destination::{
    ApiKey, Batch, Compression, CredentialsIn, Destination, DestinationAuth, Driver, Gone,
    HttpDriver, OAuth2, Retry, Sign, Tls,
};
pub use encryption::Encryption;
pub use file::{CsvColumn, CsvFormat, FileDriver, FileFormat, Upload};
pub use grant::{Grant, GrantedState};
pub use order_by::{OrderBy, UnknownOrder};
pub use plugin::{Plugin, PluginAuth};
pub use policy::{AdaptiveConcurrency, Breaker, Concurrency, Per, Rate};
pub use route::{ChainUse, OnError, Route};
pub use secret::{BasicAuth, Secret, SecretPem, SecretRef};
pub use server::{Admin, Drain, Ingest, Journal, Log, LogFormat, LogLevel, Outgoing, PluginHost};
pub use server_tls::ServerTls;
pub use source::{DEFAULT_REGION, DialectName, OAuth2Client, Source, SourceAuth};
pub use stage::{Stage, StageOnError, StageOutgoing};
pub use start::Start;
pub use table::{DEFAULT_TABLE_BYTES, Sqlite, Table, TableFormat};

/// The configuration of a gateway.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Directory for everything that the gateway writes. Relative to the
    /// working directory.
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// The listener for sources.
    #[serde(default)]
    pub ingest: Ingest,
    /// The listener for the admin API, metrics and health.
    #[serde(default)]
    pub admin: Admin,
    /// Where arrivals are kept.
    #[serde(default)]
    pub journal: Journal,
    /// When the gateway tells of itself.
    #[serde(default)]
    pub alerts: Alerts,
    /// The gateway's own log.
    #[serde(default)]
    pub log: Log,
    /// Where destinations may be.
    #[serde(default)]
    pub outgoing: Outgoing,
    /// How the gateway stops.
    #[serde(default)]
    pub drain: Drain,
    /// How plugins are run.
    #[serde(default)]
    pub plugin_host: PluginHost,
    /// Endpoints that accept records, by name.
    #[serde(default)]
    pub source: BTreeMap<String, Source>,
    /// Plugins with their configuration, by the name that chains use.
    #[serde(default)]
    pub plugin: BTreeMap<String, Plugin>,
    /// Lookup tables, by the name that plugins are granted.
    #[serde(default)]
    pub table: BTreeMap<String, Table>,
    /// What is done with each record once, before and beside the routes, by the name
    /// that routes take what it makes from.
    #[serde(default)]
    pub stage: BTreeMap<String, Stage>,
    /// Which records go through which chain to which destinations. Order
    /// counts: a destination gets a record through the first route that
    /// matches and names it.
    #[serde(default)]
    pub route: Vec<Route>,
    /// Systems that receive records, by name.
    #[serde(default)]
    pub destination: BTreeMap<String, Destination>,
}

impl Config {
    /// The path of the journal's database.
    #[must_use]
    pub fn journal_path(&self) -> PathBuf {
        self.below_data_dir(self.journal.path.as_ref(), "journal.db")
    }

    /// The directory for compiled plugins.
    #[must_use]
    pub fn plugin_cache_dir(&self) -> PathBuf {
        self.below_data_dir(self.plugin_host.cache_dir.as_ref(), "plugin-cache")
    }

    /// The directory that no file of this driver may leave.
    #[must_use]
    pub fn base_dir(&self, file: &FileDriver) -> PathBuf {
        self.below_data_dir(file.base_dir.as_ref(), "files")
    }

    fn below_data_dir(&self, path: Option<&PathBuf>, default: &str) -> PathBuf {
        path.map_or_else(
            || self.data_dir.join(default),
            |path| self.data_dir.join(path),
        )
    }
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("data")
}
