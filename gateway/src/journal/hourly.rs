//! The ledger by hour of arrival.
//!
//! Hours are those of UTC, and the smallest period that the books know: what
//! retention removes is summed up by them. Longer periods, and those of other
//! places, are sums of hours.

use jiff::Timestamp;
use serde::Serialize;

use super::{Counts, Ledger, Reason, State};

/// Which hours are meant: those that begin within these times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hours {
    /// The first time; all there are before `until` where it is not said.
    pub since: Option<Timestamp>,
    /// The time behind the last; all there are from `since` on where it is not
    /// said.
    pub until: Option<Timestamp>,
}

impl Hours {
    /// Whether these are all hours.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }
}

/// Deliveries of what was received within an hour, in one state for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When the hour began. `None` for arrivals that are not kept any more and
    /// whose hour is not known: they were removed before the books knew hours, or
    /// while the destination was retired.
    pub hour: Option<Timestamp>,
    /// The state.
    pub state: State,
    /// The reason.
    pub reason: Reason,
    /// How many.
    pub deliveries: u64,
}

/// The ledger of a destination, and its entries by hour as of the same moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HourlyLedger {
    /// The ledger.
    pub ledger: Ledger,
    /// The entries in order of hour, state and reason.
    pub entries: Vec<Entry>,
}

impl HourlyLedger {
    /// The entries of one answer at most.
    pub const MAX_ENTRIES: usize = 100_000;

    /// What the entries add up to.
    pub fn sums(&self) -> Counts {
        let mut sums = Counts::default();
        for entry in &self.entries {
            *sums.of_mut(entry.state) += entry.deliveries;
        }
        sums
    }
}
