//! Alerts: what the gateway has to tell of itself, as records of its own.
//!
//! Whatever notices something raises an [`Event`]. Where a route takes the source
//! [`SOURCE`], the event is committed as an arrival of the kind `event` and goes
//! through routes, chains, guard and delivery like any other: durable, signed,
//! retried, listed. Where no route does, it is only logged.
//!
//! Invariants:
//!
//! - Raising never waits. What finds the queue full is counted and dropped.
//! - An alert repeats nothing of a record: events hold names of the configuration,
//!   counts, times and texts of the gateway's own.
//! - Alerts do not breed. What becomes of an event at a destination counts for no
//!   rate; what only a destination could be told of itself is not committed; and
//!   between two alerts of one type and subject lies `alerts.quiet_s`.
//! - What stands when a quiet time ends is told, if it is not what was told last:
//!   a receiver that remembers the last alert of a subject knows how it stands. A
//!   start begins anew: with breakers closed, and nothing told.
//! - A stop tells what is left, last of all, also what a quiet time holds back.
//!
//! How it fails: a commit that fails is tried again until it succeeds, or the time
//! for stopping is over. What was raised and not committed by then, or by a crash,
//! is gone; logs and metrics have it.

mod document;
mod event;
mod post;
mod quiet;
mod rate;

use std::sync::{Arc, Mutex, PoisonError};

use tokio::{sync::mpsc, time::Instant};

pub use event::{Event, Problem, Share};
pub use post::start;

use self::rate::Rates;
use crate::{
    config::model,
    journal::State,
    record::{Arrival, Kind},
};

/// The source of events in `from` of routes. No other source may have the name.
pub const SOURCE: &str = "event";

/// Events that wait for their commit. No key: far more than quiet times let through;
/// they pile up only while the journal cannot commit.
const QUEUE: usize = 256;

/// Where events are raised. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Alerts {
    queue: mpsc::Sender<Raised>,
    rates: Arc<Mutex<Rates>>,
}

/// An event that was raised, and when.
#[derive(Debug)]
struct Raised {
    event: Event,
    at: jiff::Timestamp,
}

/// What was raised, for the task of [`start`].
#[derive(Debug)]
pub struct Queue(mpsc::Receiver<Raised>);

impl Alerts {
    /// A handle, and the queue of what is raised through it.
    #[must_use]
    pub fn new() -> (Self, Queue) {
        let (queue, raised) = mpsc::channel(QUEUE);
        let rates = Arc::default();
        (Self { queue, rates }, Queue(raised))
    }

    /// Raises an event. Does not wait.
    pub fn raise(&self, event: Event) {
        let at = jiff::Timestamp::now();
        if let Err(lost) = self.queue.try_send(Raised { event, at }) {
            let Raised { event, .. } = lost.into_inner();
            post::count(&event, "dropped");
        }
    }

    /// Notes that a delivery was suspended or died, and raises an event where
    /// those of its destination come faster than `limits` say.
    pub fn parked(
        &self,
        destination: &str,
        arrival: &Arrival,
        state: State,
        limits: &model::Alerts,
    ) {
        if arrival.kind == Kind::Event {
            return;
        }
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        let event = rates.note(destination, state, limits, Instant::now());
        drop(rates);
        if let Some(event) = event {
            self.raise(event);
        }
    }
}
