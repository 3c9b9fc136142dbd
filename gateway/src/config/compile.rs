//! Makes a revision of a loaded configuration: tables are read, plugins
//! compiled and configured, expressions and templates made ready, clients set
//! up. Takes seconds where plugins are large: not for the async runtime.
//!
//! How it fails: with every problem at once, each at its place in the file.
//! Nothing that runs is touched.

mod components;
mod files;
mod listeners;
mod plugins;
mod problem;
mod stages;
mod tables;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use sha2::{Digest, Sha256};

pub use self::components::tidy;
use self::{
    listeners::listeners, plugins::load_plugins, problem::Problems, stages::StagePlugins,
    tables::load_tables,
};
use super::{
    Loaded,
    diagnostic::{Code, Diagnostics},
    model::{self, ChainUse, Config, DialectName},
    revision::{Draft, PluginSummary, Summary, TableSummary},
};
use crate::{
    alert,
    delivery::{
        Destination, Driver,
        http::{HttpDriver, HttpSetupError, address::AddressPolicy},
    },
    ingest::dialect::{Dialect, Json, Tccc},
    journal,
    plugin::{Host, Plugin, Tables, component::Description},
    record::{Kind, Pattern, Pointer},
    route::{Chain, PluginUse, Route, Routes, journey::Origin, when::When},
};

type Plugins = BTreeMap<String, Arc<Plugin>>;

/// Compiles a configuration.
///
/// # Errors
/// With every problem, at its place.
pub fn compile(host: &Host, loaded: &Loaded) -> Result<Draft, Diagnostics> {
    let mut problems = Problems::new(loaded);
    let tables = load_tables(&loaded.config, &mut problems);
    draft(host, loaded, tables, problems)
}

/// Compiles a configuration over tables that have been loaded.
///
/// # Errors
/// As [`compile`].
pub fn compile_with(host: &Host, loaded: &Loaded, tables: Tables) -> Result<Draft, Diagnostics> {
    draft(host, loaded, tables, Problems::new(loaded))
}

fn draft(
    host: &Host,
    loaded: &Loaded,
    tables: Tables,
    mut problems: Problems<'_>,
) -> Result<Draft, Diagnostics> {
    let config = &loaded.config;
    let plugins = load_plugins(host, config, &tables, &mut problems);
    let stage_plugins = stages::load_stage_plugins(host, config, &tables, &mut problems);
    let stages = stages::stages(config, &stage_plugins, &mut problems);
    let routes = routes(config, &plugins, &mut problems);
    let destinations = destinations(config, &plugins, &mut problems);
    let mut origins = origins(config, &mut problems);
    origins.extend(stages::origins(config));
    let servers = listeners(config, &mut problems);
    problems.finish()?;
    Ok(Draft {
        digest: digest(loaded, &plugins, &stage_plugins, &tables),
        summary: summary(config, &plugins, &stage_plugins, &tables),
        config: Arc::new(config.clone()),
        routes: Routes::new(routes),
        origins,
        stages,
        destinations,
        tables,
        plugins,
        servers,
    })
}

/// The dialect of a source.
///
/// # Errors
/// With the pointer that is none; [`super::load`] refuses those before.
pub fn dialect(source: &model::Source) -> Result<Arc<dyn Dialect>, String> {
    Ok(match source.dialect {
        DialectName::Tccc => Arc::new(Tccc),
        DialectName::Json => {
            let places = source.numbers_in.iter().flatten();
            let places: Result<Vec<_>, _> = places
                .map(|place| Pattern::parse(place).map_err(|error| error.to_string()))
                .collect();
            let id = source.id_in.as_deref().map(Pointer::parse).transpose();
            let id = id.map_err(|error| error.to_string())?;
            Arc::new(Json::new(source.kind.unwrap_or(Kind::Cdr), id, places?))
        }
    })
}

fn origins(config: &Config, problems: &mut Problems<'_>) -> HashMap<Arc<str>, Arc<Origin>> {
    let events = (Arc::from(alert::SOURCE), Arc::new(Origin::of_events()));
    let mut origins = HashMap::from([events]);
    for (name, source) in &config.source {
        match dialect(source) {
            Ok(dialect) => {
                let origin = Origin::new(&*dialect, source.region.clone());
                origins.insert(Arc::from(name.as_str()), Arc::new(origin));
            }
            Err(message) => problems.add(
                &["source", name],
                Code::Malformed,
                message,
                "correct the pointer",
            ),
        }
    }
    origins
}

