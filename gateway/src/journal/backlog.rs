//! What waits for a destination.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::State;
use crate::record::Seq;

/// The deliveries of a destination that are pending or retrying: what it still
/// has to do by itself. Suspended and dead ones wait for a person, and do not
/// count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Backlog {
    /// How many there are.
    pub deliveries: u64,
    /// Their bodies as received, in bytes. What failed attempts froze comes on
    /// top of it on disk.
    pub bytes: u64,
    /// When the first of them was received.
    pub oldest: Option<Timestamp>,
}

impl Backlog {
    /// How long the first of them has waited at a time; nothing where nothing
    /// waits or the clock stepped back.
    pub fn age(&self, now: Timestamp) -> SignedDuration {
        self.oldest.map_or(SignedDuration::ZERO, |oldest| {
            now.duration_since(oldest).max(SignedDuration::ZERO)
        })
    }
}

/// One delivery of a backlog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// The arrival.
    pub seq: Seq,
    /// [`State::Pending`] or [`State::Retrying`].
    pub state: State,
    /// When the arrival was received.
    pub received: Timestamp,
    /// The size of its body, in bytes.
    pub bytes: u64,
    /// Whether a replay reopened it, and it was not tried since.
    pub is_replayed: bool,
}
