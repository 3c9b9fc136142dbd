//! Admission: each push is committed once, however often it is sent.
//!
//! A push is known by the id that its sender gives it, else by its source, kind
//! and body. The pushes of the last hours are remembered in memory and rebuilt
//! from the journal at start: a unique index on disk would cost two to three
//! times the writes.
//!
//! Invariants:
//!
//! - Success is reported only after a commit. A repetition that comes while the
//!   first is being committed waits for it and shares its fate.
//! - Another body under a known id is another record: kept, tagged with the id
//!   of the earlier arrival, and itself deduplicated.
//! - A commit goes on when its sender has gone. It runs in a task of its own,
//!   and whatever ends that task ends the wait of everyone who waits for it.
//!
//! How it fails: with the journal's error, for the first and for all who waited
//! with it; nothing is remembered then, so that a later try is a first one. A
//! commit that failed and was stored all the same makes that try a second
//! arrival: at least once, never less.

#[cfg(any(test, fuzzing))]
pub(crate) mod fake;
mod flight;
mod identity;
mod intake;
mod memory;
mod window;

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

pub use intake::Intake;

use self::{
    flight::{Flight, Landing},
    identity::Identity,
    memory::{Claim, Memory},
};
use super::{dialect::Receipt, limits::Limits, metrics};
use crate::{
    journal::{JournalError, NewArrival},
    record::{Defect, Kind, Tags, arrival::TAG_CONFLICT},
};

/// A request that is to be kept.
#[derive(Debug, Clone)]
pub struct Push {
    /// When it was accepted.
    pub received: Timestamp,
    /// The source that accepted it.
    pub source: Arc<str>,
    /// What it reports.
    pub kind: Kind,
    /// What its sender identifies it by, if anything.
    pub push_id: Option<Box<[u8]>>,
    /// The session that it belongs to.
    pub session: Option<Arc<str>>,
    /// Tags set so far.
    pub tags: Tags,
    /// Why it cannot be processed, if so.
    pub defect: Option<Defect>,
    /// The body.
    pub body: Bytes,
}

/// Commits each push once.
#[derive(Debug)]
pub struct Admission {
    intake: Arc<dyn Intake>,
    memory: Arc<Memory>,
}

impl Admission {
    /// An admission that remembers what the journal holds of the window.
    ///
    /// # Errors
    ///
    /// When the journal cannot be read.
    pub async fn open(
        intake: impl Intake + 'static,
        limits: &Limits,
    ) -> Result<Self, JournalError> {
        let since = window::start(Timestamp::now(), limits.dedup_window);
        let seen = intake.seen(since, limits.dedup_max_entries).await?;
        let memory = Memory::new(limits.dedup_window, limits.dedup_max_entries, seen);
        Ok(Self {
            intake: Arc::new(intake),
            memory: Arc::new(memory),
        })
    }

    /// Whether whoever comes now would wait for nobody knows how long.
    pub fn is_stalled(&self) -> bool {
        self.intake.is_stalled()
    }

    /// Takes other limits; what they no longer cover is forgotten.
    pub fn resize(&self, limits: &Limits) {
        self.memory
            .resize(limits.dedup_window, limits.dedup_max_entries);
    }

    /// Commits a push, or finds the commit that it repeats. Safe to be dropped
    /// at any point: a commit that has begun ends by itself.
    ///
    /// # Errors
    ///
    /// The journal's. Nothing may be acknowledged then.
    pub async fn admit(&self, mut push: Push) -> Result<Receipt, JournalError> {
        let identity = Identity::of(&push);
        let mut dedup = identity.usual();
        loop {
            let (body, outcome) = match self.memory.claim(dedup, push.received) {
                Claim::Ours(flight, landing) => return self.commit(push, flight, landing).await,
                Claim::InFlight(body, landing) => (body, landing.outcome().await),
                Claim::Known(body, id) => (body, Ok(id)),
            };
            if body == dedup.body {
                let id = outcome?;
                metrics::duplicate(&push.source);
                return Ok(Receipt {
                    id,
                    duplicate: true,
                });
            }
            // Where the earlier body was not stored, its place is free again.
            if let Ok(earlier) = outcome {
                push.tags
                    .insert(TAG_CONFLICT.to_owned(), earlier.to_string());
                dedup = identity.apart();
            }
        }
    }

    /// Commits in a task of its own, which nobody who gives up takes along.
    async fn commit(
        &self,
        push: Push,
        flight: Flight,
        landing: Landing,
    ) -> Result<Receipt, JournalError> {
        let intake = self.intake.clone();
        tokio::spawn(async move {
            let arrival = arrival(push, &flight);
            let count = metrics::committed(&arrival);
            let outcome = intake.append(arrival).await;
            if outcome.is_ok() {
                count();
            }
            flight.land(outcome);
        });
        landing.outcome().await.map(|id| Receipt {
            id,
            duplicate: false,
        })
    }
}

fn arrival(push: Push, flight: &Flight) -> NewArrival {
    NewArrival {
        received: push.received,
        source: push.source,
        kind: push.kind,
        session: push.session,
        tags: push.tags,
        defect: push.defect,
        dedup: flight.dedup(),
        body: push.body,
    }
}

#[cfg(test)]
mod tests;
