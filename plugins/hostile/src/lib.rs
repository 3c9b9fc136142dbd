//! A plugin that misbehaves on demand, for the gateway's tests of its limits.
//!
//! What it does is said by the record's `/Uui`, or where that names nothing
//! known, by the config key `process`; else it keeps the record. The config key
//! `configure` makes it misbehave before the first record. The words are those
//! of [`Behaviour`].

mod behaviour;

use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Plugin, Verdict};
use schemars::JsonSchema;
use serde::Deserialize;

pub use self::behaviour::Behaviour;

/// The config.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HostileConfig {
    /// What to do when configured. `suspend:MESSAGE` and `drop:MESSAGE` refuse
    /// the config with the message.
    pub configure: String,
    /// What to do with a record that asks for nothing itself.
    pub process: String,
}

/// The configured plugin.
#[derive(Debug)]
pub struct Hostile {
    default: Behaviour,
}

impl Plugin for Hostile {
    type Config = HostileConfig;

    fn configure(config: HostileConfig) -> Result<Self, ConfigErrors> {
        let refused = match Behaviour::parse(&config.configure).act() {
            Verdict::Keep => ConfigErrors::new(),
            Verdict::Drop(message) | Verdict::Suspend(message) => {
                ConfigErrors::at("/configure", message)
            }
        };
        refused.or_else_make(|| Self {
            default: Behaviour::parse(&config.process),
        })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        let wish = cdr.tccc().call().uui().get()?.unwrap_or_default();
        match Behaviour::parse(&wish) {
            Behaviour::Keep => self.default.act_on(cdr),
            behaviour => behaviour.act_on(cdr),
        }
    }
}

cdr_plugin_sdk::export!(Hostile, name = "hostile");

#[cfg(test)]
mod tests;
