//! Makes the stages of a configuration ready.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use super::{dialect, plugins, problem::Problems, shared};
use crate::{
    config::{
        builtin,
        diagnostic::Code,
        model::{self, Config, DEFAULT_REGION},
    },
    delivery::http::{address::AddressPolicy, client::vetted},
    plugin::{
        Host, Tables,
        stage::{Grants, StagePlugin, StateGrant},
    },
    record::{Kind, Pattern},
    route::{journey::Origin, when::When},
    stage::{
        Allowance, Outgoing, Stage,
        outgoing::{Origin as HttpOrigin, Settings},
    },
};

/// Where `builtin:sessionize` puts records of a kind that it adds to another one.
const NESTED: [(Kind, &str); 4] = [
    (Kind::Cdr, "/Cdrs/*"),
    (Kind::Imcdr, "/ImCdrs/*"),
    (Kind::Record, "/Records/*"),
    (Kind::Voicemail, "/Voicemails/*"),
];

/// Stage plugins by their names.
pub(super) type StagePlugins = BTreeMap<String, Arc<StagePlugin>>;

/// Whether a plugin is one that a stage uses.
pub(super) fn is_stage_plugin(config: &Config, plugin: &str) -> bool {
    config.stage.values().any(|stage| stage.plugin == plugin)
}

/// Loads the plugins that stages use.
pub(super) fn load_stage_plugins(
    host: &Host,
    config: &Config,
    tables: &Tables,
    problems: &mut Problems<'_>,
) -> StagePlugins {
    let mut loaded = StagePlugins::new();
    for (name, plugin) in &config.plugin {
        if !is_stage_plugin(config, name) {
            continue;
        }
        let grants = Grants {
            hosts: plugin.grant.hosts.clone(),
            state: plugin.grant.state.map(|state| StateGrant {
                max_bytes: state.max_bytes,
                max_keys: state.max_keys,
                max_timers: state.max_timers,
            }),
        };
        let load = |source: crate::plugin::component::Source<'_>| StagePlugin::load(source, grants);
        match plugins::load(host, config, tables, name, plugin, load) {
            Ok(one) => {
                plugins::literal_secrets(name, &one.description, plugin, problems);
                loaded.insert(name.clone(), Arc::new(one));
            }
            Err(failed) => failed.report(name, plugin, problems),
        }
    }
    loaded
}

/// Makes the stages of a configuration, all but the retired ones.
pub(super) fn stages(
    config: &Config,
    plugins: &StagePlugins,
    problems: &mut Problems<'_>,
) -> BTreeMap<Arc<str>, Arc<Stage>> {
    let mut stages = BTreeMap::new();
    for (name, stage) in config.stage.iter().filter(|(_, stage)| !stage.retired) {
        let when = stage.when.as_deref().map(When::compile).transpose();
        let when = when.unwrap_or_else(|error| {
            let path = ["stage", name, "when"];
            let remedy = "correct the expression";
            problems.add(&path, Code::BadExpression, error.to_string(), remedy);
            None
        });
        // One that is missing could not be loaded, which was reported.
        let Some(plugin) = plugins.get(&stage.plugin) else {
            continue;
        };
        let name: Arc<str> = Arc::from(name.as_str());
        let Some(outgoing) = outgoing(config, &name, stage, plugin, problems) else {
            continue;
        };
        let compiled = Stage {
            name: name.clone(),
            from: shared(&stage.from),
            when,
            on_error: stage.on_error,
            allowance: Allowance {
                state: plugin.grants.state,
                max_derived: stage.max_derived,
                max_record_bytes: plugin.max_output_bytes(),
                max_requests: stage.outgoing.max_requests,
            },
            outgoing: Arc::new(outgoing),
            start: stage.start.into(),
            plugin: plugin.clone(),
        };
        stages.insert(name, Arc::new(compiled));
    }
    stages
}

fn outgoing(
    config: &Config,
    name: &Arc<str>,
    stage: &model::Stage,
    plugin: &StagePlugin,
    problems: &mut Problems<'_>,
) -> Option<Outgoing> {
    // A policy that is none is reported with the destinations.
    let addresses = AddressPolicy::new(&config.outgoing.allow).ok()?;
    let mut hosts = Vec::new();
    for (index, text) in plugin.grants.hosts.iter().enumerate() {
        let index = index.to_string();
        let path = ["plugin", stage.plugin.as_str(), "grant", "hosts", &index];
        let refused = match text.parse::<HttpOrigin>() {
            Ok(origin) => match addresses.judge_host(origin.host()) {
                Ok(()) => {
                    hosts.push(origin);
                    continue;
                }
                Err(refused) => refused.to_string(),
            },
            Err(error) => error.to_string(),
        };
        problems.add(
            &path,
            Code::Malformed,
            refused,
            "allow the address by name, or correct the host",
        );
    }
    let client = match vetted(None, &addresses) {
        Ok(client) => client,
        Err(found) => {
            for problem in found {
                let remedy = problem.problem.remedy();
                problems.add(
                    &["stage", name],
                    Code::Malformed,
                    problem.to_string(),
                    remedy,
                );
            }
            return None;
        }
    };
    let limits = &stage.outgoing;
    let settings = Settings {
        hosts,
        timeout: Duration::from_millis(limits.timeout_ms),
        max_response_bytes: limits.max_response_bytes,
        max_cached_bytes: limits.max_cached_bytes,
    };
    Some(Outgoing::new(name.clone(), settings, client))
}

/// What is known of the records that stages make, by the stage's name.
pub(super) fn origins(config: &Config) -> HashMap<Arc<str>, Arc<Origin>> {
    let stages = config.stage.keys();
    stages
        .map(|name| {
            let places = Kind::ALL.map(|kind| (kind, places(config, name, kind)));
            let origin = Origin::of_places(places, region(config, name));
            (Arc::from(name.as_str()), Arc::new(origin))
        })
        .collect()
}

/// Where numbers stand in the records of a kind that a source or a stage brings: where
/// the stage says so, or where they stand in what it is made of.
fn places(config: &Config, name: &str, kind: Kind) -> Vec<Pattern> {
    if let Some(source) = config.source.get(name) {
        return dialect(source).map_or_else(|_| Vec::new(), |one| one.number_places(kind).to_vec());
    }
    let Some(stage) = config.stage.get(name) else {
        return Vec::new();
    };
    if let Some(said) = &stage.numbers_in {
        let said = said.iter().filter_map(|place| Pattern::parse(place).ok());
        return said.collect();
    }
    let joins = config
        .plugin
        .get(&stage.plugin)
        .is_some_and(|plugin| builtin::name(&plugin.wasm) == Some("sessionize"));
    let mut found = Vec::new();
    for from in &stage.from {
        found.extend(places(config, from, kind));
        for (nested, below) in NESTED.iter().filter(|_| joins) {
            let places = places(config, from, *nested).into_iter();
            found
                .extend(places.filter_map(|place| Pattern::parse(&format!("{below}{place}")).ok()));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The region of numbers without a country code: that of the first source.
fn region(config: &Config, name: &str) -> String {
    if let Some(source) = config.source.get(name) {
        return source.region.clone();
    }
    let first = config.stage.get(name).and_then(|stage| stage.from.first());
    first.map_or_else(|| DEFAULT_REGION.to_owned(), |first| region(config, first))
}
