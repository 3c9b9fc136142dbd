//! Arrivals that are read ahead of the window.

use std::{collections::VecDeque, sync::Arc};

use tokio::sync::watch;

use crate::{
    journal::{Journal, JournalError},
    record::{Arrival, Seq},
};

/// Arrivals read at once, and their bodies in bytes.
const READ_LIMIT: usize = 256;
const READ_BYTES: usize = 4 * 1024 * 1024;

/// What was read ahead, and the corrections that may have changed it since.
pub(in super::super) struct Ahead {
    buffer: VecDeque<Arc<Arrival>>,
    corrections: watch::Receiver<u64>,
    heeded: u64,
}

impl Ahead {
    pub(in super::super) fn new(corrections: watch::Receiver<u64>) -> Self {
        Self {
            buffer: VecDeque::new(),
            corrections,
            heeded: 0,
        }
    }

    /// An arrival, and with it those behind it.
    pub(super) async fn read(
        &mut self,
        seq: Seq,
        journal: &dyn Journal,
    ) -> Result<Option<Arc<Arrival>>, JournalError> {
        while self.buffer.front().is_some_and(|first| first.seq < seq) {
            self.buffer.pop_front();
        }
        if self.buffer.front().is_none_or(|first| first.seq != seq) {
            self.buffer = journal.read(seq, READ_LIMIT, READ_BYTES).await?.into();
        }
        let first = self.buffer.front();
        Ok(first.filter(|first| first.seq == seq).cloned())
    }

    /// Waits for a correction that was not heeded yet.
    pub(in super::super) async fn corrected(&mut self) -> Result<(), watch::error::RecvError> {
        self.corrections.changed().await
    }

    /// Whether there is a correction that was not heeded yet.
    pub(super) fn is_corrected(&self) -> bool {
        self.corrections.has_changed().unwrap_or(false)
    }

    /// Has everything read again.
    pub(super) fn heed_corrections(&mut self) {
        self.heeded = *self.corrections.borrow_and_update();
        self.buffer.clear();
    }

    /// How many corrections were heeded.
    pub(in super::super) fn corrections(&self) -> u64 {
        self.heeded
    }
}
