//! The standard plugin `attribution`: where the numbers of a call are
//! registered.
//!
//! It fills what is empty in `TelLocation` (province, city, operator of the
//! user's number) and in `CallerLocation` (the same in one string), and adds
//! `CalleeLocation` likewise. Numbers are looked up by longest prefix in a
//! table of the gateway, as complete national numbers.
//!
//! - What the sender wrote stays; where it names another place, so does the
//!   rest of it.
//! - Only Chinese mobile and landline numbers have a place. Masked numbers,
//!   400 numbers, extensions and numbers of other countries add nothing.
//! - The user's own side (the caller of an inbound call, the callee of an
//!   outbound one) and `TelLocation.TelNumber` are the same number: where one is
//!   masked or empty the other serves, unless the digits that are visible
//!   contradict.
//! - No number is written anywhere.
//! - Records of other kinds than `cdr` stay as they are.
//!
//! It fails, and so suspends the record, where the table is not one of prefix,
//! province, city and operator, or the gateway refuses an edit. A field of an
//! unexpected type counts as unknown.

mod fill;
mod reading;
mod registration;

use cdr_plugin_sdk::{
    Cdr, ConfigErrors, Direction, Fault, Kind, Place, Plugin, Shape, Verdict, tables,
    tables::TableError,
};
use schemars::JsonSchema;
use serde::Deserialize;

use reading::Reading;
use registration::Registration;

/// Where attributions come from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Name of the lookup table: prefixes of national numbers, with the columns
    /// `province`, `city` and `operator`. It must be granted under `tables`.
    table: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            table: "attribution".to_owned(),
        }
    }
}

/// The plugin.
#[derive(Debug)]
pub struct Attribution {
    table: String,
}

impl Plugin for Attribution {
    type Config = Config;

    fn configure(config: Config) -> Result<Self, ConfigErrors> {
        // No record should be what finds out that the table is missing.
        match tables::lookup(&config.table, "") {
            Ok(_) => Ok(Self {
                table: config.table,
            }),
            Err(error) => Err(ConfigErrors::at("/table", error.to_string())),
        }
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        if cdr.kind() != Kind::Cdr {
            return Ok(Verdict::Keep);
        }
        let call = cdr.tccc().call();
        let location = call.tel_location();
        let calling = Reading::of(value(&call.caller()).as_deref());
        let called = Reading::of(value(&call.callee()).as_deref());
        let tel = Reading::of(value(&location.tel_number()).as_deref());
        let nothing = Reading::Elsewhere;
        let (from_tel, to_tel, user) = match value(&call.direction()) {
            Some(Direction::Inbound) => (&tel, &nothing, &calling),
            Some(Direction::Outbound) => (&nothing, &tel, &called),
            _ => (&nothing, &nothing, &nothing),
        };

        let from = self.find(calling.or(from_tel))?;
        let to = self.find(called.or(to_tel))?;
        fill::line(cdr, call.caller_location().pointer(), from.as_ref())?;
        fill::line(cdr, call.callee_location().pointer(), to.as_ref())?;
        if let Some(found) = self.find(tel.or(user))? {
            fill::location(cdr, &location, &found)?;
        }
        Ok(Verdict::Keep)
    }
}

impl Attribution {
    fn find(&self, national: Option<&str>) -> Result<Option<Registration>, TableError> {
        let found = national.map(|national| Registration::find(&self.table, national));
        found.transpose().map(Option::flatten)
    }
}

/// What stands at a place; a value of another type is none, since an
/// attribution is no reason to hold a record back.
fn value<S: Shape>(place: &Place<'_, S>) -> Option<S::Value> {
    place.get().ok().flatten()
}

cdr_plugin_sdk::export!(Attribution, name = "attribution");

#[cfg(test)]
mod tests;
