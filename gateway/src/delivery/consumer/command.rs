//! What a person may ask of a consumer.

use tokio::sync::oneshot;

use crate::{
    journal::{JournalError, Portion, Reason, State},
    record::Seq,
};

/// Reason of a delivery whose chains are to be run anew.
pub(super) const RERUN: &str = "rerun_requested";

/// What someone asks of a consumer.
#[derive(Debug)]
pub enum Command {
    /// Reopen a portion of a replay.
    Reopen {
        /// The portion.
        portion: Portion,
        /// How many deliveries were reopened, or why none.
        reply: oneshot::Sender<Result<u64, JournalError>>,
    },
    /// Repair these deliveries.
    Repair {
        /// Those that are meant.
        chosen: Vec<Chosen>,
        /// How.
        repair: Repair,
        /// How many were repaired, or why none. What is under way at the moment,
        /// or is in another state since it was chosen, is left alone.
        reply: oneshot::Sender<Result<usize, JournalError>>,
    },
    /// Send nothing until it is resumed.
    Pause {
        /// Why, in a person's words.
        because: Reason,
        /// Told when it is committed.
        reply: oneshot::Sender<()>,
    },
    /// Send again, whoever held it.
    Resume {
        /// Told when it is committed.
        reply: oneshot::Sender<()>,
    },
    /// Finish the parts of its files that hold records.
    Rotate {
        /// How many were finished.
        reply: oneshot::Sender<Rotated>,
    },
}

/// What came of finishing parts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rotated {
    /// How many were finished.
    pub parts: usize,
    /// Why others were not, if so.
    pub failed: Option<String>,
}

/// A delivery as it stood when someone chose it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chosen {
    /// The arrival.
    pub seq: Seq,
    /// The state of the exception; pending for what was not tried yet.
    pub state: State,
}

/// What is done with an exception, or, where it expires, with what was not tried
/// yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repair {
    /// Try again now: the frozen bytes where there are any, else the chain's.
    Retry,
    /// Run the chain of today and send what it makes, whatever was frozen.
    Rerun,
    /// Give it up.
    Discard {
        /// Why, in a person's words.
        because: Reason,
    },
    /// Give it up by rule: the backlog quota, or how long exceptions are kept.
    Expire {
        /// Which rule, in a stable short form.
        because: Reason,
    },
}
