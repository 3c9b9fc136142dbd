//! The counters of a destination, which must always balance.

use serde::Serialize;

use super::State;
use crate::record::Seq;

/// Deliveries per state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Not tried yet.
    pub pending: u64,
    /// The receiver has them.
    pub delivered: u64,
    /// Not meant for the destination.
    pub skipped: u64,
    /// Tried again by themselves.
    pub retrying: u64,
    /// Waiting for a person or a fix.
    pub suspended: u64,
    /// Retries used up, or refused for good.
    pub dead: u64,
    /// Given up by a person.
    pub discarded: u64,
    /// Given up by a limit.
    pub expired: u64,
}

impl Counts {
    /// The counter of a state.
    pub fn of(&self, state: State) -> u64 {
        match state {
            State::Pending => self.pending,
            State::Delivered => self.delivered,
            State::Skipped => self.skipped,
            State::Retrying => self.retrying,
            State::Suspended => self.suspended,
            State::Dead => self.dead,
            State::Discarded => self.discarded,
            State::Expired => self.expired,
        }
    }

    /// The counter of a state, to change.
    pub fn of_mut(&mut self, state: State) -> &mut u64 {
        match state {
            State::Pending => &mut self.pending,
            State::Delivered => &mut self.delivered,
            State::Skipped => &mut self.skipped,
            State::Retrying => &mut self.retrying,
            State::Suspended => &mut self.suspended,
            State::Dead => &mut self.dead,
            State::Discarded => &mut self.discarded,
            State::Expired => &mut self.expired,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        State::ALL.into_iter().map(|state| self.of(state)).sum()
    }

    /// What still needs the destination, or a person: neither finished nor
    /// given up.
    pub fn unsettled(&self) -> u64 {
        self.pending + self.retrying + self.suspended + self.dead
    }
}

/// How a destination stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ledger {
    /// The destination.
    pub destination: String,
    /// The first arrival of its range.
    pub start: Seq,
    /// The last arrival of its range: the journal's head, or for a retired
    /// destination the head at its retirement. `start - 1` when empty.
    pub end: Seq,
    /// Every arrival of the range up to and including this one has passed.
    pub cursor: Seq,
    /// Arrivals beyond the cursor that have passed.
    pub ahead: u64,
    /// The epoch of the owner.
    pub epoch: u64,
    /// Whether the ledger is frozen.
    pub retired: bool,
    /// Deliveries per state: the seven kept counters, and pending, which
    /// follows from range, cursor and ahead.
    pub counts: Counts,
    /// Arrivals of the range that retention removed: they stay in range and
    /// counts, but are told one by one no more.
    pub removed: u64,
}

impl Ledger {
    /// How many arrivals the range holds.
    pub fn arrivals(&self) -> u64 {
        (self.end.0 + 1).saturating_sub(self.start.0)
    }

    /// Whether nothing up to an arrival is pending, and nothing at all is an
    /// exception.
    pub fn is_settled(&self, through: Seq) -> bool {
        self.cursor >= through && self.counts.unsettled() == self.counts.pending
    }

    /// Whether every arrival of the range is in exactly one state.
    pub fn balances(&self) -> bool {
        self.arrivals() == self.counts.total()
    }
}
