//! Whose turn it is to be a probe.

use std::sync::Arc;

use crate::{journal::Exception, record::Seq};

/// Probes are made in turn with a new arrival and with each of the retries, so
/// that no single record that fails for its own sake keeps the destination shut.
#[derive(Debug, Default)]
pub(in super::super) struct Turns {
    /// The last retry that was one, and the batch that it was in.
    last: Seq,
    last_batch: Option<Arc<str>>,
    /// Whether the last one was to be made with a new arrival.
    fresh: bool,
}

impl Turns {
    /// Whether the next probe is to be made with a new arrival.
    pub(super) fn is_fresh(&mut self) -> bool {
        self.fresh = !self.fresh;
        self.fresh
    }

    /// Behind what the next retry is looked for. Of a batch that was the last one
    /// no other member is taken.
    pub(super) fn behind(&mut self) -> (Seq, Option<Arc<str>>) {
        (self.last, self.last_batch.take())
    }

    pub(super) fn took(&mut self, exception: &Exception) {
        self.last = exception.seq;
        self.last_batch.clone_from(&exception.batch);
    }
}
