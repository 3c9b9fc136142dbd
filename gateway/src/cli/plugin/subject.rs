//! The component that a command is about: a file, one that comes with the
//! gateway, or the one that was built in a plugin's folder.

mod built;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;

use crate::{
    config::{builtin, model::PluginHost},
    plugin::{self, Compiled, Host, Limits, Secrets, Tables, component::Source},
};

#[derive(Debug, Args)]
pub(super) struct SubjectArgs {
    /// A component, a plugin's folder in which one was built, or builtin:NAME
    #[arg(value_name = "PLUGIN", default_value = ".")]
    plugin: PathBuf,
}

/// A component to look at.
pub(super) struct Subject {
    /// What people call it: its path, or `builtin:NAME`.
    pub(super) shown: String,
    /// The name that it logs under.
    pub(super) name: String,
    /// Its bytes.
    pub(super) wasm: Cow<'static, [u8]>,
    /// The tables that it has without being granted any.
    pub(super) tables: Tables,
}

impl SubjectArgs {
    /// Finds and reads it.
    pub(super) fn read(&self) -> anyhow::Result<Subject> {
        match self.plugin.to_str().and_then(builtin::name) {
            Some(name) => embedded(name),
            None if self.plugin.is_dir() => file(&built::component(&self.plugin)?),
            None => file(&self.plugin),
        }
    }
}

fn embedded(name: &str) -> anyhow::Result<Subject> {
    let Some(embedded) = plugin::builtin::plugin(name) else {
        bail!(
            "there is no builtin:{name}; known are {}",
            builtin::PLUGINS
                .map(|known| format!("builtin:{known}"))
                .join(", ")
        );
    };
    Ok(Subject {
        shown: format!("builtin:{name}"),
        name: name.to_owned(),
        wasm: Cow::Borrowed(embedded.wasm),
        tables: plugin::builtin::tables(&embedded),
    })
}

fn file(path: &Path) -> anyhow::Result<Subject> {
    let wasm = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let stem = path.file_stem().unwrap_or_default();
    Ok(Subject {
        shown: path.display().to_string(),
        name: stem.to_string_lossy().into_owned(),
        wasm: Cow::Owned(wasm),
        tables: Tables::new(),
    })
}

impl Subject {
    /// Sets up the plugin host on this machine and compiles the component.
    pub(super) fn compile(&self) -> anyhow::Result<Compiled> {
        let host = Host::new(None)
            .map_err(|error| anyhow::anyhow!("cannot set up the plugin host: {error:#}"))?;
        Compiled::new(&host, &self.wasm).map_err(|error| anyhow::anyhow!("{} {error}", self.shown))
    }

    /// What it is loaded from, without config and with the limits that hold where
    /// nothing else is said.
    pub(super) fn source<'a>(&'a self, component: &'a Compiled) -> Source<'a> {
        Source {
            name: &self.name,
            component,
            config: "{}".to_owned(),
            secrets: Secrets::default(),
            limits: Limits::from(&PluginHost::default()),
            tables: self.tables.clone(),
        }
    }
}
