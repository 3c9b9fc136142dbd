//! The standard plugin `phone-mask`: no phone number leaves whole.
//!
//! - Every number place of the sender's dialect is masked, whoever's number it
//!   is: the user's, the agent's, the service's.
//! - Free text is searched: remarks, data of the customer's own, URLs, JSON in
//!   a string. Valid phone numbers in it are masked, and so are the digits of
//!   every number that the record holds elsewhere.
//! - What stands in the place of a number is the [`Mode`](config::Mode): its
//!   first and last digits, nothing, a keyed pseudonym, or another number.
//! - With `keep`, the first and last digits of the *national* number stay. What
//!   stands before it (0086, +86, a trunk zero) stays too, and so do separators.
//! - What is masked already stays as it is; so do extensions and short codes
//!   (six digits and fewer) and the ids in `ProtectedCaller`/`ProtectedCallee`.
//! - UUIDs and long hexadecimal words are identifiers: only known numbers are
//!   masked in them.
//! - Locations become less precise where they would give back what is hidden.
//!
//! - Names of members are treated as free text is. Where two of an object come
//!   to the same, a count makes them distinct: `131****6789`, `131****6789#2`.
//! - JSON numbers outside number places are masked where they are mobile
//!   numbers or hold a number that stands elsewhere in the record. A JSON number
//!   that is masked becomes a string.
//!
//! It fails, and so suspends the record, where the gateway refuses an edit.

mod config;
mod encrypt;
mod field;
mod keep;
mod key;
mod known;
mod location;
mod pseudonym;
mod record;
mod removed;
mod substitute;

use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Plugin, Verdict, count};

use config::Config;
use field::Change;
use location::Detail;
use record::What;
use substitute::Substitute;

/// Fewer digits make no phone number.
const FEWEST_DIGITS: u32 = 7;

/// The plugin.
#[derive(Debug)]
pub struct PhoneMask {
    substitute: Substitute,
    location: Detail,
    free_text: bool,
}

impl Plugin for PhoneMask {
    type Config = Config;

    fn configure(config: Config) -> Result<Self, ConfigErrors> {
        let mut errors = ConfigErrors::new();
        let substitute = config.substitute(&mut errors);
        match substitute {
            Some(substitute) if errors.is_empty() => Ok(Self {
                substitute,
                location: config.detail(),
                free_text: config.free_text,
            }),
            _ => Err(errors),
        }
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        let numbers = cdr.numbers();
        let (texts, names) = if self.free_text {
            (cdr.texts(FEWEST_DIGITS), cdr.names(FEWEST_DIGITS))
        } else {
            Default::default()
        };
        let edits = record::edits(&numbers, &texts, &names, &self.substitute);
        if !edits.is_empty() {
            count("masked_fields", edits.len() as u64);
        }
        for edit in edits {
            match (edit.what, edit.change) {
                (What::Value, Change::Set(json)) => cdr.set_json(edit.pointer, &json)?,
                (What::Name, Change::Set(name)) => rename(cdr, edit.pointer, &name)?,
                (_, Change::Remove) => {
                    cdr.remove(edit.pointer);
                }
            }
        }
        self.location.generalise(cdr)?;
        Ok(Verdict::Keep)
    }
}

/// Two numbers may look the same once they are masked.
fn rename(cdr: Cdr<'_>, pointer: &str, name: &str) -> Result<(), Fault> {
    let name: String = serde_json::from_str(name)?;
    cdr.rename_distinct(pointer, &name)?;
    Ok(())
}

cdr_plugin_sdk::export!(PhoneMask, name = "phone-mask");

#[cfg(test)]
mod tests;
