//! The result of recounting a journal.

use serde::Serialize;

use super::{Counts, Ledger};

/// The result of recounting a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Audit {
    /// Arrivals that are kept.
    pub arrivals: u64,
    /// What is wrong with the arrivals themselves, one sentence each.
    pub problems: Vec<String>,
    /// Every destination, recounted.
    pub destinations: Vec<Verification>,
}

impl Audit {
    /// Whether nothing is wrong anywhere.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty()
            && self
                .destinations
                .iter()
                .all(|destination| destination.mismatches.is_empty())
    }
}

/// One destination, recounted from arrivals and outcomes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The ledger as kept.
    pub ledger: Ledger,
    /// The counters as recounted.
    pub recount: Counts,
    /// What does not agree, one sentence each; at most
    /// [`Verification::MAX_MISMATCHES`], then one that says how many more.
    pub mismatches: Vec<String>,
}

impl Verification {
    /// How many mismatches of one destination are told one by one.
    pub const MAX_MISMATCHES: usize = 100;
}
