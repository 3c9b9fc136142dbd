//! Waiting on conditions.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a condition may take. Generous: it only matters when a test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// Polls until a condition gives something.
pub fn until<T>(what: &str, condition: impl FnMut() -> Option<T>) -> T {
    until_within(PATIENCE, what, condition)
}

/// Polls until a condition gives something, with more patience or less.
#[allow(clippy::disallowed_methods)]
pub fn until_within<T>(
    patience: Duration,
    what: &str,
    mut condition: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
