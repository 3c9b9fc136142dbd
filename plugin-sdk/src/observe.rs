//! What a plugin tells its operators: log lines and counters.

use crate::backend;

/// How much a log line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is odd.
    Warn,
    /// Something worth knowing.
    Info,
    /// Only while looking for a fault.
    Debug,
}

/// Writes one line to the gateway's log. Lines beyond the limit per record are
/// counted, not kept. Personal data does not belong here.
pub fn log(level: Level, message: &str) {
    backend::log(level, message);
}

/// Adds to a counter of the plugin's own, which the gateway's metrics show.
/// Names are few and fixed; a value of the record is not a name.
pub fn count(counter: &str, delta: u64) {
    backend::count(counter, delta);
}
