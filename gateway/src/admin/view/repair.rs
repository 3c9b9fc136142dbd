//! Repair of exceptions: what is asked for, and what was done.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{NoMore, Selection};

/// Which exceptions to try again or to discard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepairRequest {
    /// Those that are meant. Something has to be said.
    #[serde(flatten)]
    pub selection: Selection,
    /// Run the chain again instead of sending what was frozen. To try again only.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rerun: bool,
    /// Why they are given up, in a short text without personal data. To discard
    /// only, and then it has to be said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// What was counted, as the answer to a dry run says: what has come to be meant
    /// since is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
    /// Only counts.
    #[serde(default)]
    pub dry_run: bool,
    /// Nothing else.
    #[serde(flatten)]
    pub no_more: NoMore,
}

/// What is tried again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryView {
    /// How many deliveries, by destination.
    pub retried: BTreeMap<String, usize>,
    /// What else there is to say.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What is discarded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiscardView {
    /// How many deliveries, by destination.
    pub discarded: BTreeMap<String, usize>,
    /// What else there is to say.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What a repair did not do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Whether deliveries were only counted.
    pub dry_run: bool,
    /// Deliveries that were meant and left alone: under way at that moment, or
    /// changed since they were chosen.
    #[serde(default)]
    pub left_alone: usize,
    /// Deliveries for which `when` has no answer, such as where a member that it
    /// reads is not there: they are not meant.
    #[serde(default)]
    pub unclear: usize,
    /// Of a dry run: what the deed is to be bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub as_of: Option<AsOf>,
}

/// A moment of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AsOf {
    /// The newest arrival.
    pub through: u64,
    /// The time: what was settled before it was to be seen.
    pub at: Timestamp,
}
