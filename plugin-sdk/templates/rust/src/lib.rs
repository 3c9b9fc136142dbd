//! Drops calls that were too short, and notes the minutes of the others.

use cdr_plugin_sdk::{Cdr, ConfigErrors, Fault, Kind, Plugin, Verdict, count};
use schemars::JsonSchema;
use serde::Deserialize;

/// The config, and by its comments the description that operators read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Calls of fewer seconds are dropped.
    #[serde(default = "Config::default_min_seconds")]
    #[schemars(range(min = 0))]
    min_seconds: i64,
}

impl Config {
    fn default_min_seconds() -> i64 {
        5
    }
}

pub struct MinDuration {
    config: Config,
}

impl Plugin for MinDuration {
    type Config = Config;

    fn configure(config: Config) -> Result<Self, ConfigErrors> {
        if config.min_seconds < 0 {
            return Err(ConfigErrors::at("/min_seconds", "must not be negative"));
        }
        Ok(Self { config })
    }

    fn process(&self, cdr: Cdr<'_>) -> Result<Verdict, Fault> {
        if cdr.kind() != Kind::Cdr {
            return Ok(Verdict::Keep); // a recording or voicemail
        }
        let Some(seconds) = cdr.get::<i64>("/Duration")? else {
            return Ok(Verdict::Keep);
        };
        if seconds < self.config.min_seconds {
            return Ok(Verdict::drop("short_call"));
        }
        let minutes = (seconds + 59) / 60;
        cdr.set("/Minutes", &minutes)?;
        count("minutes", minutes.unsigned_abs());
        Ok(Verdict::Keep)
    }
}

cdr_plugin_sdk::export!(MinDuration);

#[cfg(test)]
mod tests {
    use super::*;
    use cdr_plugin_sdk::mock;

    #[test]
    fn short_calls_are_dropped() {
        let plugin: MinDuration = mock::configure(r#"{ "min_seconds": 5 }"#).expect("a good config");
        let short = mock::Record::call(r#"{ "Duration": 3 }"#);
        assert_eq!(mock::process(&plugin, &short), Verdict::drop("short_call"));
        let long = mock::Record::call(r#"{ "Duration": 61 }"#);
        assert_eq!(mock::process(&plugin, &long), Verdict::Keep);
        assert_eq!(long.cdr().get("/Minutes"), Ok(Some(2)));
    }
}
