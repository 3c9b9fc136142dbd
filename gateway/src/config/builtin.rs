//! What comes with the gateway, named `builtin:NAME`.

/// The prefix of such names.
pub const PREFIX: &str = "builtin:";

/// The plugins.
pub const PLUGINS: [&str; 6] = [
    "phone-mask",
    "attribution",
    "filter",
    "map",
    "redact",
    "sessionize",
];

/// Those of them that are stages.
pub const STAGES: [&str; 1] = ["sessionize"];

/// The tables.
pub const TABLES: [&str; 1] = ["attribution"];

/// The name after the prefix; none where there is no prefix.
#[must_use]
pub fn name(target: &str) -> Option<&str> {
    target.strip_prefix(PREFIX)
}
