//! How many attempts at once a receiver takes well: additive increase,
//! multiplicative decrease, by how attempts end and how long they take.
//!
//! Time is cut into rounds of about one answer's time, so that each round sees
//! what the last change did. At the end of a round in which all slots were in use
//! there is one more; when answers took longer than the moving baseline lets
//! expect, a tenth less. An overloaded receiver halves the limit at once, but only
//! once a round, since the attempts of one round fail together.

use std::time::Duration;

use tokio::time::Instant;

/// Shortest and longest round.
const ROUND: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// How much a round moves the baseline.
const WEIGHT: f64 = 0.3;

/// How far beyond the baseline answers count as slow: so many mean deviations,
/// and no less than this part of the baseline, since fast receivers jitter.
const DEVIATIONS: f64 = 3.0;
const TOLERANCE: f64 = 0.5;

/// How an attempt ended, as far as the receiver's load goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It took the request.
    Answered,
    /// It timed out, hung up, or said that it is too much.
    Overloaded,
    /// It refused this one.
    Neither,
}

/// The limit, and what it is worked out from.
#[derive(Debug)]
pub(super) struct Pace {
    min: usize,
    max: usize,
    limit: usize,
    baseline: Option<Baseline>,
    round: Option<Round>,
}

/// How long answers take, in seconds.
#[derive(Debug, Clone, Copy)]
struct Baseline {
    mean: f64,
    deviation: f64,
}

#[derive(Debug)]
struct Round {
    until: Instant,
    took: Duration,
    answers: u32,
    /// The most attempts that were under way.
    peak: usize,
    was_overloaded: bool,
}

impl Pace {
    pub(super) fn new(min: usize, max: usize) -> Self {
        Self {
            min,
            max,
            limit: min,
            baseline: None,
            round: None,
        }
    }

    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    pub(super) fn turn_to(&mut self, min: usize, max: usize) {
        (self.min, self.max) = (min, max);
        self.set(self.limit);
    }

    /// Notes the end of one of so many attempts under way.
    pub(super) fn ended(&mut self, now: Instant, took: Duration, sign: Sign, under_way: usize) {
        if self.min == self.max {
            return;
        }
        let round = self.round.get_or_insert_with(|| Round::new(now, took));
        round.peak = round.peak.max(under_way);
        match sign {
            Sign::Answered => {
                round.took += took;
                round.answers += 1;
            }
            Sign::Overloaded if !round.was_overloaded => {
                round.was_overloaded = true;
                self.set(self.limit / 2);
            }
            Sign::Overloaded | Sign::Neither => {}
        }
        self.close_round(now);
    }

    fn close_round(&mut self, now: Instant) {
        let Some(round) = self.round.take_if(|round| round.until <= now) else {
            return;
        };
        let Some(mean) = round.mean() else {
            return;
        };
        let slow = self
            .baseline
            .is_some_and(|baseline| baseline.exceeded_by(mean));
        if slow && !round.was_overloaded {
            self.set(self.limit - (self.limit / 10).max(1));
        } else if round.peak >= self.limit && !round.was_overloaded {
            self.set(self.limit + 1);
        }
        let baseline = self.baseline.get_or_insert(Baseline {
            mean,
            deviation: 0.0,
        });
        baseline.follow(mean);
    }

    fn set(&mut self, limit: usize) {
        self.limit = limit.clamp(self.min, self.max);
    }
}

impl Round {
    /// A round that lasts as long as an answer of now.
    fn new(now: Instant, took: Duration) -> Self {
        let (shortest, longest) = ROUND;
        Self {
            until: now + took.clamp(shortest, longest),
            took: Duration::ZERO,
            answers: 0,
            peak: 0,
            was_overloaded: false,
        }
    }

    /// Mean time of its answers, in seconds.
    fn mean(&self) -> Option<f64> {
        (self.answers > 0).then(|| self.took.as_secs_f64() / f64::from(self.answers))
    }
}

impl Baseline {
    fn exceeded_by(self, mean: f64) -> bool {
        mean > self.mean + (self.deviation * DEVIATIONS).max(self.mean * TOLERANCE)
    }

    fn follow(&mut self, mean: f64) {
        let difference = mean - self.mean;
        self.mean += difference * WEIGHT;
        self.deviation += (difference.abs() - self.deviation) * WEIGHT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rounds of attempts that use all slots, each taking so long.
    fn rounds(pace: &mut Pace, now: &mut Instant, count: usize, took_ms: u64, sign: Sign) {
        let took = Duration::from_millis(took_ms);
        for _ in 0..count {
            let limit = pace.limit();
            for _ in 0..limit {
                pace.ended(*now, took, sign, limit);
            }
            *now += took + Duration::from_millis(1);
            pace.ended(*now, took, sign, limit);
        }
    }

    #[test]
    fn it_rises_by_one_a_round_while_all_slots_are_used() {
        let (mut pace, mut now) = (Pace::new(2, 64), Instant::now());
        rounds(&mut pace, &mut now, 10, 20, Sign::Answered);
        assert_eq!(pace.limit(), 12);
        for _ in 0..100 {
            now += Duration::from_millis(30);
            pace.ended(now, Duration::from_millis(20), Sign::Answered, 3);
        }
        assert_eq!(pace.limit(), 12, "not while slots are free");
        rounds(&mut pace, &mut now, 100, 20, Sign::Answered);
        assert_eq!(pace.limit(), 64);
    }

    #[test]
    fn an_overloaded_receiver_halves_it_once_a_round() {
        let (mut pace, mut now) = (Pace::new(2, 64), Instant::now());
        rounds(&mut pace, &mut now, 40, 20, Sign::Answered);
        assert_eq!(pace.limit(), 42);
        for _ in 0..42 {
            pace.ended(now, Duration::from_millis(20), Sign::Overloaded, 42);
        }
        assert_eq!(pace.limit(), 21);
        now += Duration::from_secs(1);
        rounds(&mut pace, &mut now, 30, 20, Sign::Overloaded);
        assert_eq!(pace.limit(), 2, "down to the floor");
        rounds(&mut pace, &mut now, 20, 20, Sign::Answered);
        assert!(pace.limit() > 15, "and up again: {}", pace.limit());
    }

    #[test]
    fn slow_answers_lower_it_until_they_are_usual() {
        let (mut pace, mut now) = (Pace::new(1, 64), Instant::now());
        rounds(&mut pace, &mut now, 40, 20, Sign::Answered);
        let before = pace.limit();
        rounds(&mut pace, &mut now, 1, 200, Sign::Answered);
        rounds(&mut pace, &mut now, 1, 200, Sign::Answered);
        assert!(pace.limit() < before);
        rounds(&mut pace, &mut now, 100, 200, Sign::Answered);
        assert_eq!(pace.limit(), 64, "the baseline moves");
    }

    #[test]
    fn refusals_say_nothing_and_a_fixed_limit_stays() {
        let (mut pace, mut now) = (Pace::new(4, 64), Instant::now());
        rounds(&mut pace, &mut now, 50, 20, Sign::Neither);
        assert_eq!(pace.limit(), 4);
        let mut fixed = Pace::new(8, 8);
        rounds(&mut fixed, &mut now, 50, 20, Sign::Overloaded);
        rounds(&mut fixed, &mut now, 50, 20, Sign::Answered);
        assert_eq!(fixed.limit(), 8);
    }
}
