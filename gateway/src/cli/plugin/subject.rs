//! The component that a command is about: a file, one that comes with the
//! gateway, or the one that was built in a plugin's folder.

mod built;

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::Args;

use super::super::print;
use crate::{
    case::run::Component,
    config::{builtin, model::PluginHost},
    plugin::{
        self, CompileCache, Compiled, Grants, Host, Limits, Secrets, Tables, anatomy::World,
        component::Source,
    },
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
    /// Where it stands; none of one that comes with the gateway.
    place: Option<Place>,
}

/// Where a component stands.
struct Place {
    file: PathBuf,
    /// The plugin's folder, if that was what was named.
    folder: Option<PathBuf>,
}

impl SubjectArgs {
    /// Finds and reads it.
    pub(super) fn read(&self) -> anyhow::Result<Subject> {
        match self.plugin.to_str().and_then(builtin::name) {
            Some(name) => embedded(name),
            None if self.plugin.is_dir() => {
                let here = self.plugin == Path::new(".");
                let folder = if here { Path::new("") } else { &self.plugin };
                file(built::component(folder)?, Some(folder.to_owned()))
            }
            None => file(self.plugin.clone(), None),
        }
    }

    /// The argument as it was typed, with a space before it; nothing where it may
    /// be left out.
    pub(super) fn as_typed(&self) -> String {
        if self.plugin == Path::new(".") {
            String::new()
        } else {
            format!(" {}", self.plugin.display())
        }
    }
}

/// Folders above a component in which its cases are looked for: cargo builds four
/// deep.
const MAX_ABOVE: usize = 6;

/// Where compiled components are kept, so that a large one starts at once the
/// second time; none where the user has no such place.
fn cache() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = set("XDG_CACHE_HOME").map(PathBuf::from);
    let base = base.or_else(|| Some(PathBuf::from(set("HOME")?).join(".cache")))?;
    base.is_absolute().then(|| base.join("cdr-gateway/plugins"))
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
        place: None,
    })
}

fn file(path: PathBuf, folder: Option<PathBuf>) -> anyhow::Result<Subject> {
    let wasm = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let stem = path.file_stem().unwrap_or_default();
    Ok(Subject {
        shown: path.display().to_string(),
        name: stem.to_string_lossy().into_owned(),
        wasm: Cow::Owned(wasm),
        tables: Tables::new(),
        place: Some(Place { file: path, folder }),
    })
}

impl Subject {
    /// Where its cases are: in its folder, or in the nearest folder above it that
    /// has some.
    pub(super) fn cases(&self) -> anyhow::Result<PathBuf> {
        const CASES: &str = "cases";
        let Some(place) = &self.place else {
            bail!("say with --cases where cases for {} are", self.shown);
        };
        if let Some(folder) = &place.folder {
            return Ok(folder.join(CASES));
        }
        let file = std::path::absolute(&place.file)?;
        let above = file.ancestors().skip(1).map(|above| above.join(CASES));
        let beside = place.file.with_file_name(CASES);
        Ok(above
            .take(MAX_ABOVE)
            .find(|it| it.is_dir())
            .unwrap_or(beside))
    }

    /// Says so where its sources were changed since it was built.
    pub(super) fn warn_if_stale(&self) -> std::io::Result<()> {
        let Some(Place {
            file,
            folder: Some(folder),
        }) = &self.place
        else {
            return Ok(());
        };
        match built::newer_source(folder, file) {
            Some(source) => print::line(format!(
                "{} was changed since {} was built; `cdr-gateway plugin build` takes it in\n",
                source.display(),
                file.display()
            )),
            None => Ok(()),
        }
    }

    /// Sets up the plugin host on this machine and compiles the component, or finds
    /// it compiled already. It has to be one that a chain runs.
    pub(super) fn compile(&self) -> anyhow::Result<Compiled> {
        let compiled = self.compile_with(cache().as_deref())?;
        if compiled.anatomy().world == World::Stage {
            bail!(
                "{} is a stage: only plugins of chains have cases; `cdr-gateway plugin inspect` tells of both",
                self.shown
            );
        }
        Ok(compiled)
    }

    /// The same without a look at what was compiled before.
    pub(super) fn compile_anew(&self) -> anyhow::Result<Compiled> {
        self.compile_with(None)
    }

    fn compile_with(&self, cache: Option<&Path>) -> anyhow::Result<Compiled> {
        let cache = cache.map(|directory| CompileCache {
            directory,
            max_bytes: PluginHost::default().max_cache_bytes,
        });
        let host = Host::new(cache)
            .map_err(|error| anyhow::anyhow!("cannot set up the plugin host: {error:#}"))?;
        Compiled::new(&host, &self.wasm).map_err(|error| anyhow::anyhow!("{} {error}", self.shown))
    }

    /// What cases are run on.
    pub(super) fn component<'a>(&'a self, compiled: &'a Compiled) -> Component<'a> {
        Component {
            name: &self.name,
            compiled,
            tables: self.tables.clone(),
        }
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
            grants: Grants::default(),
        }
    }
}
