//! Dropping the keys of days: by a person's word, or by age.
//!
//! What a key seals in parts of files was delivered, so their destinations are asked
//! to finish them first, and what they bring to an object store is waited for, as
//! long as someone may be kept waiting. The journal refuses to drop a key while one
//! is left.

use std::{collections::BTreeSet, time::Duration};

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::Runtime;
use crate::{
    delivery::Fleet,
    journal::{Journal, JournalError, KeyDrop, seal::Day},
};

/// Time in which parts can reach an object store before a key that was asked to be
/// dropped is refused to be.
const PATIENCE: Duration = Duration::from_secs(5);

/// Time between looks at whether they are there.
const LOOK: Duration = Duration::from_millis(250);

impl Runtime {
    /// Drops the key of a day. `None` when there is none (any more).
    ///
    /// # Errors
    /// When the day is not over, a part that it seals cannot be finished, or the
    /// journal fails.
    pub async fn drop_key(&self, day: Day) -> Result<Option<KeyDrop>, JournalError> {
        drop_key(&*self.journal, &self.fleet, day, PATIENCE).await
    }
}

async fn drop_key(
    journal: &dyn Journal,
    fleet: &Fleet,
    day: Day,
    patience: Duration,
) -> Result<Option<KeyDrop>, JournalError> {
    if day < Day::of(Timestamp::now()) {
        let finished = finish_parts(journal, fleet, day).await?;
        wait_for_uploads(journal, day, &finished, patience).await?;
    }
    let dropped = journal.drop_key(day).await?;
    if let Some(dropped) = &dropped {
        tell(day, dropped);
    }
    Ok(dropped)
}

/// Has the parts finished that the key of a day seals, with all others of their
/// destinations. Returns where that was done.
async fn finish_parts(
    journal: &dyn Journal,
    fleet: &Fleet,
    day: Day,
) -> Result<BTreeSet<String>, JournalError> {
    let mut finished = BTreeSet::new();
    for destination in journal.sealed_content(day).await?.sealed_parts.into_keys() {
        let problem = match fleet.rotate(&destination).await {
            Ok(rotated) => rotated.failed,
            Err(error) => Some(error.to_string()),
        };
        if let Some(problem) = problem {
            tracing::warn!(%day, destination, problem, "parts that the key of a day seals cannot be finished");
        } else {
            finished.insert(destination);
        }
    }
    Ok(finished)
}

/// Waits until what these destinations finished is in their object store, for some
/// time.
async fn wait_for_uploads(
    journal: &dyn Journal,
    day: Day,
    finished: &BTreeSet<String>,
    patience: Duration,
) -> Result<(), JournalError> {
    let until = Instant::now() + patience;
    loop {
        let sealed = journal.sealed_content(day).await?.sealed_parts;
        if !sealed.keys().any(|one| finished.contains(one)) || Instant::now() >= until {
            return Ok(());
        }
        sleep(LOOK).await;
    }
}

/// Drops the keys of days that are older than so many days. One that cannot be
/// dropped keeps up no other.
///
/// # Errors
/// With the first that failed.
pub(super) async fn drop_old(
    journal: &dyn Journal,
    fleet: &Fleet,
    now: Timestamp,
    after_days: u32,
) -> Result<(), JournalError> {
    let kept = first_kept(now, after_days);
    let mut result = Ok(());
    for sealed in journal.sealed_days().await? {
        if sealed.day < kept && sealed.dropped.is_none() {
            // What is not there yet is when this comes again.
            let dropped = drop_key(journal, fleet, sealed.day, Duration::ZERO).await;
            result = result.and(dropped.map(drop));
        }
    }
    result
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
    if !dropped.lost_parts.is_empty() {
        tracing::warn!(%day, parts = ?dropped.lost_parts, "sealed parts of retired destinations cannot be read any more; their files may be deleted");
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
