//! Keys of days.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::{SealedContent, SealedDay, seal::Day};

/// The keys of a journal.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeysView {
    /// One for each day, in order.
    pub keys: Vec<KeyView>,
}

/// The key of a day, and what it seals.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct KeyView {
    /// The day, in UTC.
    pub day: Day,
    /// Id of the master key that wraps it, or did when it was dropped.
    pub master: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was dropped.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dropped: Option<Timestamp>,
    /// Arrivals that are sealed with it and kept.
    pub arrivals: u64,
    /// Deliveries of those that are not settled, by destination.
    pub unsettled: BTreeMap<String, u64>,
    /// Parts of files that are sealed with it, open or waiting for an object store, by
    /// destination. They are finished, and there, before it is dropped.
    pub sealed_parts: BTreeMap<String, u64>,
}

impl KeyView {
    /// A day and what its key seals.
    #[must_use]
    pub fn new(sealed: &SealedDay, content: SealedContent) -> Self {
        Self {
            day: sealed.day,
            master: sealed.master.to_string(),
            created: sealed.created,
            dropped: sealed.dropped,
            arrivals: content.arrivals,
            unsettled: content.unsettled,
            sealed_parts: content.sealed_parts,
        }
    }
}

/// Which keys to drop: of one day, or of all days before another.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DropRequest {
    /// The day.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub day: Option<Day>,
    /// The first day whose key is kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Day>,
    /// Only says what would become unreadable.
    #[serde(default)]
    pub dry_run: bool,
}

/// Keys that were dropped, or would be.
#[derive(Debug, Serialize, Deserialize)]
pub struct DropView {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// The keys, with what they sealed until then.
    pub keys: Vec<KeyView>,
    /// Deliveries that expired, by destination.
    pub expired: BTreeMap<String, u64>,
    /// Open parts of retired destinations that nobody can read any more, by
    /// destination.
    pub lost_parts: BTreeMap<String, u64>,
    /// Whether the files of the journal hold no trace of these keys.
    pub erased: bool,
}
