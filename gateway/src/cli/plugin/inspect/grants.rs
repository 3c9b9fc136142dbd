//! How the gateway answers an import: what is always there, what an operator has
//! to grant, and what is sealed.

use serde::Serialize;

use crate::plugin::anatomy::PACKAGE;

/// How an interface is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Access {
    /// Every plugin has it.
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

/// What begins with this is answered so; the first that fits counts.
const BY_PREFIX: [(&str, Access); 5] = [
    ("wasi:clocks/", Access::Clock),
    ("wasi:random/", Access::Random),
    ("wasi:cli/", Access::Sealed),
    ("wasi:io/", Access::Sealed),
    ("", Access::Unknown),
];

impl Access {
    pub(super) fn of(interface: &str) -> Self {
        if let Some(ours) = interface.strip_prefix(PACKAGE) {
            return match ours.split_once('@').map_or(ours, |(name, _)| name) {
                "tables" => Self::Tables,
                "state" | "timers" => Self::State,
                "outgoing" => Self::Hosts,
                "record" | "host" | "types" | "derived" | "outcomes" => Self::Always,
                _ => Self::Unknown,
            };
        }
        let mut known = BY_PREFIX.into_iter();
        known
            .find_map(|(prefix, access)| interface.starts_with(prefix).then_some(access))
            .unwrap_or(Self::Unknown)
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

#[cfg(test)]
mod tests {
    use super::Access;

    #[test]
    fn what_needs_a_grant_is_told_from_what_is_always_there() {
        for (interface, expected) in [
            ("cdr:plugin/record@0.1.0", Access::Always),
            ("cdr:plugin/tables@0.1.0", Access::Tables),
            ("cdr:plugin/timers@0.1.0", Access::State),
            ("cdr:plugin/outgoing@0.1.0", Access::Hosts),
            ("cdr:plugin/teleport@0.1.0", Access::Unknown),
            ("wasi:clocks/wall-clock@0.2.6", Access::Clock),
            ("wasi:random/insecure-seed@0.2.6", Access::Random),
            ("wasi:filesystem/preopens@0.2.6", Access::Unknown),
            ("wasi:http/outgoing-handler@0.2.6", Access::Unknown),
        ] {
            assert_eq!(Access::of(interface), expected, "{interface}");
        }
    }
}
