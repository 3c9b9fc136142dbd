//! A revision: one loaded, validated and compiled configuration.
//!
//! Never edited; a reload makes another one. What it decides about an arrival
//! depends on the arrival and on it alone, so its number in an outcome says how
//! that came about.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use serde::Serialize;

use super::model::Config;
use crate::{
    delivery::Destination,
    plugin::{Plugin, Tables},
    record::Arrival,
    route::{Journey, Journeys, Routes, journey::Origin},
    stage::Stage,
    tls::watch::Servers,
};

/// A configuration that runs, or did.
pub struct Revision {
    /// Its number in the journal: 1, 2, 3, …
    pub number: u32,
    /// SHA-256 over configuration, plugins and tables, in hexadecimal.
    pub digest: String,
    /// The configuration. Secrets in it print as their references.
    pub config: Arc<Config>,
    /// The routes.
    pub routes: Routes,
    /// What is known of sources when their arrivals are processed.
    pub origins: HashMap<Arc<str>, Arc<Origin>>,
    /// The destinations that take arrivals: all but the retired ones.
    pub destinations: BTreeMap<Arc<str>, Arc<Destination>>,
    /// The plugins, used or not.
    pub plugins: BTreeMap<String, Arc<Plugin>>,
    /// The lookup tables that the configuration names.
    pub tables: Tables,
    /// The stages that see arrivals before routes do: all but the retired ones.
    pub stages: BTreeMap<Arc<str>, Arc<Stage>>,
    /// What it consists of, for people.
    pub summary: Summary,
    journeys: Journeys,
}

/// What a revision consists of.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Plugins by name.
    pub plugins: BTreeMap<String, PluginSummary>,
    /// Tables by name, with their digests.
    pub tables: BTreeMap<String, TableSummary>,
    /// Names of the routes in order.
    pub routes: Vec<String>,
    /// Names of the stages.
    pub stages: Vec<String>,
    /// Names of the destinations.
    pub destinations: Vec<String>,
}

/// A plugin of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginSummary {
    /// What the component calls itself.
    pub name: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// The tables that it was granted, with their digests.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, String>,
}

/// A table of a revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TableSummary {
    /// Number of keys.
    pub keys: usize,
    /// SHA-256 over keys and values.
    pub digest: String,
}

/// A compiled configuration that has no number yet.
pub struct Draft {
    pub(super) digest: String,
    pub(super) config: Arc<Config>,
    pub(super) routes: Routes,
    pub(super) origins: HashMap<Arc<str>, Arc<Origin>>,
    pub(super) destinations: BTreeMap<Arc<str>, Arc<Destination>>,
    pub(super) plugins: BTreeMap<String, Arc<Plugin>>,
    pub(super) tables: Tables,
    pub(super) stages: BTreeMap<Arc<str>, Arc<Stage>>,
    pub(super) summary: Summary,
    pub(super) servers: Servers,
}

impl Draft {
    /// The digest that the journal numbers revisions by.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// What it consists of, as JSON.
    #[must_use]
    pub fn summary(&self) -> String {
        // Texts and numbers only: there is nothing that could fail.
        serde_json::to_string(&self.summary).unwrap_or_default()
    }

    /// The digests of the components that it uses.
    #[must_use]
    pub fn components(&self) -> Vec<String> {
        let plugins = self.summary.plugins.values();
        plugins.map(|plugin| plugin.digest.clone()).collect()
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The lookup tables that the configuration names.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// A plugin whose component is not that of a revision.
    #[must_use]
    pub fn other_plugin(&self, revision: &Revision) -> Option<String> {
        let before = &revision.summary.plugins;
        let is_other = |(name, plugin): &(&String, &PluginSummary)| {
            before.get(*name).map(|one| &one.digest) != Some(&plugin.digest)
        };
        let other = self.summary.plugins.iter().find(is_other);
        other.map(|(name, _)| name.clone())
    }

    /// TLS of the listeners.
    #[must_use]
    pub fn servers(&self) -> &Servers {
        &self.servers
    }

    /// The revision of this number.
    #[must_use]
    pub fn numbered(self, number: u32) -> Revision {
        Revision {
            number,
            digest: self.digest,
            config: self.config,
            routes: self.routes,
            origins: self.origins,
            destinations: self.destinations,
            plugins: self.plugins,
            tables: self.tables,
            stages: self.stages,
            summary: self.summary,
            journeys: Journeys::default(),
        }
    }
}

impl Revision {
    /// The sources that what bears a name is made of: itself, or those that a stage
    /// sees.
    #[must_use]
    pub fn sources_of<'r>(&'r self, name: &'r str) -> BTreeSet<&'r str> {
        let Some(stage) = self.stages.get(name) else {
            return BTreeSet::from([name]);
        };
        let from = stage.from.iter();
        from.flat_map(|from| self.sources_of(from)).collect()
    }

    /// The journey of an arrival under this revision.
    #[must_use]
    pub fn journey(&self, arrival: &Arc<Arrival>) -> Arc<Journey> {
        let origin = || self.origins.get(&arrival.source).cloned();
        self.journeys.of(arrival, origin)
    }
}
