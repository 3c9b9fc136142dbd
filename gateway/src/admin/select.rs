//! Which deliveries a request means.

use crate::{
    journal::{Exception, JournalError, JournalReader, State},
    record::{Arrival, ArrivalId, Seq},
};
use std::sync::Arc;

/// Exceptions read at once.
const PAGE: usize = 500;

/// Arrivals of one session that are looked at.
pub(super) const MAX_SESSION_ARRIVALS: usize = 1000;

/// The exceptions of a destination in a state, with a reason where one is
/// given.
pub(super) async fn exceptions<J: JournalReader + ?Sized>(
    journal: &J,
    destination: &str,
    state: State,
    reason: Option<&str>,
) -> Result<Vec<Seq>, JournalError> {
    let mut selected = Vec::new();
    let mut after = Seq(0);
    loop {
        let page = journal
            .exceptions(destination, Some(state), after, PAGE)
            .await?;
        let Some(last) = page.last() else {
            return Ok(selected);
        };
        after = last.seq;
        let meant = |kept: &&Exception| reason.is_none_or(|reason| kept.reason.as_str() == reason);
        selected.extend(page.iter().filter(meant).map(|kept| kept.seq));
    }
}

/// The arrival of an id as people write it.
pub(super) async fn arrival<J: JournalReader + ?Sized>(
    journal: &J,
    id: &str,
) -> Result<Option<Arc<Arrival>>, JournalError> {
    match id.parse::<ArrivalId>() {
        Ok(id) => journal.find(id).await,
        Err(_) => Ok(None),
    }
}
