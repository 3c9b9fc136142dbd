//! The breaker: notices that a destination is broken, and that it is back. One
//! watches the receiver, another the plugins of the chains.
//!
//! While it is open, new arrivals wait at the cursor, which costs nothing,
//! instead of each becoming an exception with a frozen payload; only probes go
//! out, [`Breaker::MAX_PROBE_INTERVAL`] apart at most, so that a destination
//! that returns is noticed at once.

use std::time::{Duration, Instant};

/// The state of one destination's breaker.
#[derive(Debug)]
pub struct Breaker {
    threshold: u32,
    failures: u32,
    open: Option<Open>,
}

#[derive(Debug, Clone, Copy)]
struct Open {
    since: Instant,
    next_probe: Instant,
    interval: Duration,
    probing: bool,
}

impl Breaker {
    /// Failures of a receiver in a row that open its breaker. More than one, since
    /// it may fail on a single record; few, since each costs an exception.
    pub const OF_RECEIVER: u32 = 5;

    /// Failures of plugins in a row that open theirs. More, since each parks a
    /// record that a person sees, and none is tried again by itself.
    pub const OF_PLUGINS: u32 = 20;

    /// Time between the first probes; it doubles up to the maximum.
    pub const FIRST_PROBE_INTERVAL: Duration = Duration::from_millis(500);

    /// Longest time between probes.
    pub const MAX_PROBE_INTERVAL: Duration = Duration::from_secs(5);

    /// A closed breaker that so many failures in a row open.
    #[must_use]
    pub fn new(threshold: u32) -> Self {
        Self {
            threshold,
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

    /// Notes that a probe asked the receiver nothing: there was nothing to send,
    /// or it was not sent after all.
    pub fn probe_void(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.probing = false;
            open.next_probe = now + open.interval;
        }
    }

    /// Notes an answer that shows the destination at work, be it a refusal of
    /// one record. How long it was broken, if it was.
    pub fn answered(&mut self, now: Instant) -> Option<Duration> {
        self.failures = 0;
        self.open.take().map(|open| now - open.since)
    }

    /// Notes a failure of the destination, and when it asks to be tried again.
    /// True if that opened the breaker.
    pub fn failed(&mut self, now: Instant, probe: bool, hint: Option<Duration>) -> bool {
        self.failures = self.failures.saturating_add(1);
        let hint = hint.unwrap_or_default();
        match &mut self.open {
            Some(open) => {
                // Attempts that were under way when it opened say nothing new.
                if probe {
                    open.probing = false;
                    open.interval = (open.interval * 2).min(Self::MAX_PROBE_INTERVAL);
                    open.next_probe = now + open.interval.max(hint);
                }
                false
            }
            None if self.failures >= self.threshold => {
                self.open = Some(Open {
                    since: now,
                    next_probe: now + Self::FIRST_PROBE_INTERVAL.max(hint),
                    interval: Self::FIRST_PROBE_INTERVAL,
                    probing: false,
                });
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(now: Instant) -> Breaker {
        let mut breaker = Breaker::new(Breaker::OF_RECEIVER);
        for _ in 1..Breaker::OF_RECEIVER {
            assert!(!breaker.failed(now, false, None));
        }
        assert!(breaker.failed(now, false, None));
        breaker
    }

    #[test]
    fn opens_after_failures_in_a_row_only() {
        let now = Instant::now();
        let mut breaker = Breaker::new(Breaker::OF_RECEIVER);
        for _ in 0..3 {
            for _ in 1..Breaker::OF_RECEIVER {
                breaker.failed(now, false, None);
            }
            breaker.answered(now);
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
            breaker.failed(now, true, None);
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 5000, 5000]);
    }

    #[test]
    fn late_failures_of_other_attempts_do_not_postpone_the_probe() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let due = breaker.next_probe();
        breaker.failed(now + Duration::from_millis(400), false, None);
        assert_eq!(breaker.next_probe(), due);
        breaker.probe_started();
        breaker.failed(now + Duration::from_millis(600), false, None);
        assert_eq!(breaker.next_probe(), None, "the probe is still under way");
    }

    #[test]
    fn a_hint_puts_the_probe_off() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.probe_started();
        breaker.failed(now, true, Some(Duration::from_mins(1)));
        assert_eq!(breaker.next_probe(), Some(now + Duration::from_mins(1)));
    }

    #[test]
    fn a_probe_that_asked_nothing_is_followed_by_a_pause() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.probe_void(now);
        assert!(breaker.next_probe() > Some(now));
    }

    #[test]
    fn an_answer_closes_it() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let outage = Duration::from_secs(9);
        assert_eq!(breaker.answered(now + outage), Some(outage));
        assert_eq!(breaker.answered(now + outage), None);
        assert_eq!(breaker.next_probe(), None);
    }
}
