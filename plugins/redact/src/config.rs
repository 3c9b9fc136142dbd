//! The config as operators write it.

use cdr_plugin_sdk::ConfigErrors;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::kind::Kind;

/// What stands in a replacement for what was found.
pub const KIND: &str = "{kind}";

/// A replacement with more digits could itself read as a phone number.
const MOST_DIGITS: usize = 6;

/// What is taken out, where, and what stands there instead.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// What is looked for; all of it if not set.
    #[schemars(length(min = 1))]
    pub find: Vec<Kind>,
    /// JSON Pointers of the only places to look in, `*` for every element of an
    /// array. If empty, the whole record is searched.
    pub only_in: Vec<String>,
    /// JSON Pointers of values that are replaced whole, whatever they are, unless
    /// they are null or empty.
    pub whole: Vec<String>,
    /// What stands instead. `{kind}` is what was found: `id_card`, `bank_card`,
    /// `email`, or `value` for one that is replaced whole.
    pub replacement: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            find: Kind::ALL.to_vec(),
            only_in: Vec::new(),
            whole: Vec::new(),
            replacement: format!("[{KIND}]"),
        }
    }
}

impl Config {
    /// Everything that is wrong.
    pub fn check(&self) -> ConfigErrors {
        let mut errors = ConfigErrors::new();
        if self.find.is_empty() {
            errors.push(
                "/find",
                "must name at least one of `id_card`, `bank_card` and `email`",
            );
        }
        for (key, pointers) in [("only_in", &self.only_in), ("whole", &self.whole)] {
            for (index, pointer) in pointers.iter().enumerate() {
                errors.check_pointer(&format!("/{key}/{index}"), pointer);
            }
        }
        let digits = self.replacement.chars().filter(|char| char.is_numeric());
        if digits.count() > MOST_DIGITS {
            errors.push(
                "/replacement",
                format!("must have at most {MOST_DIGITS} digits"),
            );
        }
        errors
    }
}
