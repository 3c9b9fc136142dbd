//! What admission needs of the journal.

use std::fmt;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    journal::{Journal, JournalError, NewArrival, Seen},
    record::ArrivalId,
};

/// The part of a journal that takes arrivals in.
#[async_trait]
pub trait Intake: Send + Sync {
    /// Commits an arrival. Returns once it is on disk.
    ///
    /// # Errors
    ///
    /// With any error nothing may be acknowledged to the sender.
    async fn append(&self, arrival: NewArrival) -> Result<ArrivalId, JournalError>;

    /// What was received at or after `since`, oldest first, and of that the
    /// newest `limit`.
    async fn seen(&self, since: Timestamp, limit: usize) -> Result<Vec<Seen>, JournalError>;

    /// Whether a commit would be waited for for nobody knows how long.
    fn is_stalled(&self) -> bool;
}

#[async_trait]
impl Intake for Arc<dyn Journal> {
    async fn append(&self, arrival: NewArrival) -> Result<ArrivalId, JournalError> {
        let arrival = self.as_ref().append(arrival).await?;
        Ok(arrival.id)
    }

    async fn seen(&self, since: Timestamp, limit: usize) -> Result<Vec<Seen>, JournalError> {
        self.as_ref().dedup_window(since, limit).await
    }

    fn is_stalled(&self) -> bool {
        self.as_ref().is_stalled()
    }
}

impl fmt::Debug for dyn Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Intake")
    }
}
