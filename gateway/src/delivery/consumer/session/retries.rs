//! Retries: those that are due, or all of them after the destination came back.

use std::time::Duration;

use jiff::Timestamp;

use super::{CatchingUp, MAX_BYTES_UNDER_WAY, Occasion, Session};
use crate::{
    journal::{Exception, JournalError, Parking, Payload, State},
    record::Seq,
};

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
            self.catch_up(catching_up, room).await?;
            if self.catching_up.is_some() {
                return Ok(());
            }
            // Those that kept their times are due by themselves.
        }
        self.refresh_due().await?;
        let now = Timestamp::now();
        if self.next_due.is_none_or(|due| due > now) {
            return Ok(());
        }
        let limit = room + self.window.under_way();
        let journal = self.consumer.context.journal.clone();
        let due = journal.due(&self.destination.name, now, limit).await?;
        let mut started = 0;
        for exception in due {
            if self.retry_room() > 0 && self.retry(exception, Occasion::default()).await? {
                started += 1;
            }
        }
        // Others may be due while these are under way. Where none could be
        // started, the end of a task is what changes that.
        self.next_due = None;
        self.due_is_stale = started > 0;
        Ok(())
    }

    /// Half of the slots at most, so that old retries cannot starve first
    /// attempts.
    ///
    /// A retry that joins a batch needs no slot of its own, but room where it
    /// waits for company. Which kind the next one is shows only when it is read:
    /// without room for either, there is none.
    pub(super) fn retry_room(&self) -> usize {
        let slots = (self.policy.limit() / 2).max(1);
        let slots = slots.saturating_sub(self.frozen_batches);
        let others = self.retries_under_way - self.in_frozen_batches;
        let is_full = self.window.bytes() >= MAX_BYTES_UNDER_WAY;
        match self.destination.batch() {
            _ if is_full && self.retries_under_way > 0 => 0,
            None => slots.saturating_sub(others),
            Some(_) if slots == 0 => 0,
            Some(limits) => limits.max_records.saturating_sub(self.unsent()),
        }
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

    /// Has all retries tried at once, from the first on, or only given back what the
    /// outage took.
    pub(super) fn begin_catching_up(&mut self, outage: Duration, keep_times: bool) {
        let after = Seq(0);
        self.catching_up = Some(CatchingUp {
            after,
            outage,
            keep_times,
        });
        self.caught_up.clear();
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
        if page.is_empty() {
            self.catching_up = None;
            self.caught_up.clear();
        }
        self.due_is_stale = true;
        let occasion = Occasion {
            outage: from.outage,
            ..Occasion::default()
        };
        let now = Timestamp::now();
        for exception in page {
            if self.retry_room() == 0 {
                break;
            }
            let after = exception.seq;
            let batch = exception.batch.clone();
            let later = exception.not_before.is_some_and(|time| time > now);
            if later || from.keep_times {
                self.give_back(exception, from.outage);
            } else if batch.is_none_or(|batch| self.caught_up.insert(batch)) {
                self.retry(exception, occasion).await?;
            }
            self.catching_up = Some(CatchingUp { after, ..from });
        }
        Ok(())
    }

    /// Leaves a retry to its time, such as one that the receiver wants later, and
    /// gives back what the outage took of its budget.
    fn give_back(&mut self, mut exception: Exception, outage: Duration) {
        if self.window.is_under_way(exception.seq) {
            return;
        }
        let now = Timestamp::now();
        let first = exception.first_failed.checked_add(outage);
        exception.first_failed = first.map_or(now, |first| first.min(now));
        self.settlement.parked.push(Parking {
            exception,
            payload: Payload::Keep,
        });
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
        if !self.is_its_turn(&exception).await? {
            return Ok(false);
        }
        let journal = self.consumer.context.journal.clone();
        let mut exception = exception;
        if exception.batch.is_some() {
            // A correction may have taken it out of its batch since it was read.
            let kept = journal.exception(&self.destination.name, exception.seq);
            match kept.await?.filter(|kept| kept.state == State::Retrying) {
                Some(kept) => exception = kept,
                None => return Ok(false),
            }
        }
        if self.order.is_none() && self.retry_batch(&exception, occasion).await? {
            return Ok(true);
        }
        let Some(arrival) = journal.get(exception.seq).await? else {
            return Ok(false);
        };
        self.start(arrival, Some(exception), occasion).await?;
        Ok(true)
    }
}
