//! Retries: those that are due, or all of them after the destination came back.

use jiff::Timestamp;

use super::{CatchingUp, Occasion, Session};
use crate::journal::{Exception, JournalError, State};

impl Session<'_> {
    /// Starts retries that are due, or, after the destination came back, all.
    pub(super) async fn start_retries(&mut self) -> Result<(), JournalError> {
        if self.rests() {
            return Ok(());
        }
        let room = self.retry_room();
        if room == 0 {
            return Ok(());
        }
        if let Some(catching_up) = self.catching_up {
            return self.catch_up(catching_up, room).await;
        }
        self.refresh_due().await?;
        let now = Timestamp::now();
        if self.next_due.is_none_or(|due| due > now) {
            return Ok(());
        }
        let limit = room + self.window.under_way();
        let journal = self.consumer.context.journal.clone();
        let due = journal.due(&self.destination.name, now, limit).await?;
        self.retry_all(due, room, Occasion::default()).await?;
        // What is still due waits for room, and is looked for when a task ends.
        self.next_due = None;
        Ok(())
    }

    /// Half of the slots at most, so that old retries cannot starve first
    /// attempts.
    pub(super) fn retry_room(&self) -> usize {
        let slots = (self.destination.concurrency / 2).max(1);
        slots.saturating_sub(self.retries_under_way)
    }

    pub(super) async fn refresh_due(&mut self) -> Result<(), JournalError> {
        if self.due_is_stale {
            let journal = &self.consumer.context.journal;
            self.next_due = journal.next_due(&self.destination.name).await?;
            self.due_is_stale = false;
        }
        Ok(())
    }

    pub(super) async fn catch_up(
        &mut self,
        from: CatchingUp,
        room: usize,
    ) -> Result<(), JournalError> {
        let journal = self.consumer.context.journal.clone();
        let name = self.destination.name.clone();
        let page = journal
            .exceptions(&name, Some(State::Retrying), from.after, room)
            .await?;
        self.catching_up = page.last().map(|last| CatchingUp {
            after: last.seq,
            ..from
        });
        self.due_is_stale = true;
        let occasion = Occasion {
            outage: from.outage,
            ..Occasion::default()
        };
        self.retry_all(page, room, occasion).await
    }

    pub(super) async fn retry_all(
        &mut self,
        exceptions: Vec<Exception>,
        room: usize,
        occasion: Occasion,
    ) -> Result<(), JournalError> {
        let mut started = 0;
        for exception in exceptions {
            if started < room && self.retry(exception, occasion).await? {
                started += 1;
            }
        }
        Ok(())
    }

    /// True if the delivery was started.
    pub(super) async fn retry(
        &mut self,
        exception: Exception,
        occasion: Occasion,
    ) -> Result<bool, JournalError> {
        if self.window.is_under_way(exception.seq) {
            return Ok(false);
        }
        let journal = self.consumer.context.journal.clone();
        let Some(arrival) = journal.get(exception.seq).await? else {
            return Ok(false);
        };
        self.start(arrival, Some(exception), occasion).await?;
        Ok(true)
    }
}
