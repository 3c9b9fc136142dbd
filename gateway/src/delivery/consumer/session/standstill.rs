//! Standing still: a plugin failed that is used with `on_error = "halt"`.
//!
//! The record stays as it was, and nothing else goes out, but for it as a probe. It
//! lasts until that record is settled, in whatever way: processed, skipped under
//! another revision, expired. What others bring back meanwhile says nothing of it:
//! a plugin may work for each record but one.

use std::{collections::BTreeSet, time::Instant};

use crate::{
    delivery::breaker::{Breaker, Rules},
    record::Seq,
};

/// The records that a destination stands still for.
pub(super) struct Standstill {
    /// When they are probed.
    breaker: Breaker,
    /// Those that failed: the first one, and what was under way beside it.
    halted: BTreeSet<Seq>,
}

impl Default for Standstill {
    fn default() -> Self {
        Self {
            breaker: Breaker::new(Rules::of_halts()),
            halted: BTreeSet::new(),
        }
    }
}

impl Standstill {
    /// Notes that a plugin failed on a record. True if this is what begins it.
    pub(super) fn begin(&mut self, seq: Seq, probe: bool, now: Instant) -> bool {
        self.halted.insert(seq);
        self.breaker.failed(now, probe, None)
    }

    /// The record that is probed: the oldest, as long as there is one.
    pub(super) fn first(&self) -> Option<Seq> {
        self.halted.first().copied()
    }

    /// When it is to be probed; none while it is.
    pub(super) fn next_probe(&self) -> Option<Instant> {
        self.breaker.next_probe()
    }

    /// What is told of probes.
    pub(super) fn breaker(&mut self) -> &mut Breaker {
        &mut self.breaker
    }

    /// Notes that a probe came back, be it without having met the plugin.
    pub(super) fn probe_ended(&mut self, now: Instant) {
        self.breaker.probe_void(now);
    }

    /// Notes that a record was settled. True if this ends it: the others are tried
    /// again like any, and the first of them that fails begins it anew.
    pub(super) fn settled(&mut self, seq: Seq, now: Instant) -> bool {
        let ends = self.halted.remove(&seq);
        if ends {
            self.halted.clear();
            self.breaker.answered(now);
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_lasts_until_one_that_failed_is_settled() {
        let now = Instant::now();
        let mut standstill = Standstill::default();
        assert!(standstill.begin(Seq(5), false, now));
        assert!(!standstill.begin(Seq(3), false, now), "it has begun");
        assert!(!standstill.settled(Seq(4), now), "another passed");
        assert_eq!(standstill.first(), Some(Seq(3)));
        assert!(standstill.settled(Seq(3), now));
        assert_eq!((standstill.first(), standstill.next_probe()), (None, None));
        assert!(standstill.begin(Seq(5), false, now), "it begins anew");
    }

    #[test]
    fn probes_back_off_and_come_one_at_a_time() {
        let mut now = Instant::now();
        let mut standstill = Standstill::default();
        standstill.begin(Seq(5), false, now);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let due = standstill.next_probe().expect("a probe");
            waits.push((due - now).as_millis());
            now = due;
            standstill.breaker().probe_started();
            assert_eq!(standstill.next_probe(), None);
            standstill.probe_ended(now);
            assert!(!standstill.begin(Seq(5), true, now));
        }
        assert_eq!(waits, [500, 1000, 2000, 4000, 5000, 5000]);
        standstill.breaker().hurry(now);
        assert_eq!(standstill.next_probe(), Some(now));
        standstill.breaker().probe_started();
        standstill.probe_ended(now);
        let wait = Duration::from_millis(500);
        assert_eq!(standstill.next_probe(), Some(now + wait), "it met nothing");
    }
}
