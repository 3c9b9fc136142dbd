//! Whether the writer hangs: in a commit that does not end, as on a disk that does
//! not answer.
//!
//! Nobody can end such a commit. What can be done is not to have more people wait
//! for it, and to say so.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Since when a commit is under way. One writes, everyone looks, nobody waits.
#[derive(Debug)]
pub(super) struct CommitClock {
    zero: Instant,
    /// When it began, in milliseconds from `zero`, counted from 1; 0 without one.
    began: AtomicU64,
    /// How long it may take, in milliseconds.
    stalled_after: AtomicU64,
}

impl CommitClock {
    /// A clock for commits that stall after some time.
    pub(super) fn new(stalled_after: Duration) -> Self {
        Self {
            zero: Instant::now(),
            began: AtomicU64::new(0),
            stalled_after: AtomicU64::new(ms(stalled_after)),
        }
    }

    /// Notes that one begins.
    pub(super) fn begin(&self) {
        let now = ms(self.zero.elapsed());
        self.began.store(now + 1, Ordering::Relaxed);
    }

    /// Notes that it ended.
    pub(super) fn end(&self) {
        self.began.store(0, Ordering::Relaxed);
    }

    /// How long it may take before it stalls.
    pub(super) fn stalled_after(&self) -> Duration {
        Duration::from_millis(self.stalled_after.load(Ordering::Relaxed))
    }

    pub(super) fn set_stalled_after(&self, time: Duration) {
        self.stalled_after.store(ms(time), Ordering::Relaxed);
    }

    /// How long the commit under way takes already; no time without one.
    pub(super) fn under_way(&self) -> Duration {
        match self.began.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            began => {
                let began = Duration::from_millis(began - 1);
                self.zero.elapsed().saturating_sub(began)
            }
        }
    }

    /// How long it takes already, where that is too long.
    pub(super) fn stalled(&self) -> Option<Duration> {
        let under_way = self.under_way();
        (under_way >= self.stalled_after()).then_some(under_way)
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_commit_under_way_stalls() {
        let clock = CommitClock::new(Duration::from_hours(1));
        assert_eq!(clock.under_way(), Duration::ZERO);
        clock.begin();
        assert_eq!(clock.stalled(), None, "it may take an hour");
        clock.set_stalled_after(Duration::ZERO);
        assert!(clock.stalled().is_some());
        clock.set_stalled_after(Duration::from_millis(1));
        clock.end();
        assert_eq!(clock.stalled(), None);
    }
}
