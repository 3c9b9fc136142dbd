//! How the gateway answers an import: what is always there, what an operator has
//! to grant, and what is sealed.

use serde::Serialize;

use crate::plugin::Capability;

/// How an interface is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    /// Every plugin has it, or every stage.
    Always,
    /// Lookup tables, by name.
    Tables,
    /// Keys and values that outlive a record.
    State,
    /// HTTP to hosts that are named.
    Hosts,
    /// Stands still without the grant.
    Clock,
    /// Repeats itself without the grant.
    Random,
    /// It can be called, and there is nothing behind it.
    Sealed,
    /// No plugin is given it: a component that asks for it is not loaded.
    Unknown,
}

impl Access {
    pub(super) fn of(interface: &str) -> Self {
        match Capability::of_import(interface) {
            Capability::Basic | Capability::Derived => Self::Always,
            Capability::Sealed => Self::Sealed,
            Capability::Tables => Self::Tables,
            Capability::Clock => Self::Clock,
            Capability::Random => Self::Random,
            Capability::State => Self::State,
            Capability::Outgoing => Self::Hosts,
            Capability::Refused => Self::Unknown,
        }
    }

    /// The same in words; what is in the configuration stands as it is written
    /// there.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Always => "always there",
            Self::Tables => "grant by name: tables = [\"NAME\"]",
            Self::State => "grant: grant.state = { … }",
            Self::Hosts => "grant by name: grant.hosts = [\"HOST\"]",
            Self::Clock => "stands still; grant: grant.clock = true",
            Self::Random => "repeats itself; grant: grant.random = true",
            Self::Sealed => "sealed, nothing is behind it",
            Self::Unknown => "not given to plugins: it will not be loaded",
        }
    }
}
