//! The budget of a plugin: how much of the workers' time it may take.
//!
//! A share of the workers, in whole ones: so many of its calls may be under way at
//! once, and the other workers are left to other plugins. A share that is less than
//! one worker is kept by rests: after each call the plugin waits for as long as the
//! call was too long for its share.
//!
//! A plugin over its budget is delayed, and never fails for it: who waits for it
//! stands in line ([`super::queue`]), and the time is measured.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use metrics::Histogram;

/// What a plugin may take of the workers' time, and takes at the moment.
pub struct Budget {
    /// Calls that may be under way at once.
    most: usize,
    /// How long it rests after a call, as a multiple of the call.
    rest: f64,
    taken: Usage,
    delays: Histogram,
}

/// What a plugin takes at the moment. It outlives the budgets that revisions give it.
pub(super) type Usage = Arc<Mutex<Taken>>;

#[derive(Debug, Default)]
pub(super) struct Taken {
    under_way: usize,
    rests_until: Option<Instant>,
}

/// A share of the workers' time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// How many workers there are.
    pub workers: usize,
    /// How much of their time is meant, in percent.
    pub percent: u32,
}

impl Budget {
    /// The budget of a plugin, which its metric is named by, beside what it takes
    /// already.
    #[must_use]
    pub(super) fn of(plugin: &str, share: Share, taken: &Usage) -> Self {
        let plugin = plugin.to_owned();
        let delays =
            metrics::histogram!("cdr_gateway_plugin_budget_wait_seconds", "plugin" => plugin);
        Self::new(share, taken.clone(), delays)
    }

    pub(super) fn new(share: Share, taken: Usage, delays: Histogram) -> Self {
        let workers = u32::try_from(share.workers).unwrap_or(u32::MAX).max(1);
        let percent = share.percent.clamp(1, 100);
        let share = f64::from(workers) * f64::from(percent) / 100.0;
        let whole = workers.saturating_mul(percent) / 100;
        Self {
            most: usize::try_from(whole).unwrap_or(usize::MAX).max(1),
            rest: (1.0 / share - 1.0).max(0.0),
            taken,
            delays,
        }
    }

    /// Takes a worker for one call; none while the plugin is over its budget.
    pub fn take(self: &Arc<Self>, now: Instant) -> Option<Slot> {
        let mut taken = self.taken();
        taken.refresh(now);
        if taken.under_way >= self.most || taken.rests_until.is_some() {
            return None;
        }
        taken.under_way += 1;
        Some(Slot {
            budget: self.clone(),
            since: now,
        })
    }

    /// Notes how long someone waited for it.
    pub(super) fn delayed(&self, wait: Duration) {
        self.delays.record(wait);
    }

    fn give_back(&self, since: Instant, now: Instant) {
        let mut taken = self.taken();
        taken.under_way -= 1;
        if self.rest > 0.0 {
            let call = now.saturating_duration_since(since);
            taken.rests_until = Some(now + call.mul_f64(self.rest));
        }
    }

    fn taken(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Taken {
    fn refresh(&mut self, now: Instant) {
        self.rests_until.take_if(|until| *until <= now);
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Budget")
            .field("most", &self.most)
            .field("rest", &self.rest)
            .finish_non_exhaustive()
    }
}

/// A worker that a plugin has taken; given back when it is dropped.
#[derive(Debug)]
pub struct Slot {
    budget: Arc<Budget>,
    since: Instant,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.budget.give_back(self.since, Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn budget(workers: usize, percent: u32) -> Arc<Budget> {
        let share = Share { workers, percent };
        Arc::new(Budget::new(share, Usage::default(), Histogram::noop()))
    }

    #[test]
    fn a_share_is_so_many_calls_at_once() {
        let now = Instant::now();
        for (workers, percent, most) in [
            (1, 90, 1),
            (2, 90, 1),
            (3, 90, 2),
            (5, 90, 4),
            (9, 50, 4),
            (9, 100, 9),
            (9, 1, 1),
            (0, 0, 1),
        ] {
            let budget = budget(workers, percent);
            let taken: Vec<_> = std::iter::from_fn(|| budget.take(now)).collect();
            assert_eq!(taken.len(), most, "{percent} % of {workers}");
        }
    }

    #[test]
    fn what_is_given_back_can_be_taken_again() {
        let now = Instant::now();
        let budget = budget(2, 50);
        let slot = budget.take(now);
        assert!(slot.is_some() && budget.take(now).is_none());
        drop(slot);
        assert!(budget.take(now).is_some(), "a whole worker does not rest");
    }

    #[test]
    fn less_than_a_worker_rests() {
        let now = Instant::now();
        let call = Duration::from_millis(10);
        for (workers, percent, rest) in [(1, 50, 10), (1, 10, 90), (2, 10, 40), (4, 25, 0)] {
            let budget = budget(workers, percent);
            let slot = budget.take(now).expect("a slot");
            // As if the call had ended then.
            std::mem::forget(slot);
            let end = now + call;
            budget.give_back(now, end);
            if rest > 0 {
                let too_early = end + Duration::from_millis(rest - 1);
                assert!(budget.take(too_early).is_none());
            }
            let again = end + Duration::from_millis(rest);
            let case = format!("{percent} % of {workers}");
            assert!(
                budget.take(again + Duration::from_millis(1)).is_some(),
                "{case}"
            );
        }
    }
}
