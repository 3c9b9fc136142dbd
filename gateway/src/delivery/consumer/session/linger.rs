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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{
        journal::{Numbered, Outcome, Reason, State},
        record::Seq,
    };

    #[test]
    fn a_full_group_and_all_but_outcomes_go_at_once() {
        let outcome = Outcome::without_attempt(Seq(1), State::Delivered, Reason::none(), 1);
        let of = |outcomes| Settlement {
            outcomes: vec![outcome.clone(); outcomes],
            ..Settlement::new(Timestamp::UNIX_EPOCH)
        };
        let number = Numbered {
            seq: Seq(1),
            number: 2,
            revision: 1,
            correction: 0,
        };
        let numbered = Settlement {
            numbers: vec![number],
            ..of(1)
        };
        let resumed = Settlement {
            hold: HoldChange::End,
            ..of(1)
        };
        for (what, settlement, expected) in [
            ("one", of(1), false),
            ("not enough", of(ENOUGH - 1), false),
            ("enough", of(ENOUGH), true),
            ("a number", numbered, true),
            ("a hold", resumed, true),
        ] {
            assert_eq!(is_urgent(&settlement), expected, "{what}");
        }
    }
}