fn routes(config: &Config, plugins: &Plugins, problems: &mut Problems<'_>) -> Vec<Route> {
    let mut routes = Vec::new();
    for (index, route) in config.route.iter().enumerate() {
        let index = index.to_string();
        let when = route.when.as_deref().map(When::compile).transpose();
        let when = when.unwrap_or_else(|error| {
            let path = ["route", &index, "when"];
            problems.add(
                &path,
                Code::BadExpression,
                error.to_string(),
                "correct the expression",
            );
            None
        });
        routes.push(Route {
            name: route.name.clone(),
            from: shared(&route.from),
            when,
            chain: Arc::new(chain(&route.chain, plugins)),
            // Names of destinations hold no colon.
            lane: format!("route:{}", route.name).into(),
            to: shared(&route.to),
        });
    }
    routes
}

fn shared(names: &[String]) -> Vec<Arc<str>> {
    names.iter().map(|name| Arc::from(name.as_str())).collect()
}

/// The own chains of destinations: one for all that have the same, so that a
/// record goes through it once.
#[derive(Default)]
struct OwnChains<'a>(Vec<(&'a [ChainUse], Arc<Chain>)>);

impl<'a> OwnChains<'a> {
    fn of(&mut self, uses: &'a [ChainUse], plugins: &Plugins) -> Arc<Chain> {
        if let Some((_, known)) = self.0.iter().find(|(known, _)| *known == uses) {
            return known.clone();
        }
        let new = Arc::new(chain(uses, plugins));
        self.0.push((uses, new.clone()));
        new
    }
}

/// Whether a route brings what it takes to another destination with the same chain.
fn is_chain_shared(config: &Config, name: &str, chain: &[ChainUse]) -> bool {
    let has_it = |other: &String| {
        let other = config.destination.get(other).filter(|it| !it.retired);
        other.is_some_and(|other| other.chain == chain)
    };
    let mut routes = config.route.iter();
    routes.any(|route| {
        let is_here = route.to.iter().any(|to| to == name);
        is_here && route.to.iter().any(|to| to != name && has_it(to))
    })
}

/// A plugin that is missing here could not be loaded, which was reported, so
/// that the chain is never used.
fn chain(uses: &[ChainUse], plugins: &Plugins) -> Chain {
    let loaded = uses.iter().filter_map(|step| {
        Some(PluginUse {
            plugin: plugins.get(&step.plugin)?.clone(),
            on_error: step.on_error,
        })
    });
    Chain {
        uses: loaded.collect(),
    }
}

fn destinations(
    config: &Config,
    plugins: &Plugins,
    problems: &mut Problems<'_>,
) -> BTreeMap<Arc<str>, Arc<Destination>> {
    let addresses = match AddressPolicy::new(&config.outgoing.allow) {
        Ok(addresses) => addresses,
        Err(error) => {
            let remedy = "give an address or a range";
            problems.add(
                &["outgoing", "allow"],
                Code::Malformed,
                error.to_string(),
                remedy,
            );
            return BTreeMap::new();
        }
    };
    let mut destinations = BTreeMap::new();
    let mut own_chains = OwnChains::default();
    let active = config.destination.iter().filter(|(_, it)| !it.retired);
    for (name, destination) in active {
        let driver = match driver(config, destination, &addresses) {
            Ok(driver) => driver,
            Err(found) => {
                let at: &[&str] = match destination.driver {
                    model::Driver::Http(_) => &["destination", name, "http"],
                    model::Driver::File(_) => &["destination", name, "file", "upload"],
                };
                for one in found {
                    unusable(at, &one, problems);
                }
                continue;
            }
        };
        let name: Arc<str> = Arc::from(name.as_str());
        let compiled = Destination {
            name: name.clone(),
            driver,
            chain: own_chains.of(&destination.chain, plugins),
            is_chain_shared: is_chain_shared(config, &name, &destination.chain),
            contract: destination.numbers,
            concurrency: destination.concurrency,
            rate: destination.rate,
            breaker: (&destination.breaker).into(),
            order_by: destination.order_by.clone(),
            paused: destination.paused,
            retry: destination.retry.clone(),
            backlog: destination.backlog.clone(),
            keep_dead: kept(destination.keep_dead_s, config.journal.keep_dead_s),
            keep_suspended: kept(
                destination.keep_suspended_s,
                config.journal.keep_suspended_s,
            ),
            start: destination.start.into(),
        };
        destinations.insert(name, Arc::new(compiled));
    }
    destinations
}

