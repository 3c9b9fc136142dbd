//! Loads the plugins of a configuration.

use std::{sync::Arc, time::Duration};

use super::{
    Plugins,
    components::{Unavailable, component},
    problem::Problems,
    stages::is_stage_plugin,
};
use crate::{
    config::{
        builtin,
        diagnostic::Code,
        model::{self, Config},
    },
    plugin::{
        Compiled, Host, Limits, LoadError, Plugin, Secrets, Tables, budget::Share,
        builtin as embedded, component, limits::saturating,
    },
    record::Pointer,
};

pub(super) fn load_plugins(
    host: &Host,
    config: &Config,
    tables: &Tables,
    problems: &mut Problems<'_>,
) -> Plugins {
    let mut plugins = Plugins::new();
    for (name, plugin) in &config.plugin {
        if is_stage_plugin(config, name) {
            continue;
        }
        match load(host, config, tables, name, plugin, Plugin::load) {
            Ok(loaded) => {
                literal_secrets(name, &loaded.description, plugin, problems);
                plugins.insert(name.clone(), Arc::new(loaded));
            }
            Err(failed) => failed.report(name, plugin, problems),
        }
    }
    plugins
}

/// Why a plugin could not be loaded.
pub(super) enum Failed {
    Unavailable(Unavailable),
    Load(LoadError),
}

impl From<Unavailable> for Failed {
    fn from(error: Unavailable) -> Self {
        Self::Unavailable(error)
    }
}

impl From<LoadError> for Failed {
    fn from(error: LoadError) -> Self {
        Self::Load(error)
    }
}

impl Failed {
    /// What the plugin says of its config stands at the line of the value that
    /// it means.
    pub(super) fn report(self, name: &str, plugin: &model::Plugin, problems: &mut Problems<'_>) {
        let wasm = ["plugin", name, "wasm"];
        match self {
            Self::Unavailable(error) => problems.add(
                &wasm,
                Code::PluginRefused,
                error.to_string(),
                error.remedy(),
            ),
            Self::Load(LoadError::Refused(refusals)) => {
                for refusal in refusals {
                    let help = refusal.help.as_deref();
                    // Words that are no pointer are about the config as a whole.
                    let pointer = Pointer::parse(&refusal.pointer).unwrap_or_default();
                    let tokens = pointer.tokens();
                    let first = tokens.first();
                    let is_secret = first.is_some_and(|key| plugin.secrets.contains_key(key));
                    let part = if is_secret { "secrets" } else { "config" };
                    let mut path = vec!["plugin", name, part];
                    path.extend(tokens.iter().map(String::as_str));
                    problems.add(
                        &path,
                        Code::PluginRefused,
                        format!("plugin {name} refuses its config: {}", refusal.message),
                        help.unwrap_or("see the plugin's documentation of its config"),
                    );
                }
            }
            Self::Load(error) => problems.add(
                &wasm,
                Code::PluginRefused,
                format!("plugin {name} {error}"),
                "build it again, or ask its author",
            ),
        }
    }
}

/// Loads a plugin in the way of its world.
pub(super) fn load<P>(
    host: &Host,
    config: &Config,
    tables: &Tables,
    name: &str,
    plugin: &model::Plugin,
    in_its_world: impl FnOnce(component::Source<'_>) -> Result<P, LoadError>,
) -> Result<P, Failed> {
    let embedded = builtin::name(&plugin.wasm).and_then(embedded::plugin);
    let wasm = component(config, plugin)?;
    let mut granted = embedded.as_ref().map(embedded::tables).unwrap_or_default();
    for table in &plugin.tables {
        if let Some(loaded) = tables.get(table) {
            granted.insert(table.clone(), loaded.clone());
        }
    }
    let secrets = Secrets::new(plugin.secrets.clone());
    let configured = secrets.laid_over(plugin.config.clone());
    let compiled = Compiled::new(host, &wasm).map_err(LoadError::from)?;
    Ok(in_its_world(component::Source {
        name,
        component: &compiled,
        config: serde_json::Value::Object(configured).to_string(),
        secrets,
        limits: limits(config, plugin),
        tables: granted,
        grants: (&plugin.grant).into(),
    })?)
}

/// Reports what the plugin's schema calls a secret (`writeOnly`) and the
/// configuration spells out.
pub(super) fn literal_secrets(
    name: &str,
    described: &component::Description,
    plugin: &model::Plugin,
    problems: &mut Problems<'_>,
) {
    let schema = serde_json::from_str(&described.config_schema);
    let schema: serde_json::Value = schema.unwrap_or_default();
    let properties = schema.get("properties").and_then(|keys| keys.as_object());
    for (key, property) in properties.into_iter().flatten() {
        let is_secret = property.get("writeOnly") == Some(&true.into());
        if is_secret && plugin.config.contains_key(key) {
            problems.add(
                &["plugin", name, "config", key],
                Code::LiteralSecret,
                "a secret is not written into the configuration".to_owned(),
                &format!("write secrets.{key}.env = \"NAME\" or secrets.{key}.file = \"PATH\", and change the secret: it has been in a file that others may read"),
            );
        }
    }
}

fn limits(config: &Config, plugin: &model::Plugin) -> Limits {
    let shared = Limits::from(&config.plugin_host);
    let bytes = |own: Option<u64>, shared| own.map_or(shared, saturating);
    Limits {
        deadline: plugin
            .deadline_ms
            .map_or(shared.deadline, Duration::from_millis),
        max_memory_bytes: bytes(plugin.max_memory_bytes, shared.max_memory_bytes),
        max_output_bytes: bytes(plugin.max_output_bytes, shared.max_output_bytes),
        share: Share {
            percent: plugin.cpu_budget_percent.unwrap_or(shared.share.percent),
            ..shared.share
        },
        ..shared
    }
}
