//! What a component is, told without running it: which world it was built for,
//! what it asks the gateway for, what it offers.
//!
//! An import is what the component *may* call. Compilers leave out what a guest
//! does not use of this contract, but standard libraries bring WASI along
//! whether it is used or not.

use wasmtime::component::types::ComponentItem;

use super::{Compiled, Host, contract::PACKAGE};

/// What a component is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anatomy {
    /// Which world it was built for.
    pub world: World,
    /// What it asks for, in the order of their names, this contract's first.
    /// Interfaces without functions, which only name types, do not count.
    pub imports: Vec<Interface>,
    /// What it offers.
    pub exports: Vec<String>,
}

/// The world that a component was built for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// `transform`: what a chain runs.
    Transform,
    /// `stage`: what runs once an arrival, before the chains.
    Stage,
    /// None of this contract.
    Other,
}

/// An interface that a component imports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name with its version, such as `cdr:plugin/tables@0.1.0`.
    pub name: String,
    /// The functions of it that the component may call; methods by their own
    /// name.
    pub functions: Vec<String>,
}

impl Compiled {
    /// The names of all that it imports, types included.
    pub(super) fn import_names(&self) -> Vec<String> {
        let ty = self.component.component_type();
        let imports = ty.imports(&self.host.engine);
        imports.map(|(name, _)| name.to_owned()).collect()
    }

    /// What it is made of.
    #[must_use]
    pub fn anatomy(&self) -> Anatomy {
        let engine = &self.host.engine;
        let ty = self.component.component_type();
        let imports = ty.imports(engine).map(|(name, import)| Interface {
            name: name.to_owned(),
            functions: functions(&self.host, &import.ty),
        });
        let mut imports: Vec<_> = imports
            .filter(|import| !import.functions.is_empty())
            .collect();
        imports.sort_by_key(|import| (!import.name.starts_with(PACKAGE), import.name.clone()));
        let exports = ty.exports(engine).map(|(name, _)| name.to_owned());
        let exports: Vec<_> = exports.collect();
        Anatomy {
            world: World::of(&exports),
            imports,
            exports,
        }
    }
}

impl Anatomy {
    /// The version of the contract that it was built against; none where it asks
    /// for nothing of it.
    #[must_use]
    pub fn contract(&self) -> Option<&str> {
        let mut ours = self.imports.iter().map(|import| import.name.as_str());
        let name = ours.find_map(|name| name.strip_prefix(PACKAGE))?;
        name.split_once('@').map(|(_, version)| version)
    }
}

impl World {
    /// The world as the WIT calls it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transform => "transform",
            Self::Stage => "stage",
            Self::Other => "other",
        }
    }

    /// What its components export.
    #[must_use]
    pub fn exports(self) -> &'static [&'static str] {
        match self {
            Self::Transform => &["describe", "configure", "process"],
            Self::Stage => &["describe", "configure", "process", "timer"],
            Self::Other => &[],
        }
    }

    fn of(exports: &[String]) -> Self {
        let offers = |name: &&str| exports.iter().any(|export| export == name);
        let offers_all = |world: Self| world.exports().iter().all(offers);
        match offers_all(Self::Transform) {
            true if offers_all(Self::Stage) => Self::Stage,
            true => Self::Transform,
            false => Self::Other,
        }
    }
}

fn functions(host: &Host, item: &ComponentItem) -> Vec<String> {
    match item {
        ComponentItem::ComponentInstance(instance) => {
            let exports = instance.exports(&host.engine);
            exports
                .filter(|(_, export)| matches!(export.ty, ComponentItem::ComponentFunc(_)))
                // `[method]cdr.get` is `get` to whoever wrote it.
                .map(|(name, _)| name.rsplit(['.', ']']).next().unwrap_or(name).to_owned())
                .collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::builtin;

    #[test]
    fn a_plugin_is_told_by_its_exports_and_its_contract_by_its_imports() {
        let host = Host::new(None).unwrap();
        let wasm = builtin::plugin("attribution").unwrap().wasm;
        let anatomy = Compiled::new(&host, wasm).unwrap().anatomy();
        assert_eq!(anatomy.world, World::Transform);
        assert_eq!(anatomy.contract(), Some("0.1.0"));
        let first = &anatomy.imports[0];
        assert!(first.name.starts_with(PACKAGE), "{first:?}");
        let tables = anatomy.imports.iter();
        let tables = tables.filter(|import| import.name.starts_with("cdr:plugin/tables@"));
        let called: Vec<_> = tables.flat_map(|import| &import.functions).collect();
        assert_eq!(called, ["lookup", "lookup-prefix"]);

        for (exports, expected) in [
            (&["wasi:cli/run@0.2.3"][..], World::Other),
            (&["configure", "describe", "process"], World::Transform),
            (&["configure", "describe", "process", "timer"], World::Stage),
        ] {
            let exports: Vec<_> = exports.iter().map(ToString::to_string).collect();
            assert_eq!(World::of(&exports), expected, "{exports:?}");
        }
    }
}
