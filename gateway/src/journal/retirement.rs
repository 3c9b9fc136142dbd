//! How the ledger of a destination is frozen.

use crate::record::Seq;

/// What a retirement may leave behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retire {
    /// Whatever is unsettled: it stays listed. The range ends at the head.
    AsItStands,
    /// Nothing. Everything up to this arrival must be settled, and what came
    /// after it must not have passed in part: the range ends at the cursor, so
    /// that nothing in it is pending. Arrivals behind it belong to the range
    /// again once the destination is claimed.
    Settled {
        /// The newest arrival that the destination has to have settled.
        through: Seq,
    },
}

/// What came of a retirement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retirement {
    /// The ledger is frozen, or was before.
    Frozen,
    /// Nothing has changed: so many deliveries are unsettled.
    Unsettled(u64),
    /// No destination of this name has ever claimed.
    Unknown,
}
