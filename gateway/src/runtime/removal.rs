//! Destinations that a new configuration does not have any more.
//!
//! One that has settled everything goes; one that has not is refused, unless the
//! configuration says `retired = true`. Records keep arriving meanwhile, so the
//! line is drawn at the head of the moment when the configuration was read: up to
//! there all must be settled, and what came later belongs to the new revision.
//! Whether that is so is looked at, and the ledger frozen, in one transaction of
//! the journal, after the consumer has ended.
//!
//! How it fails: all or nothing towards the configuration, which is refused.
//! Consumers that have ended are started again, and claiming takes their ledgers
//! up again, also after a crash in between.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::{
    config::model::Config,
    delivery::Fleet,
    journal::{Journal, JournalError, Ledger, Retire, Retirement},
    record::Seq,
};

/// How long a destination that keeps up may take to settle what arrived before
/// the line; one that waits for a person, or lags, does not get there.
const PATIENCE: Duration = Duration::from_secs(2);

/// Time between looks at how far it is.
const TICK: Duration = Duration::from_millis(20);

/// A destination is missing from the configuration, but not from the journal.
#[derive(Debug, thiserror::Error)]
#[error(
    "destination {destination} is not in the configuration, but has {unsettled} unsettled deliveries; put it back with `retired = true`, or let it settle them first"
)]
pub struct Removal {
    /// The destination.
    pub destination: String,
    /// Deliveries that are pending, retrying, suspended or dead.
    pub unsettled: u64,
}

/// Why destinations cannot go.
#[derive(Debug, thiserror::Error)]
pub(super) enum RemovalError {
    /// The journal cannot be asked.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// One has something left to do.
    #[error(transparent)]
    Removal(#[from] Removal),
}

impl From<RemovalError> for super::ReloadError {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::Journal(error) => Self::Journal(error),
            RemovalError::Removal(removal) => Self::Removal(removal),
        }
    }
}

impl From<RemovalError> for super::StartError {
    fn from(error: RemovalError) -> Self {
        match error {
            RemovalError::Journal(error) => Self::Journal(error),
            RemovalError::Removal(removal) => Self::Removal(removal),
        }
    }
}

/// The destinations that go missing with this configuration: neither in it, under
/// whatever name, nor retired before.
pub(super) async fn missing(
    journal: &dyn Journal,
    config: &Config,
) -> Result<Vec<String>, JournalError> {
    let renamed: Vec<_> = config
        .destination
        .values()
        .filter_map(|destination| destination.renamed_from.as_deref())
        .collect();
    let is_kept = |name: &str| config.destination.contains_key(name) || renamed.contains(&name);
    let ledgers = journal.ledgers().await?.into_iter();
    let missing = ledgers.filter(|ledger| !ledger.retired && !is_kept(&ledger.destination));
    Ok(missing.map(|ledger| ledger.destination).collect())
}

/// Freezes the ledgers of destinations that nobody owns at the moment.
pub(super) async fn retire(
    journal: &dyn Journal,
    missing: &[String],
    through: Seq,
) -> Result<(), RemovalError> {
    for name in missing {
        if let Retirement::Unsettled(unsettled) = retire_one(journal, name, through).await? {
            return Err(refuse(name, unsettled));
        }
    }
    Ok(())
}

/// Also where the journal's queue is full for a while.
async fn retire_one(
    journal: &dyn Journal,
    name: &str,
    through: Seq,
) -> Result<Retirement, JournalError> {
    loop {
        match journal.retire(name, Retire::Settled { through }).await {
            Err(JournalError::Busy { .. }) => sleep(TICK).await,
            result => return result,
        }
    }
}

/// The same while they run: their consumers end, within `limit`. Where that is
/// refused, or anything after it fails, [`Fleet::fill`] has them go on.
pub(super) async fn release(
    journal: &dyn Journal,
    fleet: &Fleet,
    missing: &[String],
    limit: Duration,
) -> Result<(), RemovalError> {
    if missing.is_empty() {
        return Ok(());
    }
    let through = journal.head();
    wait_until_settled(journal, missing, through).await?;
    fleet.release(missing, limit).await;
    retire(journal, missing, through).await
}

/// Refuses what can be refused before anything is disturbed.
async fn wait_until_settled(
    journal: &dyn Journal,
    missing: &[String],
    through: Seq,
) -> Result<(), RemovalError> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let ledgers = journal.ledgers().await?.into_iter();
        let mut lagging = ledgers
            .filter(|ledger| missing.contains(&ledger.destination) && !ledger.is_settled(through));
        let Some(ledger) = lagging.next() else {
            return Ok(());
        };
        if Instant::now() >= deadline || needs_more_than_time(&ledger) {
            return Err(refuse(&ledger.destination, ledger.counts.unsettled()));
        }
        sleep(TICK).await;
    }
}

fn needs_more_than_time(ledger: &Ledger) -> bool {
    ledger.counts.unsettled() > ledger.counts.pending
}

fn refuse(destination: &str, unsettled: u64) -> RemovalError {
    let destination = destination.to_owned();
    RemovalError::Removal(Removal {
        destination,
        unsettled,
    })
}
