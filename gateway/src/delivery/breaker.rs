//! The breaker: notices that a destination is broken, and that it is back. One
//! watches the receiver, another the plugins of the chains.
//!
//! It opens when too many of the newest attempts failed. They are counted by
//! number rather than by time: a receiver that answered a hundred thousand
//! requests in the last minute and then dies would otherwise have to fail as
//! many before it is noticed.
//!
//! While it is open, new arrivals wait at the cursor, which costs nothing,
//! instead of each becoming an exception with a frozen payload; only probes go
//! out, [`Rules::probe_max`] apart at most, so that a destination that returns is
//! noticed at once.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use crate::config::model;

/// When a breaker opens, and how it probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whether it opens at all.
    pub enabled: bool,
    /// Failures among the newest attempts that open it, in percent.
    pub failure_percent: u32,
    /// Newest attempts that are looked at.
    pub window_attempts: usize,
    /// How old they may be.
    pub window: Duration,
    /// Attempts below which it stays closed.
    pub min_attempts: usize,
    /// Time to the first probe; it doubles up to the longest.
    pub probe_initial: Duration,
    /// Longest time between probes.
    pub probe_max: Duration,
}

impl Rules {
    /// Those for plugins: twenty failures in a row, however long they take. More
    /// than for a receiver, since each parks a record that a person sees, and none
    /// is tried again by itself.
    #[must_use]
    pub fn of_plugins() -> Self {
        Self {
            enabled: true,
            failure_percent: 100,
            window_attempts: 20,
            window: Duration::MAX,
            min_attempts: 20,
            probe_initial: Duration::from_millis(500),
            probe_max: Duration::from_secs(5),
        }
    }
}

impl Rules {
    /// Those for a plugin that its destination stands still for: the first failure,
    /// and probes as for any other.
    #[must_use]
    pub fn of_halts() -> Self {
        Self {
            window_attempts: 1,
            min_attempts: 1,
            ..Self::of_plugins()
        }
    }
}

impl From<&model::Breaker> for Rules {
    fn from(said: &model::Breaker) -> Self {
        Self {
            enabled: said.enabled,
            failure_percent: said.failure_percent,
            window_attempts: said.window_attempts,
            window: Duration::from_secs(said.window_s),
            min_attempts: said.min_attempts,
            probe_initial: Duration::from_millis(said.probe_initial_ms),
            probe_max: Duration::from_millis(said.probe_max_ms),
        }
    }
}

