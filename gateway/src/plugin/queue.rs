//! A queue that is fair to its lanes: one lane a destination, served in turn,
//! so that the backlog of one never delays another by more than one job.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, PoisonError},
};

/// Jobs by lane. Lanes come and go with their jobs.
pub(super) struct FairQueue<T> {
    state: Mutex<State<T>>,
    ready: Condvar,
}

struct State<T> {
    lanes: HashMap<Arc<str>, VecDeque<T>>,
    /// Lanes that hold jobs, in the order in which they are served.
    turn: VecDeque<Arc<str>>,
    closed: bool,
}

impl<T> FairQueue<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                lanes: HashMap::new(),
                turn: VecDeque::new(),
                closed: false,
            }),
            ready: Condvar::new(),
        }
    }

    /// Adds a job to a lane.
    pub(super) fn push(&self, lane: &Arc<str>, job: T) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(jobs) = state.lanes.get_mut(lane) {
            jobs.push_back(job);
        } else {
            state.lanes.insert(lane.clone(), VecDeque::from([job]));
            state.turn.push_back(lane.clone());
        }
        drop(state);
        self.ready.notify_one();
    }

    /// Waits for the next job; none once the queue is closed and empty.
    pub(super) fn pop(&self) -> Option<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(job) = state.next() {
                return Some(job);
            }
            if state.closed {
                return None;
            }
            state = self
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets waiting threads go once the jobs are done.
    pub(super) fn close(&self) {
        self.state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .closed = true;
        self.ready.notify_all();
    }
}

impl<T> State<T> {
    fn next(&mut self) -> Option<T> {
        let lane = self.turn.pop_front()?;
        let jobs = self.lanes.get_mut(&lane)?;
        let job = jobs.pop_front();
        if jobs.is_empty() {
            self.lanes.remove(&lane);
        } else {
            self.turn.push_back(lane);
        }
        job
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_take_turns() {
        let queue = FairQueue::new();
        let (slow, fast): (Arc<str>, Arc<str>) = ("slow".into(), "fast".into());
        for job in ["s1", "s2", "s3"] {
            queue.push(&slow, job);
        }
        queue.push(&fast, "f1");
        queue.close();
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, ["s1", "f1", "s2", "s3"]);
    }
}