fn driver(
    config: &Config,
    destination: &model::Destination,
    addresses: &AddressPolicy,
) -> Result<Driver, Vec<HttpSetupError>> {
    Ok(match &destination.driver {
        model::Driver::Http(http) => {
            let driver = HttpDriver::new(http, addresses)?;
            Driver::Http(Box::new(driver))
        }
        model::Driver::File(file) => {
            let settings = files::settings(config, file, addresses);
            Driver::File(settings?)
        }
    })
}

fn unusable(at: &[&str], error: &HttpSetupError, problems: &mut Problems<'_>) {
    let below = error.key.iter().map(String::as_str);
    let path: Vec<_> = at.iter().copied().chain(below).collect();
    let code = if error.problem.is_missing_file() {
        Code::MissingFile
    } else {
        Code::Malformed
    };
    problems.add(&path, code, error.to_string(), error.problem.remedy());
}

/// How long exceptions are kept; `None` for ever.
fn kept(own_s: Option<u64>, default_s: u64) -> Option<Duration> {
    let keep_s = own_s.unwrap_or(default_s);
    (keep_s > 0).then(|| Duration::from_secs(keep_s))
}

impl From<model::Start> for journal::Start {
    fn from(start: model::Start) -> Self {
        match start {
            model::Start::Now => Self::Now,
            model::Start::Beginning => Self::Beginning,
            model::Start::At(time) => Self::At(time),
        }
    }
}

fn digest(loaded: &Loaded, plugins: &Plugins, stages: &StagePlugins, tables: &Tables) -> String {
    let mut hash = Sha256::new();
    hash.update(loaded.digest.as_bytes());
    for (name, plugin) in plugins {
        hash.update(format!("\nplugin {name} {}", plugin.digest));
        hash.update(plugin.secrets().fingerprint());
        for (table, digest) in plugin.table_digests() {
            hash.update(format!("\nlooks up {table} {digest}"));
        }
    }
    for (name, plugin) in stages {
        hash.update(format!("\nplugin {name} {}", plugin.digest));
        hash.update(plugin.secrets().fingerprint());
        for (table, digest) in plugin.table_digests() {
            hash.update(format!("\nlooks up {table} {digest}"));
        }
    }
    for (name, table) in tables {
        hash.update(format!("\ntable {name} {}", table.digest()));
    }
    format!("{:x}", hash.finalize())
}

fn of_plugin<'t>(
    described: &Description,
    digest: &str,
    tables: impl Iterator<Item = (&'t str, &'t str)>,
) -> PluginSummary {
    PluginSummary {
        name: described.name.clone(),
        version: described.version.clone(),
        digest: digest.to_owned(),
        tables: tables
            .map(|(name, digest)| (name.to_owned(), digest.to_owned()))
            .collect(),
    }
}

fn summary(config: &Config, plugins: &Plugins, stages: &StagePlugins, tables: &Tables) -> Summary {
    let transforms = plugins.iter().map(|(name, one)| {
        let summary = of_plugin(&one.description, &one.digest, one.table_digests());
        (name.clone(), summary)
    });
    let of_stages = stages.iter().map(|(name, one)| {
        let summary = of_plugin(&one.description, &one.digest, one.table_digests());
        (name.clone(), summary)
    });
    let table = |(name, table): (&String, &Arc<crate::plugin::Table>)| {
        let summary = TableSummary {
            keys: table.len(),
            digest: table.digest().to_owned(),
        };
        (name.clone(), summary)
    };
    Summary {
        plugins: transforms.chain(of_stages).collect(),
        tables: tables.iter().map(table).collect(),
        routes: config
            .route
            .iter()
            .map(|route| route.name.clone())
            .collect(),
        stages: config.stage.keys().cloned().collect(),
        destinations: config.destination.keys().cloned().collect(),
    }
}
