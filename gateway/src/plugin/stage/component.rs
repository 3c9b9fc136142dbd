//! A loaded stage component: compiled, linked, described and configured once.

use std::{fmt, sync::Arc};

use super::{StageGuest, StageInstance, bindings::StagePre};
use crate::plugin::{
    Compiled, Failure, Host, Limits, LoadError, Record, Tables,
    account::{Account, failures::KeptFailure, tally::Tally},
    component::{Description, Source, failed},
    grants,
    guest::Counters,
    schema,
    secrets::Secrets,
};

/// A stage's plugin as a revision uses it: a component with its config.
pub struct StagePlugin {
    /// Its name in the config.
    pub name: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// What the component says of itself.
    pub description: Description,
    /// What it may use beyond the record.
    pub grants: Grants,
    /// Whether it has clock and randomness.
    pub(super) ambient: crate::plugin::Grants,
    pub(super) host: Host,
    pub(super) pre: StagePre<StageGuest>,
    pub(super) config: String,
    pub(in crate::plugin) limits: Limits,
    pub(in crate::plugin) tables: Arc<Tables>,
    pub(in crate::plugin) counters: Counters,
    pub(super) secrets: Secrets,
    /// What is known of all that bore its name.
    pub account: Arc<Account>,
    /// What this version did.
    pub tally: Arc<Tally>,
}

/// What a stage's plugin may use beyond the record and its tables.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Grants {
    /// What it may remember and wait for; nothing without.
    pub state: Option<StateGrant>,
    /// The origins (RFC 6454) of the hosts that it may ask.
    pub hosts: Vec<String>,
}

/// How much a stage may remember and wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateGrant {
    /// Bytes of its keys and values.
    pub max_bytes: u64,
    /// Its keys.
    pub max_keys: u64,
    /// Its timers.
    pub max_timers: u64,
}

impl StagePlugin {
    /// Links the component, asks what it is, and lets it check its config.
    ///
    /// # Errors
    /// When it is not a stage, fails on the way, or refuses its config.
    pub fn load(source: Source<'_>, grants: Grants) -> Result<Self, LoadError> {
        let (plugin, mut instance) = Self::describe(source, grants)?;
        schema::check(&plugin.description.config_schema, &plugin.config)?;
        instance
            .configure(&plugin)
            .map_err(failed("configure"))?
            .map_err(LoadError::Refused)?;
        Ok(plugin)
    }

    /// Links the component and asks what it is; its config stays with us.
    ///
    /// # Errors
    /// When it is not a stage, or fails on the way.
    pub fn description(source: Source<'_>) -> Result<Description, LoadError> {
        let described = Self::describe(source, Grants::default());
        described.map(|(plugin, _)| plugin.description)
    }

    fn describe(source: Source<'_>, grants: Grants) -> Result<(Self, StageInstance), LoadError> {
        let Compiled {
            component,
            host,
            digest,
            ..
        } = source.component;
        grants::admit_stage(source.component)?;
        let pre = host
            .stages
            .instantiate_pre(component)
            .and_then(StagePre::new)
            .map_err(|error| LoadError::NotAStage(format!("{error:#}")))?;
        let mut plugin = Self {
            name: source.name.to_owned(),
            digest: digest.clone(),
            description: Description {
                name: String::new(),
                version: String::new(),
                config_schema: String::new(),
            },
            grants,
            ambient: source.grants,
            host: host.clone(),
            pre,
            config: source.config,
            limits: source.limits,
            tables: Arc::new(source.tables),
            counters: Counters::default(),
            secrets: source.secrets,
            account: host.accounts.of(source.name),
            tally: Arc::new(Tally::silent()),
        };
        let mut instance = StageInstance::unconfigured(&plugin).map_err(failed("instantiate"))?;
        plugin.description = instance.describe(&plugin).map_err(failed("describe"))?;
        let version = &plugin.description.version;
        plugin.tally = plugin.account.tally(&plugin.name, version, &plugin.digest);
        Ok((plugin, instance))
    }

    /// The secrets that it is configured with.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// The tables that it was granted, with their digests.
    pub fn table_digests(&self) -> impl Iterator<Item = (&str, &str)> {
        let tables = self.tables.iter();
        tables.map(|(name, table)| (name.as_str(), table.digest()))
    }

    /// What it may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Keeps what it failed on, for its author. `lane` is `stage:` and the stage.
    pub fn keep_failure(&self, failure: &Failure, record: &Record, lane: &Arc<str>) {
        let version = (self.tally.version(), self.digest.as_str());
        let kept = KeptFailure::new(failure, record, lane, version);
        self.account.failures.keep(kept, self.limits.keep_failures);
    }

    /// The largest record that it may derive, in bytes.
    #[must_use]
    pub fn max_output_bytes(&self) -> usize {
        self.limits.max_output_bytes
    }
}

impl fmt::Debug for StagePlugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StagePlugin")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
