//! The breaker: notices that a destination is broken, and that it is back.
//!
//! While it is open, new arrivals wait at the cursor, which costs nothing,
//! instead of each becoming an exception with a frozen payload; only probes go
//! out, [`Breaker::MAX_PROBE_INTERVAL`] apart at most, so that a destination
//! that returns is noticed at once.

use std::time::{Duration, Instant};

/// The state of one destination's breaker.
#[derive(Debug)]
pub struct Breaker {
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    next_probe: Instant,
    interval: Duration,
    probing: bool,
}

impl Breaker {
    /// Failures in a row that open the breaker. More than one, since a receiver
    /// may fail on a single record; few, since each costs an exception.
    pub const THRESHOLD: u32 = 5;

    /// Time between the first probes; it doubles up to the maximum.
    pub const FIRST_PROBE_INTERVAL: Duration = Duration::from_millis(500);

    /// Longest time between probes.
    pub const MAX_PROBE_INTERVAL: Duration = Duration::from_secs(5);

    /// A closed breaker.
    #[must_use]
    pub fn new() -> Self {
        Self {
            failures: 0,
            open: None,
        }
    }

    /// Whether the destination is taken to be broken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// When the next probe is due; none while closed or while one is under way.
    #[must_use]
    pub fn next_probe(&self) -> Option<Instant> {
        self.open
            .filter(|open| !open.probing)
            .map(|open| open.next_probe)
    }

    /// Notes that a probe is under way.
    pub fn probe_started(&mut self) {
        if let Some(open) = &mut self.open {
            open.probing = true;
        }
    }

    /// Notes that a probe ended without an answer from the receiver, since its
    /// record was not sent after all.
    pub fn probe_void(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.probing = false;
            open.next_probe = now;
        }
    }

    /// Notes an answer that shows the destination at work, be it a refusal of
    /// one record. True if it was broken before.
    pub fn answered(&mut self) -> bool {
        self.failures = 0;
        self.open.take().is_some()
    }

    /// Notes a failure of the destination. True if that opened the breaker.
    pub fn failed(&mut self, now: Instant) -> bool {
        self.failures = self.failures.saturating_add(1);
        match &mut self.open {
            Some(open) => {
                if open.probing {
                    open.probing = false;
                    open.interval = (open.interval * 2).min(Self::MAX_PROBE_INTERVAL);
                    open.next_probe = now + open.interval;
                }
                false
            }
            None if self.failures >= Self::THRESHOLD => {
                self.open = Some(Open {
                    next_probe: now + Self::FIRST_PROBE_INTERVAL,
                    interval: Self::FIRST_PROBE_INTERVAL,
                    probing: false,
                });
                true
            }
            None => false,
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 1..Breaker::THRESHOLD {
            assert!(!breaker.failed(now));
        }
        assert!(breaker.failed(now));
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let now = Instant::now();
        let mut breaker = Breaker::new();
        for _ in 0..3 {
            for _ in 1..Breaker::THRESHOLD {
                breaker.failed(now);
            }
            breaker.answered();
        }
        assert!(!breaker.is_open());
        assert!(opened(now).is_open());
    }

    #[test]
    fn probes_come_one_at_a_time_and_back_off_to_the_maximum() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let due = breaker.next_probe().unwrap();
            waits.push((due - now).as_millis());
            now = due;
            breaker.probe_started();
            assert_eq!(breaker.next_probe(), None);
            breaker.failed(now);
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 5000, 5000]);
    }

    #[test]
    fn late_failures_of_other_attempts_do_not_postpone_the_probe() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let due = breaker.next_probe();
        breaker.failed(now + Duration::from_millis(400));
        assert_eq!(breaker.next_probe(), due);
    }

    #[test]
    fn an_answer_closes_it() {
        let mut breaker = opened(Instant::now());
        assert!(breaker.answered());
        assert!(!breaker.answered());
        assert_eq!(breaker.next_probe(), None);
    }
}
