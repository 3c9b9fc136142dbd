//! A loaded plugin: compiled, linked, described and configured once, ready for
//! instances.

use std::{fmt, sync::Arc};

use super::{
    Budget, Compiled, Failure, Grants, Host, Limits, NotAComponent, Record, Secrets, Tables,
    account::{Account, failures::KeptFailure, tally::Tally},
    bindings::TransformPre,
    contract::Unserved,
    grants,
    guest::Counters,
    instance::Instance,
    schema::{self, SchemaError},
};

/// A plugin as a revision uses it: a component with its config.
pub struct Plugin {
    /// Its name in the config.
    pub name: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// What the component says of itself.
    pub description: Description,
    pub(super) host: Host,
    pub(super) pre: TransformPre<super::guest::Guest>,
    pub(super) config: String,
    pub(super) secrets: Secrets,
    pub(super) limits: Limits,
    pub(super) tables: Arc<Tables>,
    pub(super) grants: Grants,
    pub(super) counters: Counters,
    /// What it may take of the workers' time.
    pub budget: Arc<Budget>,
    /// What is known of all that bore its name.
    pub account: Arc<Account>,
    /// What this version did.
    pub tally: Arc<Tally>,
}

/// What a component says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// Name of the plugin.
    pub name: String,
    /// Its semantic version.
    pub version: String,
    /// JSON Schema of its config; empty where it takes none.
    pub config_schema: String,
}

/// Why a plugin could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The bytes are no component at all.
    #[error("{0}")]
    NotAComponent(#[from] NotAComponent),
    /// It is no component of the world `transform`.
    #[error(
        "is not a component of the world cdr:plugin/transform@0.1.0: {0}; build it for wasm32-wasip2 against plugin-sdk/wit"
    )]
    NotAPlugin(String),
    /// The bytes are no component of the world `stage`.
    #[error(
        "is not a component of the world cdr:plugin/stage@0.1.0: {0}; build it for wasm32-wasip2 against plugin-sdk/wit"
    )]
    NotAStage(String),
    /// It lacks exports of its world.
    #[error(
        "is a component of another world: it does not export {missing}; what a {user} uses implements the world {world} of plugin-sdk/wit"
    )]
    OtherWorld {
        /// What it does not export.
        missing: String,
        /// What uses it.
        user: &'static str,
        /// What it should be.
        world: &'static str,
    },
    /// It was built for a version of the contract that this gateway does not
    /// serve.
    #[error(transparent)]
    Contract(#[from] Unserved),
    /// It asks for what no plugin of its world is given.
    #[error(
        "imports {imports}, which what a {user} uses is not given; build it without what needs that (with componentize-py, `--stub-wasi`)"
    )]
    NotGiven {
        /// What it asks for.
        imports: String,
        /// What uses it.
        user: &'static str,
    },
    /// Its config schema is none.
    #[error(transparent)]
    Schema(#[from] SchemaError),
    /// `describe` or `configure` failed.
    #[error("{step} {failure}")]
    Failed {
        /// The export that was called.
        step: &'static str,
        /// What happened.
        failure: Failure,
    },
    /// The plugin refused its config.
    #[error("{}", refusals(.0))]
    Refused(Vec<Refusal>),
}

/// One thing that a plugin finds wrong with its config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// JSON Pointer within the config.
    pub pointer: String,
    /// The plugin's own words, or what its config schema asks for.
    pub message: String,
    /// What to do, where the schema tells.
    pub help: Option<String>,
}

fn refusals(refusals: &[Refusal]) -> String {
    let line = |refusal: &Refusal| format!("config{}: {}", refusal.pointer, refusal.message);
    refusals.iter().map(line).collect::<Vec<_>>().join("; ")
}

/// What a plugin is loaded from.
pub struct Source<'a> {
    /// Its name in the config.
    pub name: &'a str,
    /// The component.
    pub component: &'a Compiled,
    /// Its config as JSON text, secrets included.
    pub config: String,
    /// The secrets in it, kept out of whatever the plugin says.
    pub secrets: Secrets,
    /// What it may use.
    pub limits: Limits,
    /// The tables that it was granted, by the name it knows them by.
    pub tables: Tables,
    /// What else it was granted.
    pub grants: Grants,
}

impl Plugin {
    /// The secrets that it is configured with.
    #[must_use]
    pub fn secrets(&self) -> &Secrets {
        &self.secrets
    }

    /// Links the component, asks what it is, holds its config against its
    /// schema, and lets it check the config itself.
    ///
    /// # Errors
    /// When it is not a plugin, fails on the way, or refuses its config.
    pub fn load(source: Source<'_>) -> Result<Self, LoadError> {
        let (plugin, mut instance) = Self::describe(source)?;
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
    /// When it is not a plugin, or fails on the way.
    pub fn description(source: Source<'_>) -> Result<Description, LoadError> {
        Self::describe(source).map(|(plugin, _)| plugin.description)
    }

    fn describe(source: Source<'_>) -> Result<(Self, Instance), LoadError> {
        let Compiled {
            component,
            host,
            digest,
            ..
        } = source.component;
        grants::admit_transform(source.component)?;
        let pre = host
            .linker
            .instantiate_pre(component)
            .and_then(TransformPre::new)
            .map_err(|error| LoadError::NotAPlugin(format!("{error:#}")))?;
        let account = host.accounts.of(source.name);
        let share = source.limits.share;
        let mut plugin = Self {
            name: source.name.to_owned(),
            digest: digest.clone(),
            description: Description {
                name: String::new(),
                version: String::new(),
                config_schema: String::new(),
            },
            host: host.clone(),
            pre,
            config: source.config,
            secrets: source.secrets,
            limits: source.limits,
            budget: Arc::new(Budget::of(source.name, share, &account.usage)),
            account,
            tally: Arc::new(Tally::silent()),
            tables: Arc::new(source.tables),
            grants: source.grants,
            counters: Counters::default(),
        };
        let mut instance = Instance::start(&plugin).map_err(failed("instantiate"))?;
        plugin.description = instance.describe(&plugin).map_err(failed("describe"))?;
        let version = &plugin.description.version;
        plugin.tally = plugin.account.tally(&plugin.name, version, &plugin.digest);
        Ok((plugin, instance))
    }

    /// The tables that it was granted, with their digests.
    pub fn table_digests(&self) -> impl Iterator<Item = (&str, &str)> {
        let tables = self.tables.iter();
        tables.map(|(name, table)| (name.as_str(), table.digest()))
    }
}

pub(super) fn failed(step: &'static str) -> impl FnOnce(Failure) -> LoadError {
    move |failure| LoadError::Failed { step, failure }
}

impl Plugin {
    /// What it may use.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Keeps what it failed on, for its author. `lane` is that of the chain.
    pub fn keep_failure(&self, failure: &Failure, record: &Record, lane: &Arc<str>) {
        let version = (self.tally.version(), self.digest.as_str());
        let kept = KeptFailure::new(failure, record, lane, version);
        self.account.failures.keep(kept, self.limits.keep_failures);
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plugin")
            .field("name", &self.name)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}
