//! A queue that is fair to its lanes in time: one lane a destination or route. The
//! lane that has had the least of the workers' time is served first, so that one
//! whose jobs are long gets no more than the others, and its backlog delays them by
//! one job at most.
//!
//! A job may need a plugin that is over its budget ([`super::budget`]). Its lane is
//! passed over until the plugin may go on.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Condvar, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::budget::{Budget, Slot};

/// How soon a job is looked at again that a budget holds back, where nothing else is
/// to be done. One worker does so; the others sleep.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// What a job is taken to cost in a lane that has had none.
const FIRST_GUESS: Duration = Duration::from_micros(1);

/// Of how many jobs a lane's usual cost is the mean, about.
const USUAL_OF: u32 = 8;

/// Jobs by lane. Lanes come and go with their jobs.
pub(super) struct FairQueue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

struct State<T> {
    lanes: BTreeMap<Arc<str>, Lane<T>>,
    /// The time that the lane had had which was served last: where a new one begins,
    /// so that to have been away earns nothing.
    clock: Duration,
    closed: bool,
    /// Whether a worker looks again at what budgets hold back.
    watched: bool,
}

struct Lane<T> {
    jobs: VecDeque<Waiting<T>>,
    under_way: usize,
    /// Worker time that it has had. Jobs under way count as usual ones.
    had: Duration,
    /// What its jobs cost, lately.
    usual: Duration,
}

struct Waiting<T> {
    job: T,
    /// Of the plugin that it begins with, if it does.
    budget: Option<Arc<Budget>>,
    /// Since when the budget holds it back.
    held_since: Option<Instant>,
}

/// A job on its way to a worker.
pub(super) struct Served<T> {
    pub(super) job: T,
    /// What it has taken of its plugin's budget.
    pub(super) slot: Option<Slot>,
    pub(super) bill: Bill,
}

/// What is to be settled with the lane once a job is done.
pub(super) struct Bill {
    lane: Arc<str>,
    guessed: Duration,
    began: Instant,
}

impl<T> FairQueue<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                lanes: BTreeMap::new(),
                clock: Duration::ZERO,
                closed: false,
                watched: false,
            }),
            ready: Condvar::new(),
        }
    }

    /// Adds a job to a lane. It begins with the plugin of this budget, if with any.
    pub(super) fn push(&self, lane: &Arc<str>, budget: Option<Arc<Budget>>, job: T) {
        let waiting = Waiting {
            job,
            budget,
            held_since: None,
        };
        self.lock().push(lane, waiting);
        self.ready.notify_one();
    }

    /// Settles what was done last, and waits for the next job; none once the queue is
    /// closed and empty.
    pub(super) fn pop(&self, done: Option<Bill>) -> Option<Served<T>> {
        let mut state = self.lock();
        if let Some(bill) = done {
            state.settle(&bill, Instant::now());
        }
        let mut has_watched = false;
        loop {
            let served = state.serve(Instant::now());
            if served.is_some() {
                if has_watched {
                    // What is still held back is for another one to watch.
                    self.ready.notify_one();
                }
                return served;
            }
            let is_empty = state.lanes.values().all(|lane| lane.jobs.is_empty());
            if state.closed && is_empty {
                self.ready.notify_all();
                return None;
            }
            // What a budget holds back is nobody's to tell.
            state = if is_empty || state.watched {
                let woken = self.ready.wait(state);
                woken.unwrap_or_else(PoisonError::into_inner)
            } else {
                (state.watched, has_watched) = (true, true);
                let woken = self.ready.wait_timeout(state, LOOK_AGAIN);
                let mut state = woken.unwrap_or_else(PoisonError::into_inner).0;
                state.watched = false;
                state
            };
        }
    }

    /// Lets waiting threads go once the jobs are done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn push(&mut self, lane: &Arc<str>, waiting: Waiting<T>) {
        if let Some(known) = self.lanes.get_mut(lane) {
            if known.is_idle() {
                known.had = known.had.max(self.clock);
            }
            known.jobs.push_back(waiting);
            return;
        }
        // An idle lane is kept for as long as it has had more than others.
        let clock = self.clock;
        self.lanes
            .retain(|_, known| !known.is_idle() || known.had > clock);
        let new = Lane {
            jobs: VecDeque::from([waiting]),
            under_way: 0,
            had: clock,
            usual: FIRST_GUESS,
        };
        self.lanes.insert(lane.clone(), new);
    }

    /// The first job of the lane that has had the least, of those that may begin.
    fn serve(&mut self, now: Instant) -> Option<Served<T>> {
        let mut passed_over: Option<(Duration, Arc<str>)> = None;
        loop {
            let behind = passed_over.as_ref().map(|(had, name)| (*had, name));
            let waiting = self
                .lanes
                .iter_mut()
                .filter(|(_, lane)| !lane.jobs.is_empty());
            let next = waiting
                .filter(|(name, lane)| behind.is_none_or(|behind| (lane.had, *name) > behind))
                .min_by_key(|(name, lane)| (lane.had, Arc::clone(name)))?;
            let (name, lane) = next;
            if let Some(served) = lane.serve(name, now) {
                self.clock = self.clock.max(lane.had.saturating_sub(served.bill.guessed));
                return Some(served);
            }
            passed_over = Some((lane.had, name.clone()));
        }
    }

    fn settle(&mut self, bill: &Bill, now: Instant) {
        let Some(lane) = self.lanes.get_mut(&bill.lane) else {
            return;
        };
        let cost = now.saturating_duration_since(bill.began);
        lane.under_way -= 1;
        lane.had = (lane.had + cost).saturating_sub(bill.guessed);
        lane.usual = (lane.usual * (USUAL_OF - 1) + cost) / USUAL_OF;
    }
}

impl<T> Lane<T> {
    fn is_idle(&self) -> bool {
        self.jobs.is_empty() && self.under_way == 0
    }

    /// Its first job, unless a budget holds that back.
    fn serve(&mut self, name: &Arc<str>, now: Instant) -> Option<Served<T>> {
        let first = self.jobs.front_mut()?;
        let mut slot = None;
        if let Some(budget) = &first.budget {
            slot = budget.take(now);
            if slot.is_none() {
                first.held_since.get_or_insert(now);
                return None;
            }
            if let Some(since) = first.held_since {
                budget.delayed(now.saturating_duration_since(since));
            }
        }
        let job = self.jobs.pop_front()?.job;
        self.under_way += 1;
        self.had += self.usual;
        Some(Served {
            job,
            slot,
            bill: Bill {
                lane: name.clone(),
                guessed: self.usual,
                began: now,
            },
        })
    }
}

#[cfg(test)]
mod tests;
