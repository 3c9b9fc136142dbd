//! A stand-in for the gateway, so that a plugin's unit tests run with plain
//! `cargo test`.
//!
//! [`Record`] is a record in memory; [`configure`] and [`process`] run a plugin
//! on it the way the gateway does; [`Host`] holds lookup tables and catches log
//! lines and counters.
//!
//! It keeps order, unknown fields, duplicate keys and number tokens, as the
//! gateway does. Where it differs: white space and the escapes inside keys are
//! not kept; limits are not enforced except that of the document's size, where
//! a test sets one; and the places that [`Cdr::numbers`](crate::Cdr::numbers)
//! gives are a copy of the `tccc` dialect's, the gateway's own are
//! authoritative.

mod document;
mod host;
mod node;
mod pattern;
mod record;
mod stage;

pub use self::{
    host::Host,
    record::Record,
    stage::{configure_stage, pass_time, process_stage},
};

use crate::{ConfigErrors, Plugin, Verdict, config, plugin};

/// What stands in for the WASM host on this target.
pub(crate) mod backend {
    pub(crate) use super::host::{count, log, lookup, lookup_prefix};
    pub(crate) use super::stage::{
        emit, fetch, now_ms, state_get, state_list, state_remove, state_set, timer_cancel,
        timer_set,
    };

    pub(crate) type Handle<'a> = &'a super::Record;
}

/// Configures a plugin from JSON text, as the gateway does: types first, then
/// [`Plugin::configure`].
pub fn configure<P: Plugin>(json: &str) -> Result<P, ConfigErrors> {
    config::configure(json)
}

/// The JSON Schema of a plugin's config, as the gateway gets it.
pub fn config_schema<P: Plugin>() -> String {
    config::schema::<P>()
}

/// Processes one record, as the gateway does: a fault is a suspension.
pub fn process<P: Plugin>(plugin: &P, record: &Record) -> Verdict {
    plugin::run(plugin, record.cdr())
}

#[cfg(test)]
mod tests;
