//! Replays: what is asked for, what was counted, and how far they are.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Moment;
use crate::journal::{self, ReplayState, State};

/// What to send again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReplayRequest {
    /// To these destinations.
    pub destinations: Vec<String>,
    /// Received at or after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Received before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Up to this position: what was counted, as the answer to a dry run says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through: Option<u64>,
    /// In one of these states; those that were delivered where none is said.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub states: Vec<State>,
    /// What the receivers have not got: every state but delivered.
    pub only_missing: bool,
    /// Of records for which this holds: CEL over kind, source, cdr and tags.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// Under ids that were not used before, so that receivers process again.
    pub fresh_ids: bool,
    /// Only counts.
    pub dry_run: bool,
}

/// What is meant, and the replay that was started for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedView {
    /// The replay's number; none where it was only counted, or nothing is meant.
    pub replay: Option<u64>,
    /// Whether deliveries were only counted.
    pub dry_run: bool,
    /// How many deliveries, by destination and state.
    pub counted: BTreeMap<String, BTreeMap<String, u64>>,
    /// Deliveries for which `when` has no answer: they are not meant.
    pub unclear: u64,
    /// The last position that was counted.
    pub through: u64,
}

/// A replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplayView {
    /// Its number.
    pub replay: u64,
    /// `running`, `done` or `cancelled`.
    pub state: ReplayState,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ended: Option<Timestamp>,
    /// The first position that is meant.
    pub first: u64,
    /// The last position that is meant.
    pub last: u64,
    /// The states that are meant.
    pub states: Vec<State>,
    /// The expression that has to hold.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub when: Option<String>,
    /// Whether ids are used that were not used before.
    pub fresh_ids: bool,
    /// How far it is at each destination.
    pub shares: Vec<ShareView>,
}

/// How far a replay is at a destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    /// The destination.
    pub destination: String,
    /// Deliveries that were counted when it was started.
    pub counted: u64,
    /// Deliveries that were handed out.
    pub reopened: u64,
    /// Of these, those that were not tried yet.
    pub waiting: u64,
    /// Deliveries that were meant, but something else had become of them.
    pub left_alone: u64,
    /// Everything up to this position is handed out.
    pub position: u64,
}

impl ReplayView {
    /// A replay, with how many deliveries wait at each of its destinations.
    #[must_use]
    pub fn new(replay: &journal::Replay, waiting: &[u64]) -> Self {
        let shares = replay.shares.iter().zip(waiting);
        let share = |(share, waiting): (&journal::Share, &u64)| ShareView {
            destination: share.destination.clone(),
            counted: share.counted,
            reopened: share.reopened,
            waiting: *waiting,
            left_alone: share.left_alone,
            position: share.position.0,
        };
        Self {
            replay: replay.id,
            state: replay.state,
            started: replay.started,
            ended: replay.ended,
            first: replay.meant.first.0,
            last: replay.meant.last.0,
            states: replay.meant.states.clone(),
            when: replay.meant.when.clone(),
            fresh_ids: replay.meant.fresh_ids,
            shares: shares.map(share).collect(),
        }
    }
}
