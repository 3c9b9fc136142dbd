//! What guests may reach beyond the record: which capability an import stands
//! for, and what of that a plugin was granted.
//!
//! A component is judged by its type, before anything of it runs. What no plugin
//! is given (files, sockets, HTTP of its own, and whatever nobody knows) is
//! refused by name: it would be out of reach anyway, but who asks for it was
//! written to use it. Clock and randomness come with every standard library, so
//! without a grant they are there and have nothing to tell ([`super::wasi`]).

use std::fmt;

use super::{
    Compiled, LoadError,
    anatomy::{Anatomy, World},
    contract,
};
use crate::config::model;

/// What a plugin was granted of what changes from run to run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants {
    /// The time.
    pub clock: bool,
    /// Random numbers.
    pub random: bool,
}

impl From<&model::Grant> for Grants {
    fn from(grant: &model::Grant) -> Self {
        Self {
            clock: grant.clock,
            random: grant.random,
        }
    }
}

/// What an import gives access to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// What every plugin has: the record, log and counters.
    Basic,
    /// What can be called and has nothing behind it: the standard streams and
    /// environment of WASI.
    Sealed,
    /// Lookup tables: those that `tables` names.
    Tables,
    /// The time: stands still without `grant.clock`.
    Clock,
    /// Random numbers: repeat without `grant.random`.
    Random,
    /// What every stage has: its words for what became of a record, and records of
    /// its own.
    Derived,
    /// State and timers of a stage: `grant.state`.
    State,
    /// HTTP of a stage: to the hosts of `grant.hosts`.
    Outgoing,
    /// What no plugin is given.
    Refused,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Basic => "basic",
            Self::Sealed => "sealed",
            Self::Tables => "tables",
            Self::Clock => "clock",
            Self::Random => "random",
            Self::Derived => "derived",
            Self::State => "state",
            Self::Outgoing => "hosts",
            Self::Refused => "refused",
        })
    }
}

/// Interfaces by name, or by the beginning of it that ends in a slash.
const KNOWN: [(&str, Capability); 13] = [
    ("cdr:plugin/record", Capability::Basic),
    ("cdr:plugin/host", Capability::Basic),
    ("cdr:plugin/types", Capability::Basic),
    ("cdr:plugin/tables", Capability::Tables),
    ("cdr:plugin/derived", Capability::Derived),
    ("cdr:plugin/outcomes", Capability::Derived),
    ("cdr:plugin/state", Capability::State),
    ("cdr:plugin/timers", Capability::State),
    ("cdr:plugin/outgoing", Capability::Outgoing),
    ("wasi:clocks/", Capability::Clock),
    ("wasi:random/", Capability::Random),
    ("wasi:cli/", Capability::Sealed),
    ("wasi:io/", Capability::Sealed),
];

impl Capability {
    /// What the interface of this full name, such as
    /// `wasi:clocks/wall-clock@0.2.6`, gives access to.
    #[must_use]
    pub fn of_import(name: &str) -> Self {
        let (interface, _) = name.split_once('@').unwrap_or((name, ""));
        let is_known = |(known, _): &&(&str, Self)| {
            interface == *known || (known.ends_with('/') && interface.starts_with(known))
        };
        KNOWN
            .iter()
            .find(is_known)
            .map_or(Self::Refused, |(_, it)| *it)
    }

    /// Whether a transform can have it. What remembers or asks others is a
    /// stage's.
    fn is_for_transforms(self) -> bool {
        matches!(
            self,
            Self::Basic | Self::Sealed | Self::Tables | Self::Clock | Self::Random
        )
    }
}

/// What a plugin is used by, and what it therefore has to be.
struct Use {
    user: &'static str,
    world: World,
    gives: fn(Capability) -> bool,
}

const TRANSFORMS: Use = Use {
    user: "chain",
    world: World::Transform,
    gives: Capability::is_for_transforms,
};

const STAGES: Use = Use {
    user: "stage",
    world: World::Stage,
    gives: |capability| capability != Capability::Refused,
};

/// Whether a component is a transform that this gateway runs.
///
/// # Errors
/// With the version that is not served, what it lacks of the world, or what it asks
/// for that no transform is given.
pub(super) fn admit_transform(component: &Compiled) -> Result<(), LoadError> {
    contract::check(&component.import_names())?;
    admit(&component.anatomy(), &TRANSFORMS)
}

