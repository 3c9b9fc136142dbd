//! Calls one function of the contract a thousand times for each record, so that
//! what a call costs can be measured. The config names the function.

use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Level, Plugin, Verdict, count, log, tables};
use schemars::JsonSchema;
use serde::Deserialize;

/// Calls for each record.
pub const CALLS: u32 = 1000;

/// The config.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallsConfig {
    /// The function, by its name in the contract; anything else calls nothing.
    function: String,
}

/// The configured plugin.
#[derive(Debug)]
pub struct Calls {
    function: String,
}

impl Plugin for Calls {
    type Config = CallsConfig;

    fn configure(config: CallsConfig) -> Result<Self, ConfigErrors> {
        Ok(Self {
            function: config.function,
        })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        let whole = cdr.text();
        for index in 0..CALLS {
            self.call(cdr, index, &whole)?;
        }
        Ok(Verdict::Keep)
    }
}

impl Calls {
    fn call(&self, cdr: Cdr<'_>, index: u32, whole: &str) -> Result<(), Fault> {
        let even = index.is_multiple_of(2);
        match self.function.as_str() {
            "get" => drop(cdr.json("/Duration")),
            "select" => drop(cdr.select("/ServeParticipants/*/Phone")),
            "numbers" => drop(cdr.numbers()),
            "texts" => drop(cdr.texts(7)),
            "names" => drop(cdr.names(7)),
            "set" => cdr.set_json("/Duration", if even { "1" } else { "2" })?,
            "set-remove" => {
                cdr.set_json("/Added", "1")?;
                cdr.remove("/Added");
            }
            "rename" => {
                let (from, to) = if even {
                    ("/Uui", "Uuj")
                } else {
                    ("/Uuj", "Uui")
                };
                cdr.rename(from, to)?;
            }
            "text" => drop(cdr.text()),
            "replace" => cdr.replace(whole)?,
            "tag" => drop(cdr.tag("vip")),
            "set-tag" => cdr.set_tag("vip", "yes"),
            "tags" => drop(cdr.tags()),
            "id" => drop(cdr.id()),
            "lookup" => drop(tables::lookup("t", "0755")),
            "lookup-prefix" => drop(tables::longest_prefix("t", "075588886666")),
            "log" => log(Level::Debug, "one line"),
            "count" => count("calls", 1),
            _ => {}
        }
        Ok(())
    }
}

cdr_plugin_sdk::export!(Calls, name = "calls");
