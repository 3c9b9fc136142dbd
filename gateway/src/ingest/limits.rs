//! How much is taken at once, and how long it may take.

use std::{sync::Arc, time::Duration};

use tokio::sync::{Semaphore, SemaphorePermit};

use super::refusal::Refusal;

/// The limits of ingest. Together with the body limit of the sources they bound
/// its memory: `max_concurrency` bodies, and 100 bytes for each remembered push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests served at once, of all sources; those beyond are refused.
    /// Requests with wrong credentials do not count.
    pub max_concurrency: usize,
    /// Requests for access tokens served at once, beside those.
    pub max_token_requests: usize,
    /// Time for one request, from its headers to its answer.
    pub request_timeout: Duration,
    /// How long a push is remembered.
    pub dedup_window: Duration,
    /// How many pushes are remembered at most.
    pub dedup_max_entries: usize,
}

/// Lets as many requests in as may be served at once, and sheds the others.
///
/// Not a tower layer: the permit is taken after the credentials were checked,
/// so that strangers cannot use all of them up, and what is shed is answered
/// in the sender's dialect.
#[derive(Debug)]
pub(super) struct Gate {
    permits: Semaphore,
    size: usize,
}

impl Gate {
    pub(super) fn new(size: usize) -> Arc<Self> {
        let size = size.min(Semaphore::MAX_PERMITS);
        let permits = Semaphore::new(size);
        Arc::new(Self { permits, size })
    }

    /// A gate of another size; the same one where the size is the same, so
    /// that requests under way still count after a reload.
    pub(super) fn resized(self: &Arc<Self>, size: usize) -> Arc<Self> {
        if size == self.size {
            self.clone()
        } else {
            Self::new(size)
        }
    }

    /// A permit, to be held while the request is served.
    pub(super) fn enter(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        self.permits.try_acquire().map_err(|_| Refusal::Overloaded)
    }
}
