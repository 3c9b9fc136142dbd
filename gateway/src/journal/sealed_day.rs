//! Days whose arrivals are sealed, as people see them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::seal::{Day, KeyId};

/// A day whose arrivals are sealed with a key of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedDay {
    /// The day, in UTC.
    pub day: Day,
    /// The master key that wraps its key, or did when that was dropped.
    pub master: KeyId,
    /// When the key was made.
    pub created: Timestamp,
    /// When the key was dropped; what it sealed cannot be read since.
    pub dropped: Option<Timestamp>,
}

/// What is sealed with the key of a day.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SealedContent {
    /// Arrivals that are kept.
    pub arrivals: u64,
    /// Deliveries of those that are pending, retrying, suspended or dead, by
    /// destination; none of those that have none.
    pub unsettled: BTreeMap<String, u64>,
    /// Parts of files that are sealed with it, by destination: they are open, or
    /// wait for an object store.
    pub sealed_parts: BTreeMap<String, u64>,
}

/// What dropping the key of a day did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyDrop {
    /// Deliveries that expired, by destination.
    pub expired: BTreeMap<String, u64>,
    /// Sealed parts of retired destinations, by destination: nobody finishes or
    /// brings them, and nobody can read them any more.
    pub lost_parts: BTreeMap<String, u64>,
    /// Whether the wrapped key is gone from the files of the journal as well.
    /// Otherwise a long reader keeps the write-ahead log from being emptied; that
    /// is done with a later checkpoint.
    pub erased: bool,
}
