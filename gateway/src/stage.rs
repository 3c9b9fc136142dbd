//! Stages: what is done with each arrival once, before and beside all routes.
//!
//! A stage is a durable consumer of the journal, as a destination is: with a cursor
//! and an owner's epoch. It runs the arrivals of its sources through a plugin of the
//! world `stage`, one at a time and in order, and fires its timers. What that
//! remembers, the timers it sets and the arrivals it derives are committed with the
//! cursor in one transaction ([`StageJournal`](crate::journal::StageJournal)); derived
//! arrivals are of a source that bears the stage's name, and nothing else in the
//! gateway has to know.
//!
//! Invariants:
//! - Whatever a stage did of an arrival is either all in the journal, and never done
//!   again, or not there at all. Only requests to hosts may be made twice.
//! - A stage sees an arrival once, as it stands when the stage comes to it. What
//!   cannot be read is passed over and counted; a correction that comes later is not
//!   seen.
//! - A stage waits for nobody but itself, and nobody for it: it runs on a thread of
//!   its own while it has something to do, so that neither a slow host nor a guest
//!   that uses up its deadline is in the way of destinations, whose plugins have
//!   threads of theirs.
//!
//! How it fails: a call that fails leaves nothing behind. By default the stage then
//! halts: it tries the same again with growing rests, and shows why. With
//! `on_error = "skip"` the failure is counted, and the stage goes on. A journal that
//! cannot be read or written is never held against the guest: the stage claims its
//! place again and goes on from what is committed.

pub mod ask;
mod consumer;
mod derive;
mod fleet;
pub mod outgoing;
mod run;
mod status;
#[cfg(test)]
mod tests;
mod turn;

use std::{
    fmt,
    sync::{Arc, Mutex},
};

use crate::{
    config::model::StageOnError, journal::Start, plugin::stage::StagePlugin, route::when::When,
};

pub use fleet::Stages;
pub use outgoing::Outgoing;
pub use status::{StageFailure, StageHalt, StageStatus};
pub use turn::{Allowance, Broken, Turn};

/// A turn as the stage's task and its guest share it, one at a time.
pub type SharedTurn = Arc<Mutex<Turn>>;

/// A stage of a revision.
pub struct Stage {
    /// Its name, and the source of what it derives.
    pub name: Arc<str>,
    /// What it runs.
    pub plugin: Arc<StagePlugin>,
    /// The sources whose arrivals it sees.
    pub from: Vec<Arc<str>>,
    /// Which of them; all where none is said.
    pub when: Option<When>,
    /// What happens when a call fails.
    pub on_error: StageOnError,
    /// What it may do in a turn.
    pub allowance: Allowance,
    /// What it asks hosts with.
    pub outgoing: Arc<Outgoing>,
    /// Where a stage that is new begins.
    pub start: Start,
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stage")
            .field("name", &self.name)
            .field("plugin", &self.plugin)
            .finish_non_exhaustive()
    }
}