/// The state of one destination's breaker.
#[derive(Debug)]
pub struct Breaker {
    rules: Rules,
    /// The newest attempts: when they ended, and whether they failed.
    newest: VecDeque<(Instant, bool)>,
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
    /// A closed breaker.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self {
            rules,
            newest: VecDeque::new(),
            open: None,
        }
    }

    /// Goes on with other rules. If they leave no breaker and it was open, tells
    /// for how long.
    pub fn obey(&mut self, rules: Rules, now: Instant) -> Option<Duration> {
        self.rules = rules;
        if self.rules.enabled {
            return None;
        }
        self.close(now)
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

    /// Has the next probe made at once, and those after it as if it had just opened:
    /// something changed that may have mended it.
    pub fn hurry(&mut self, now: Instant) {
        if let Some(open) = &mut self.open {
            open.next_probe = now;
            open.interval = self.rules.probe_initial;
        }
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

    /// Notes that the destination answered, be it with a refusal. If the breaker
    /// was open, it closes, and this tells for how long it was.
    pub fn answered(&mut self, now: Instant) -> Option<Duration> {
        let outage = self.close(now);
        if outage.is_none() {
            self.note(now, false);
        }
        outage
    }

    /// Notes a failed attempt, and when the receiver asked to be tried again. True
    /// if this opens the breaker.
    pub fn failed(&mut self, now: Instant, probe: bool, hint: Option<Duration>) -> bool {
        let hint = hint.unwrap_or_default();
        if let Some(open) = &mut self.open {
            // Attempts that were under way when it opened say nothing new.
            if probe {
                open.probing = false;
                open.interval = (open.interval * 2).min(self.rules.probe_max);
                open.next_probe = now + open.interval.max(hint);
            }
            return false;
        }
        self.note(now, true);
        if !self.has_had_enough() {
            return false;
        }
        let interval = self.rules.probe_initial;
        self.open = Some(Open {
            since: now,
            next_probe: now + interval.max(hint),
            interval,
            probing: false,
        });
        true
    }

    fn close(&mut self, now: Instant) -> Option<Duration> {
        let open = self.open.take()?;
        // What was before the outage says nothing about what comes after it.
        self.newest.clear();
        Some(now.saturating_duration_since(open.since))
    }

    fn note(&mut self, now: Instant, failed: bool) {
        self.newest.push_back((now, failed));
        let (most, window) = (self.rules.window_attempts, self.rules.window);
        let is_old = |at: Instant| now.saturating_duration_since(at) > window;
        while self.newest.len() > most || self.newest.front().is_some_and(|(at, _)| is_old(*at)) {
            self.newest.pop_front();
        }
    }

    fn has_had_enough(&self) -> bool {
        let attempts = self.newest.len();
        let failures = self.newest.iter().filter(|(_, failed)| *failed).count();
        let rules = &self.rules;
        // No window holds more than it may, so less than its least must do.
        let least = rules.min_attempts.min(rules.window_attempts);
        let percent = usize::try_from(rules.failure_percent).unwrap_or(100);
        rules.enabled && attempts >= least && failures * 100 >= attempts * percent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaker() -> Breaker {
        Breaker::new(Rules::from(&model::Breaker::default()))
    }

    /// So many failures, and whether the last of them opened it.
    fn fail(breaker: &mut Breaker, now: Instant, times: usize) -> bool {
        (0..times).fold(false, |_, _| breaker.failed(now, false, None))
    }

    fn opened(now: Instant) -> Breaker {
        let mut breaker = breaker();
        assert!(fail(&mut breaker, now, 5));
        breaker
    }

    #[test]
    fn a_receiver_that_is_dead_from_the_start_is_noticed_at_once() {
        let now = Instant::now();
        let mut breaker = breaker();
        assert!(!fail(&mut breaker, now, 4));
        assert!(fail(&mut breaker, now, 1));
        assert!(breaker.is_open());
    }

    #[test]
    fn one_that_dies_while_it_is_busy_is_noticed_by_its_newest_attempts() {
        let now = Instant::now();
        let mut breaker = breaker();
        for _ in 0..100_000 {
            breaker.answered(now);
        }
        assert!(!fail(&mut breaker, now, 17));
        assert!(fail(&mut breaker, now, 1));
    }

    #[test]
    fn one_that_fails_every_other_time_goes_on() {
        let now = Instant::now();
        let mut breaker = breaker();
        breaker.answered(now);
        for _ in 0..1000 {
            assert!(!fail(&mut breaker, now, 1));
            breaker.answered(now);
        }
    }

    #[test]
    fn old_attempts_say_nothing() {
        let start = Instant::now();
        let mut breaker = breaker();
        assert!(!fail(&mut breaker, start, 4));
        let later = start + Duration::from_secs(601);
        assert!(!fail(&mut breaker, later, 4));
        assert!(fail(&mut breaker, later, 1));
    }

    #[test]
    fn a_relapse_is_noticed_as_quickly() {
        let now = Instant::now();
        let mut breaker = opened(now);
        breaker.answered(now);
        assert!(!fail(&mut breaker, now, 4));
        assert!(fail(&mut breaker, now, 1));
    }

    #[test]
    fn without_one_nothing_opens_and_what_is_open_closes() {
        let now = Instant::now();
        let mut breaker = opened(now);
        let rules = Rules {
            enabled: false,
            ..breaker.rules.clone()
        };
        let later = now + Duration::from_secs(3);
        assert_eq!(
            breaker.obey(rules, later),
            Some(Duration::from_secs(3)),
            "how long it was open"
        );
        assert!(!fail(&mut breaker, later, 1000));
        assert!(!breaker.is_open());
    }

    #[test]
    fn plugins_may_fail_twenty_times_in_a_row() {
        let now = Instant::now();
        let mut breaker = Breaker::new(Rules::of_plugins());
        assert!(!fail(&mut breaker, now, 19));
        breaker.answered(now);
        assert!(!fail(&mut breaker, now, 19));
        assert!(fail(&mut breaker, now, 1));
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
    fn a_change_has_it_probed_at_once() {
        let mut now = Instant::now();
        let mut breaker = opened(now);
        for _ in 0..4 {
            now = breaker.next_probe().unwrap();
            breaker.probe_started();
            breaker.failed(now, true, None);
        }
        breaker.hurry(now);
        assert_eq!(breaker.next_probe(), Some(now));
        breaker.probe_started();
        breaker.failed(now, true, None);
        let wait = Duration::from_secs(1);
        assert_eq!(breaker.next_probe(), Some(now + wait));
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
