//! Dropping the keys of days: by a person's word, or by age.

use jiff::Timestamp;

use super::Runtime;
use crate::journal::{Journal, JournalError, KeyDrop, seal::Day};

impl Runtime {
    /// Drops the key of a day. `None` when there is none (any more).
    ///
    /// # Errors
    /// When the day is not over, or the journal fails.
    pub async fn drop_key(&self, day: Day) -> Result<Option<KeyDrop>, JournalError> {
        drop_key(&*self.journal, day).await
    }
}

async fn drop_key(journal: &dyn Journal, day: Day) -> Result<Option<KeyDrop>, JournalError> {
    let dropped = journal.drop_key(day).await?;
    if let Some(dropped) = &dropped {
        tell(day, dropped);
    }
    Ok(dropped)
}

/// Drops the keys of days that are older than so many days.
pub(super) async fn drop_old(
    journal: &dyn Journal,
    now: Timestamp,
    after_days: u32,
) -> Result<(), JournalError> {
    let kept = first_kept(now, after_days);
    for sealed in journal.sealed_days().await? {
        if sealed.day < kept && sealed.dropped.is_none() {
            drop_key(journal, sealed.day).await?;
        }
    }
    Ok(())
}

/// The first day whose key is kept: so many whole days before today.
fn first_kept(now: Timestamp, after_days: u32) -> Day {
    Day::of(now).before(after_days)
}

fn tell(day: Day, dropped: &KeyDrop) {
    metrics::counter!("cdr_gateway_journal_dropped_keys_total").increment(1);
    for (destination, count) in &dropped.expired {
        let (destination, state) = (destination.clone(), "expired");
        metrics::counter!("cdr_gateway_deliveries_total", "destination" => destination, "state" => state)
            .increment(*count);
    }
    if dropped.expired.is_empty() {
        tracing::info!(%day, "the key of a day is dropped");
    } else {
        tracing::warn!(%day, expired = ?dropped.expired, "the key of a day is dropped; deliveries that were not settled have expired");
    }
    if !dropped.erased {
        tracing::warn!(%day, "the dropped key may stand in the journal's log until that is emptied, at the latest when the gateway stops");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_kept_for_whole_days() {
        let now = "2026-11-10T12:00:00Z".parse().expect("a time");
        for (days, kept) in [(1, "2026-11-09"), (7, "2026-11-03")] {
            assert_eq!(first_kept(now, days).to_string(), kept, "{days}");
        }
    }
}
