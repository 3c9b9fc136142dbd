//! Calls that a stage wants later. A timer fires once, also after a restart, and is
//! kept as state is.

use crate::backend;

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimerError {
    /// Timers were not granted.
    #[error("timers are not granted to this plugin; add grant.state to its config")]
    NotGranted,
    /// The key is empty or longer than this many bytes.
    #[error("a timer's key has 1 to {0} bytes")]
    BadKey(u64),
    /// As many are set as may be.
    #[error("{0} timers are set, as many as may be (grant.state.max_timers)")]
    TooMany(u64),
}

/// The time of the gateway's clock, Unix time in milliseconds. It stands still
/// during a call.
pub fn now_ms() -> u64 {
    backend::now_ms()
}

/// Sets a timer to a time, Unix time in milliseconds. One of the same key is set
/// anew. A time that has passed fires at once, after this call.
pub fn set_at(key: &str, at_ms: u64) -> Result<(), TimerError> {
    backend::timer_set(key, at_ms)
}

/// Sets a timer to so many milliseconds from now.
pub fn set_after(key: &str, after_ms: u64) -> Result<(), TimerError> {
    set_at(key, now_ms().saturating_add(after_ms))
}

/// Unsets a timer; false where none was set.
pub fn cancel(key: &str) -> Result<bool, TimerError> {
    backend::timer_cancel(key)
}
