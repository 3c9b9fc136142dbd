//! Takes the numbers of ID cards and bank cards, and e-mail addresses, out of
//! records.
//!
//! - Every string and number of the record is searched, member names too, or the
//!   places that the config names.
//! - Numbers count only with a valid check digit, a known prefix or region, and
//!   as whole groups of digits, so that call ids, order numbers and times stay.
//! - Phone numbers stay: they are the business of `phone-mask`, which comes after
//!   this plugin, since it would damage a longer number that holds a known one.
//! - At the sender's number places only e-mail addresses are looked for.
//!
//! It fails, and so suspends the record, where the gateway refuses an edit.

mod bank_card;
mod card;
mod config;
mod email;
mod id_card;
mod kind;
mod value;

use std::collections::BTreeMap;

use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Match, Plugin, Verdict, count};

use self::{
    config::{Config, KIND},
    kind::Kind,
    value::redacted,
};

/// The kind of a value that is replaced whole.
const WHOLE: &str = "value";

/// Digits of the shortest number that is looked for.
const FEWEST_DIGITS: u32 = 14;

/// The plugin.
#[derive(Debug)]
pub struct Redact {
    config: Config,
    emails: Vec<Kind>,
}

impl Plugin for Redact {
    type Config = Config;

    fn configure(config: Config) -> Result<Self, ConfigErrors> {
        let is_email = |kind: &&Kind| **kind == Kind::Email;
        let emails = config.find.iter().filter(is_email).copied().collect();
        config.check().or_else_make(|| Self { config, emails })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        let mut counts = BTreeMap::new();
        for pattern in &self.config.whole {
            self.replace(cdr, &cdr.select(pattern), &mut counts)?;
        }
        if self.config.only_in.is_empty() {
            self.search(cdr, &cdr.numbers(), &self.emails, &mut counts)?;
            self.search(
                cdr,
                &cdr.texts(self.fewest_digits()),
                &self.config.find,
                &mut counts,
            )?;
            self.rename(cdr, &mut counts)?;
        }
        for pattern in &self.config.only_in {
            self.search(cdr, &cdr.select(pattern), &self.config.find, &mut counts)?;
        }
        for (kind, found) in counts {
            count(&format!("redacted.{kind}"), found);
        }
        Ok(Verdict::Keep)
    }
}

/// What was found, by kind.
type Counts = BTreeMap<&'static str, u64>;

impl Redact {
    fn replace(&self, cdr: Cdr<'_>, found: &[Match], counts: &mut Counts) -> Result<(), Fault> {
        let replacement = serde_json::Value::from(self.instead(WHOLE)).to_string();
        for found in found {
            if !matches!(found.json.as_str(), "null" | "\"\"") {
                cdr.set_json(&found.pointer, &replacement)?;
                *counts.entry(WHOLE).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Members with a duplicated key share a pointer and are all replaced, so where
    /// one of them has to be, all become what the last one does: that is the one
    /// that receivers read.
    fn search(
        &self,
        cdr: Cdr<'_>,
        matches: &[Match],
        kinds: &[Kind],
        counts: &mut Counts,
    ) -> Result<(), Fault> {
        if kinds.is_empty() {
            return Ok(());
        }
        for (index, found) in matches.iter().enumerate() {
            let mut note = |kind: Kind| *counts.entry(kind.as_str()).or_default() += 1;
            let instead = |kind: Kind| self.instead(kind.as_str());
            let Some(json) = redacted(&found.json, kinds, &instead, &mut note) else {
                continue;
            };
            let later = matches.iter().skip(index + 1);
            let last = later.rev().find(|later| later.pointer == found.pointer);
            cdr.set_json(&found.pointer, last.map_or(&json, |last| &last.json))?;
        }
        Ok(())
    }

    /// Inner names before those that they stand in, so that the pointers hold. Where
    /// two of an object come to the same, a count makes them distinct.
    fn rename(&self, cdr: Cdr<'_>, counts: &mut Counts) -> Result<(), Fault> {
        for found in cdr.names(self.fewest_digits()).iter().rev() {
            let mut note = |kind: Kind| *counts.entry(kind.as_str()).or_default() += 1;
            let instead = |kind: Kind| self.instead(kind.as_str());
            let Some(json) = redacted(&found.json, &self.config.find, &instead, &mut note) else {
                continue;
            };
            let name: String = serde_json::from_str(&json)?;
            cdr.rename_distinct(&found.pointer, &name)?;
        }
        Ok(())
    }

    /// Digits that a text has at least in which something can be found: an address
    /// needs none.
    fn fewest_digits(&self) -> u32 {
        if self.emails.is_empty() {
            FEWEST_DIGITS
        } else {
            0
        }
    }

    fn instead(&self, kind: &str) -> String {
        self.config.replacement.replace(KIND, kind)
    }
}

cdr_plugin_sdk::export!(Redact, name = "redact");

#[cfg(test)]
mod tests;