/// Whether a component is a stage that this gateway runs.
///
/// # Errors
/// As those of [`admit_transform`].
pub(super) fn admit_stage(component: &Compiled) -> Result<(), LoadError> {
    contract::check(&component.import_names())?;
    admit(&component.anatomy(), &STAGES)
}

fn admit(anatomy: &Anatomy, usage: &Use) -> Result<(), LoadError> {
    let exported = |name: &&&str| anatomy.exports.iter().any(|export| export == **name);
    let missing = usage.world.exports().iter();
    let missing = missing.filter(|name| !exported(name));
    let missing: Vec<_> = missing.copied().collect();
    if !missing.is_empty() {
        return Err(LoadError::OtherWorld {
            missing: missing.join(", "),
            user: usage.user,
            world: usage.world.as_str(),
        });
    }
    let names = anatomy.imports.iter().map(|import| import.name.as_str());
    let refused = names.filter(|name| !(usage.gives)(Capability::of_import(name)));
    let refused: Vec<_> = refused.collect();
    if refused.is_empty() {
        Ok(())
    } else {
        Err(LoadError::NotGiven {
            imports: refused.join(", "),
            user: usage.user,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plugin::anatomy::Interface;

    #[test]
    fn an_import_stands_for_a_capability() {
        let cases = [
            ("cdr:plugin/record@0.1.0", Capability::Basic),
            ("cdr:plugin/tables@0.1.0", Capability::Tables),
            ("cdr:plugin/outgoing@0.1.0", Capability::Outgoing),
            ("cdr:plugin/timers@0.1.0", Capability::State),
            ("cdr:plugin/derived@0.1.0", Capability::Derived),
            ("cdr:plugin/tablets@0.1.0", Capability::Refused),
            ("wasi:clocks/monotonic-clock@0.2.6", Capability::Clock),
            ("wasi:random/insecure-seed@0.2.6", Capability::Random),
            ("wasi:io/poll@0.2.0", Capability::Sealed),
            ("wasi:filesystem/types@0.2.0", Capability::Refused),
            ("wasi:sockets/tcp@0.2.0", Capability::Refused),
            ("wasi:http/outgoing-handler@0.2.0", Capability::Refused),
            ("wasi:clocksmith/x", Capability::Refused),
            ("run", Capability::Refused),
        ];
        for (name, expected) in cases {
            assert_eq!(Capability::of_import(name), expected, "{name}");
        }
    }

    #[test]
    fn a_component_is_judged_by_its_type() {
        let ours = "cdr:plugin/record@0.1.0";
        let cases: [(&[&str], &[&str], &str); 5] = [
            (
                &[ours, "wasi:io/poll@0.2.0"],
                World::Transform.exports(),
                "",
            ),
            (&[ours], &["describe"], "does not export configure, process"),
            (
                &["wasi:cli/exit@0.2.0"],
                &["wasi:cli/run@0.2.0"],
                "does not export",
            ),
            (
                &[ours, "wasi:sockets/tcp@0.2.0", "env:x/y"],
                World::Transform.exports(),
                "imports wasi:sockets/tcp@0.2.0, env:x/y, which",
            ),
            (
                &[ours, "cdr:plugin/state@0.1.0"],
                World::Transform.exports(),
                "cdr:plugin/state",
            ),
        ];
        for (imports, exports, expected) in cases {
            let interface = |name: &&str| Interface {
                name: (*name).to_owned(),
                functions: vec!["run".to_owned()],
            };
            let anatomy = Anatomy {
                world: World::Other,
                imports: imports.iter().map(interface).collect(),
                exports: exports.iter().map(ToString::to_string).collect(),
            };
            let said = admit(&anatomy, &TRANSFORMS);
            let said = said.map_or_else(|error| error.to_string(), |()| String::new());
            assert!(said.contains(expected), "{imports:?}: {said}");
            assert_eq!(said.is_empty(), expected.is_empty(), "{imports:?}: {said}");
        }
    }

    #[test]
    fn only_stages_remember_and_ask() {
        let given = |name: &str| {
            let capability = Capability::of_import(name);
            ((TRANSFORMS.gives)(capability), (STAGES.gives)(capability))
        };
        assert_eq!(given("cdr:plugin/state@0.1.0"), (false, true));
        assert_eq!(given("cdr:plugin/outgoing@0.1.0"), (false, true));
        assert_eq!(given("cdr:plugin/derived@0.1.0"), (false, true));
        assert_eq!(given("cdr:plugin/tables@0.1.0"), (true, true));
        assert_eq!(given("wasi:sockets/tcp@0.2.0"), (false, false));
    }
}
