//! The standard plugin `phone-mask`: no phone number leaves whole.
//!
//! - Every number place of the sender's dialect is masked, whoever's number it
//!   is: the user's, the agent's, the service's.
//! - Free text is searched: remarks, data of the customer's own, URLs, JSON in
//!   a string. Valid phone numbers in it are masked, and so are the digits of
//!   every number that the record holds elsewhere.
//! - The first and last digits of the *national* number stay. What stands
//!   before it (0086, +86, a trunk zero) stays too, and so do separators.
//! - What is masked already stays as it is; so do extensions and short codes
//!   (six digits and fewer) and the ids in `ProtectedCaller`/`ProtectedCallee`.
//! - UUIDs and long hexadecimal words are identifiers: only known numbers are
//!   masked in them.
//!
//! - Names of members are masked as free text is. Where two of an object come
//!   to the same, a count makes them distinct: `131****6789`, `131****6789#2`.
//! - JSON numbers outside number places are masked where they are mobile
//!   numbers or hold a number that stands elsewhere in the record. A JSON number
//!   that is masked becomes a string.
//!
//! It fails, and so suspends the record, where the gateway refuses an edit.

mod field;
mod keep;
mod needle;
mod nested;
mod record;

use cdr_plugin_sdk::{Cdr, ConfigErrors, EditError, Fault, Plugin, Verdict, count};
use schemars::JsonSchema;
use serde::Deserialize;

use keep::Keep;

/// The most that may stay visible at the front: more digits than these tell
/// nothing new about where a mobile number is registered.
const MOST_FIRST: usize = 7;

/// The most that may stay visible at the end: what egress contracts allow.
const MOST_LAST: usize = 4;

/// Fewer digits make no phone number.
const FEWEST_DIGITS: u32 = 7;

/// How numbers are masked.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Digits of the national number that stay visible at the front, 0 to 7.
    /// Fewer stay where less than 4 digits would be hidden.
    #[schemars(range(min = 0, max = 7))]
    keep_first: usize,
    /// Digits that stay visible at the end, 0 to 4.
    #[schemars(range(min = 0, max = 4))]
    keep_last: usize,
    /// Whether numbers are also looked for outside the sender's number places:
    /// in remarks, URLs and other texts, in names of members and JSON numbers.
    free_text: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keep_first: 3,
            keep_last: 4,
            free_text: true,
        }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct PhoneMask {
    keep: Keep,
    free_text: bool,
}

impl Plugin for PhoneMask {
    type Config = Config;

    fn configure(config: Config) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        if config.keep_first > MOST_FIRST {
            errors.push("/keep_first", format!("must be at most {MOST_FIRST}"));
        }
        if config.keep_last > MOST_LAST {
            errors.push("/keep_last", format!("must be at most {MOST_LAST}"));
        }
        errors.or_else_make(|| Self {
            keep: Keep {
                first: config.keep_first,
                last: config.keep_last,
            },
            free_text: config.free_text,
        })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        let numbers = cdr.numbers();
        let texts = if self.free_text {
            cdr.texts(FEWEST_DIGITS)
        } else {
            Vec::new()
        };
        let names = if self.free_text {
            cdr.names(FEWEST_DIGITS)
        } else {
            Vec::new()
        };
        let edits = record::edits(&numbers, &texts, &names, self.keep);
        let masked = edits.values.len() + edits.names.len();
        if masked > 0 {
            count("masked_fields", masked as u64);
        }
        for edit in edits.values {
            cdr.set_json(edit.pointer, &edit.json)?;
        }
        for edit in edits.names {
            rename(cdr, edit.pointer, &edit.json)?;
        }
        Ok(Verdict::Keep)
    }
}

/// Two numbers may look the same once they are masked.
fn rename(cdr: Cdr<'_>, pointer: &str, name: &str) -> Result<(), Fault> {
    let name: String = serde_json::from_str(name)?;
    let mut renamed = cdr.rename(pointer, &name);
    for count in 2_u32.. {
        let Err(EditError::NameTaken) = renamed else {
            break;
        };
        renamed = cdr.rename(pointer, &format!("{name}#{count}"));
    }
    renamed?;
    Ok(())
}

cdr_plugin_sdk::export!(PhoneMask, name = "phone-mask");

#[cfg(test)]
mod tests;
