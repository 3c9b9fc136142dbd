//! When what ended is settled: with company where nobody waits for it.
//!
//! A commit costs the same for one outcome as for a hundred, so outcomes that need
//! nothing further wait for each other. What waits is repeated after a crash,
//! under the same id. Whatever else there is to settle goes at once: failures,
//! since their payload is frozen and their next time counts from now; files, since
//! nothing is written before their length is committed; and deliveries in order,
//! since the next one waits.

use std::time::Duration;

use tokio::time::Instant;

use super::Session;
use crate::journal::{HoldChange, Settlement};

/// Outcomes that are settled without waiting for more.
const ENOUGH: usize = 256;

impl Session<'_> {
    /// How long outcomes, and lines of files, wait for company.
    pub(super) fn linger(&self) -> Duration {
        Duration::from_millis(self.revision.config.journal.settle_linger_ms)
    }

    /// When the settlement is to be committed; none while there is nothing in it.
    pub(super) fn settle_at(&mut self) -> Option<Instant> {
        if self.settlement.is_empty() {
            self.settling_since = None;
            return None;
        }
        let since = *self.settling_since.get_or_insert_with(Instant::now);
        if self.order.is_some() || is_urgent(&self.settlement) {
            return Some(since);
        }
        Some(since + self.linger())
    }

    pub(super) fn is_to_settle(&mut self) -> bool {
        self.settle_at().is_some_and(|at| at <= Instant::now())
    }
}

fn is_urgent(settlement: &Settlement) -> bool {
    settlement.outcomes.len() >= ENOUGH
        || !settlement.parked.is_empty()
        || !settlement.attempts.is_empty()
        || !settlement.numbers.is_empty()
        || !settlement.files.is_empty()
        || settlement.hold != HoldChange::None
}
