//! Waiting after something failed, and why.

use std::time::Duration;

use tokio::time::Instant;

/// Time until the first further try, which doubles …
const FIRST: Duration = Duration::from_secs(1);

/// … up to this. What is back is noticed as soon.
const LONGEST: Duration = Duration::from_secs(5);

/// On after a failure, until its time or a success.
pub(super) struct Pause<E> {
    failed: Option<Failed<E>>,
}

struct Failed<E> {
    error: E,
    until: Instant,
    wait: Duration,
}

impl<E> Default for Pause<E> {
    fn default() -> Self {
        Self { failed: None }
    }
}

impl<E> Pause<E> {
    /// Notes how a try ended.
    pub(super) fn note(&mut self, failed: Option<E>) {
        let before = self.failed.take();
        self.failed = failed.map(|error| {
            let wait = before.map_or(FIRST, |before| (before.wait * 2).min(LONGEST));
            Failed {
                error,
                until: Instant::now() + wait,
                wait,
            }
        });
    }

    /// Whether it is too early for another try.
    pub(super) fn is_on(&self) -> bool {
        self.until().is_some_and(|until| until > Instant::now())
    }

    /// When the next try is due, after a failure.
    pub(super) fn until(&self) -> Option<Instant> {
        self.failed.as_ref().map(|failed| failed.until)
    }

    /// Why the last try failed, if it did.
    pub(super) fn trouble(&self) -> Option<&E> {
        self.failed.as_ref().map(|failed| &failed.error)
    }
}
