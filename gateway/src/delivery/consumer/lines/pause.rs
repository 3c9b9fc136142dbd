//! Waiting after files failed, and why.

use std::time::Duration;

use tokio::time::Instant;

use crate::delivery::file::FileError;

/// Time until the first further try, which doubles …
const FIRST: Duration = Duration::from_secs(1);

/// … up to this. A disk that is back is noticed as soon.
const LONGEST: Duration = Duration::from_secs(5);

/// On after a failure, until its time or a success.
#[derive(Default)]
pub(super) struct Pause {
    failed: Option<Failed>,
}

struct Failed {
    error: FileError,
    until: Instant,
    wait: Duration,
}

impl Pause {
    /// Notes how a try ended.
    pub(super) fn note(&mut self, failed: Option<FileError>) {
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
    pub(super) fn trouble(&self) -> Option<&FileError> {
        self.failed.as_ref().map(|failed| &failed.error)
    }
}
