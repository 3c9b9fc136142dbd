//! Waiting on conditions.

use std::{
    thread,
    time::{Duration, Instant},
};

/// How long a condition may take. Generous: it only matters when a test fails.
const PATIENCE: Duration = Duration::from_mins(1);

/// Polls until a condition gives something.
#[allow(clippy::disallowed_methods)]
pub fn until<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(value) = condition() {
            return value;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(10));
    }
}
