//! The books by period of arrival.

use jiff::Timestamp;

use super::view::{LedgerPeriodsView, PeriodsQuery, PeriodsView, UnknownZone};
use crate::journal::{JournalError, JournalReader};

/// Why the books by period cannot be shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PeriodsError {
    /// The time zone is none.
    #[error(transparent)]
    Zone(#[from] UnknownZone),
    /// The destination is none.
    #[error("no destination {0}; `balance` lists those that there are")]
    Destination(String),
    /// The journal cannot tell.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The books of a journal by period.
pub(crate) async fn periods<J: JournalReader + ?Sized>(
    journal: &J,
    query: &PeriodsQuery,
) -> Result<PeriodsView, PeriodsError> {
    let zone = query.zone()?;
    let hours = query.hours(Timestamp::now());
    let names = match &query.destination {
        Some(name) => vec![name.clone()],
        None => journal.destinations().await?,
    };
    let mut ledgers = Vec::new();
    for name in names {
        let hourly = journal.by_hour(&name, hours).await?;
        let Some(hourly) = hourly else {
            return Err(PeriodsError::Destination(name));
        };
        ledgers.push(LedgerPeriodsView::new(&hourly, query.by, &zone, hours));
    }
    Ok(PeriodsView::new(query.by, ledgers))
}
