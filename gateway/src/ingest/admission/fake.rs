//! A journal in memory for tests and fuzzing, that waits, fails or panics when told to.

#![expect(clippy::unwrap_used, reason = "tests and fuzzing only")]
#![cfg_attr(fuzzing, allow(dead_code, reason = "only tests make it wait or fail"))]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::Intake;
use crate::{
    journal::{JournalError, NewArrival, Seen},
    record::{ArrivalId, Seq},
};

/// What a commit does.
#[derive(Debug)]
pub(crate) enum Act {
    /// Waits until it is let go, then does as it is told.
    Held(Box<Act>),
    /// Fails.
    Fail(JournalError),
    /// Panics.
    Panic,
    /// Stores.
    Store,
}

/// The fake. Clones share what they hold.
#[derive(Clone)]
pub(crate) struct FakeIntake(Arc<State>);

struct State {
    stored: Mutex<Vec<NewArrival>>,
    script: Mutex<VecDeque<Act>>,
    begun: Semaphore,
    let_go: Semaphore,
}

impl FakeIntake {
    /// A fake whose commits act as scripted, and store after that.
    pub(crate) fn new(script: impl IntoIterator<Item = Act>) -> Self {
        Self(Arc::new(State {
            stored: Mutex::default(),
            script: Mutex::new(script.into_iter().collect()),
            begun: Semaphore::new(0),
            let_go: Semaphore::new(0),
        }))
    }

    /// What was stored, in order.
    pub(crate) fn stored(&self) -> Vec<NewArrival> {
        self.0.stored.lock().unwrap().clone()
    }

    /// Waits until another commit has begun.
    pub(crate) async fn begun(&self) {
        self.0.begun.acquire().await.unwrap().forget();
    }

    /// Lets one held commit go.
    pub(crate) fn let_go(&self) {
        self.0.let_go.add_permits(1);
    }

    /// The id of the arrival that was stored at a position, from 0.
    pub(crate) fn id(position: usize) -> ArrivalId {
        ArrivalId(Uuid::from_u128(position as u128 + 1))
    }

    fn store(&self, arrival: NewArrival) -> ArrivalId {
        let mut stored = self.0.stored.lock().unwrap();
        stored.push(arrival);
        Self::id(stored.len() - 1)
    }
}

#[async_trait]
impl Intake for FakeIntake {
    async fn append(&self, arrival: NewArrival) -> Result<ArrivalId, JournalError> {
        let scripted = self.0.script.lock().unwrap().pop_front();
        let mut act = scripted.unwrap_or(Act::Store);
        self.0.begun.add_permits(1);
        if let Act::Held(then) = act {
            self.0.let_go.acquire().await.unwrap().forget();
            act = *then;
        }
        match act {
            Act::Fail(error) => Err(error),
            Act::Panic => panic!("the fake journal panics as told"),
            Act::Store | Act::Held(_) => Ok(self.store(arrival)),
        }
    }

    async fn seen(&self, since: Timestamp, limit: usize) -> Result<Vec<Seen>, JournalError> {
        let seen = (0..).zip(self.stored()).map(|(position, arrival)| Seen {
            seq: Seq(position as u64 + 1),
            id: Self::id(position),
            received: arrival.received,
            dedup: arrival.dedup,
        });
        let mut seen: Vec<_> = seen.filter(|seen| seen.received >= since).collect();
        Ok(seen.split_off(seen.len().saturating_sub(limit)))
    }

    fn is_stalled(&self) -> bool {
        false
    }
}
