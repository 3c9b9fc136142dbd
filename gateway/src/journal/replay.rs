//! Replays: sending again what has been settled, in portions.
//!
//! A replay is a row that says what is meant and how far it has come at each
//! destination. A portion of deliveries is reopened and the position moved in one
//! transaction, so that a replay goes on after a crash where it was, and hands out
//! nothing twice.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::State;
use crate::record::Seq;

/// A replay to be started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReplay {
    /// When it is started.
    pub at: Timestamp,
    /// What is meant.
    pub meant: Meant,
    /// The destinations, each with how many deliveries were counted.
    pub counted: BTreeMap<String, u64>,
}

/// Which deliveries of a destination a replay means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// The first arrival.
    pub first: Seq,
    /// The last arrival.
    pub last: Seq,
    /// Those in one of these states; each is finished, suspended or dead.
    pub states: Vec<State>,
    /// Those of records for which this expression holds.
    pub when: Option<String>,
    /// Whether all of them are sent under ids that were not used before.
    pub fresh_ids: bool,
}

/// A replay, and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replay {
    /// Its number: 1, 2, 3, …
    pub id: u64,
    /// When it was started.
    pub started: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// Whether it goes on.
    pub state: ReplayState,
    /// What is meant.
    pub meant: Meant,
    /// How far it is at each destination.
    pub shares: Vec<Share>,
}

/// How far a replay is at a destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    /// The destination.
    pub destination: String,
    /// How many deliveries were meant when it was started.
    pub counted: u64,
    /// Where the newest portion begins: after this position.
    pub portion_after: Seq,
    /// Everything up to here has been handed out.
    pub position: Seq,
    /// Deliveries that were reopened.
    pub reopened: u64,
    /// Deliveries that were meant and left alone, since something else had become
    /// of them.
    pub left_alone: u64,
}

/// Whether a replay goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReplayState {
    /// It hands out portions.
    Running,
    /// Everything was handed out, and tried at least once.
    Done,
    /// A person ended it. What was handed out before is sent all the same.
    Cancelled,
}

impl ReplayState {
    /// The state as journal and API write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Cancelled]
            .into_iter()
            .find(|state| state.as_str() == name)
    }
}

impl fmt::Display for ReplayState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a delivery stands, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// The arrival.
    pub seq: Seq,
    /// The state.
    pub state: State,
    /// When the step that led here was settled.
    pub settled: Timestamp,
}

/// Deliveries of one destination to be reopened at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    /// The replay.
    pub replay: u64,
    /// The deliveries in order, each in the state in which it was chosen. They lie
    /// within [`Portion::MAX_SPAN`] positions.
    pub chosen: Vec<(Seq, State)>,
    /// Everything up to here is handed out with it.
    pub through: Seq,
    /// When it is handed out.
    pub at: Timestamp,
    /// The revision that runs.
    pub revision: u32,
}

impl Portion {
    /// How many positions the deliveries of one portion may span, so that no
    /// transaction looks through more.
    pub const MAX_SPAN: u64 = super::packed::MAX_SPAN;
}

/// The last number that was used in the ids of a delivery, and what the bytes
/// under it were made of: the same revision makes the same of the same record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Numbered {
    /// The arrival.
    pub seq: Seq,
    /// 1 for the first.
    pub number: u64,
    /// The revision; [`Numbered::UNKNOWN`] where other bytes have to be assumed.
    pub revision: u32,
    /// The correction; 0 for the record as received.
    pub correction: u32,
}

impl Numbered {
    /// No revision has this number.
    pub const UNKNOWN: u32 = 0;
}
