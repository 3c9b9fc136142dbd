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
        let started = self.retry_all(due, room, Occasion::default()).await?;
        // Others may be due while these are under way. Where none could be
        // started, the end of a task is what changes that.
        self.next_due = None;
        self.due_is_stale = started > 0;
        Ok(())
    }

    /// Half of the slots at most, so that old retries cannot starve first
    /// attempts.
    pub(super) fn retry_room(&self) -> usize {
        let slots = (self.policy.limit() / 2).max(1);
        slots.saturating_sub(self.retries_under_way)
    }

    pub(super) async fn refresh_due(&mut self) -> Result<(), JournalError> {
        if !self.due_is_stale {
            return Ok(());
        }
        let journal = &self.consumer.context.journal;
        let name = &self.destination.name;
        self.next_due = if self.retries_under_way == 0 {
            journal.next_due(name).await?
        } else {
            // The journal shows those under way as due until they are settled.
            let limit = self.window.under_way() + 1;
            let due = journal.due(name, Timestamp::MAX, limit).await?;
            let waiting = |kept: &&Exception| !self.window.is_under_way(kept.seq);
            due.iter().find(waiting).and_then(|kept| kept.next_attempt)
        };
        self.due_is_stale = false;
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
        self.retry_all(page, room, occasion).await?;
        Ok(())
    }

    pub(super) async fn retry_all(
        &mut self,
        exceptions: Vec<Exception>,
        room: usize,
        occasion: Occasion,
    ) -> Result<usize, JournalError> {
        let mut started = 0;
        for exception in exceptions {
            if started < room && self.retry(exception, occasion).await? {
                started += 1;
            }
        }
        Ok(started)
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
