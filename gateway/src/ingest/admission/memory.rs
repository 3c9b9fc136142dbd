//! What admission remembers: pushes committed, and commits under way.
//!
//! One lock over both, so that a key goes from "under way" to "known" in one
//! step and no repetition slips through between. It is held for a few look-ups
//! and never while anything is awaited.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use jiff::Timestamp;

use super::{
    flight::{Flight, Landing},
    window::{Holder, Window},
};
use crate::{
    ingest::metrics,
    journal::{Dedup, Seen},
    record::ArrivalId,
};

/// Pushes committed, and commits under way.
#[derive(Debug)]
pub(super) struct Memory(Mutex<State>);

#[derive(Debug)]
struct State {
    window: Window,
    flights: HashMap<[u8; 16], UnderWay>,
}

#[derive(Debug)]
struct UnderWay {
    body: [u8; 16],
    landing: Landing,
}

/// How a key stands.
#[derive(Debug)]
pub(super) enum Claim {
    /// It was free, and the caller holds it now.
    Ours(Flight, Landing),
    /// A body of this digest is being committed under it.
    InFlight([u8; 16], Landing),
    /// A body of this digest was committed under it.
    Known([u8; 16], ArrivalId),
}

impl Memory {
    /// A memory of what was seen, oldest first.
    pub(super) fn new(span: Duration, max_entries: usize, seen: Vec<Seen>) -> Self {
        let mut window = Window::new(span, max_entries);
        for Seen {
            id,
            received,
            dedup: Dedup { key, body },
            ..
        } in seen
        {
            window.remember(key, Holder { id, body }, received);
        }
        metrics::remembered(window.len());
        Self(Mutex::new(State {
            window,
            flights: HashMap::new(),
        }))
    }

    pub(super) fn resize(&self, span: Duration, max_entries: usize) {
        let mut state = self.lock();
        state.window.resize(span, max_entries);
        metrics::remembered(state.window.len());
    }

    /// Takes a key, or says who has it.
    pub(super) fn claim(self: &Arc<Self>, dedup: Dedup, now: Timestamp) -> Claim {
        let mut state = self.lock();
        if let Some(Holder { id, body }) = state.window.holder(&dedup.key, now) {
            return Claim::Known(body, id);
        }
        if let Some(UnderWay { body, landing }) = state.flights.get(&dedup.key) {
            return Claim::InFlight(*body, landing.clone());
        }
        let (flight, landing) = Flight::new(dedup, now, self.clone());
        let under_way = UnderWay {
            body: dedup.body,
            landing: landing.clone(),
        };
        state.flights.insert(dedup.key, under_way);
        Claim::Ours(flight, landing)
    }

    /// Ends a commit: what was stored is remembered, else the key is free.
    pub(super) fn settle(&self, dedup: Dedup, stored: Option<ArrivalId>, at: Timestamp) {
        let Dedup { key, body } = dedup;
        let mut state = self.lock();
        state.flights.remove(&key);
        if let Some(id) = stored {
            state.window.remember(key, Holder { id, body }, at);
            metrics::remembered(state.window.len());
        }
    }

    /// No panic can leave the state half changed, so a poisoned lock is as
    /// good as any.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
