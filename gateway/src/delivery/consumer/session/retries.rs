//! Retries: those that are due, or all of them after the destination came back.

mod catching_up;
mod due;
mod under_way;

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use self::{
    catching_up::{CatchingUp, Round},
    due::Due,
    under_way::UnderWay,
};
use super::{Occasion, Session};
use crate::journal::{Exception, JournalError, Parking, Payload, State};

/// What is known of the retries of a destination. The exceptions themselves are
/// in the journal.
#[derive(Debug, Default)]
pub(super) struct Retries {
    pub(super) under_way: UnderWay,
    pub(super) due: Due,
    pub(super) catching_up: CatchingUp,
}

impl Retries {
    /// When one is to be started although nothing happens.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        if self.catching_up.is_on() {
            return Some(Instant::now());
        }
        let wait = self.due.next()?.duration_since(Timestamp::now());
        Some(Instant::now() + Duration::try_from(wait).unwrap_or_default())
    }
}

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
        if let Some(round) = self.retries.catching_up.round() {
            self.catch_up(round, room).await?;
            if self.retries.catching_up.is_on() {
                return Ok(());
            }
            // Those that kept their times are due by themselves.
        }
        self.refresh_due().await?;
        let now = Timestamp::now();
        if !self.retries.due.is_due(now) {
            return Ok(());
        }
        let limit = room + self.window.unsettled();
        let journal = self.consumer.context.journal.clone();
        let due = journal.due(&self.destination.name, now, limit).await?;
        let mut started = 0;
        for exception in due {
            if self.retry_room() > 0 && self.retry(exception, Occasion::default()).await? {
                started += 1;
            }
        }
        self.retries.due.went_through(started);
        Ok(())
    }

    /// How many retries may be started now.
    pub(super) fn retry_room(&self) -> usize {
        let under_way = &self.retries.under_way;
        if self.window.is_full() && under_way.deliveries() > 0 {
            return 0;
        }
        let limits = self.destination.batch();
        let room_to_form =
            limits.map(|limits| self.company.room_for_retries(limits, self.tasks.len()));
        under_way.room(self.pace.limit(), room_to_form)
    }

    async fn refresh_due(&mut self) -> Result<(), JournalError> {
        if self.retries.due.is_known() {
            return Ok(());
        }
        let journal = &self.consumer.context.journal;
        let name = &self.destination.name;
        let has_none = self.retries.under_way.deliveries() == 0;
        let next = if has_none && !self.window.has_unsettled_retries() {
            journal.next_due(name).await?
        } else {
            // The journal shows those under way as due until they are settled, and those
            // that ended and linger.
            let limit = self.window.unsettled() + 1;
            let due = journal.due(name, Timestamp::MAX, limit).await?;
            let waiting = |kept: &&Exception| !self.window.is_under_way(kept.seq);
            due.iter().find(waiting).and_then(|kept| kept.next_attempt)
        };
        self.retries.due.found(next);
        Ok(())
    }

    /// Has a part of all retries tried at once, or only given back what the outage
    /// took.
    async fn catch_up(&mut self, round: Round, room: usize) -> Result<(), JournalError> {
        let journal = self.consumer.context.journal.clone();
        let name = self.destination.name.clone();
        let page = journal
            .exceptions(&name, Some(State::Retrying), round.after, room)
            .await?;
        if page.is_empty() {
            self.retries.catching_up.end();
        }
        self.retries.due.outdate();
        let occasion = Occasion {
            outage: round.outage,
            ..Occasion::default()
        };
        let now = Timestamp::now();
        for exception in page {
            if self.retry_room() == 0 {
                break;
            }
            let seq = exception.seq;
            let later = exception.not_before.is_some_and(|time| time > now);
            let catching_up = &mut self.retries.catching_up;
            if later || round.keep_times {
                self.give_back(exception, round.outage);
            } else if catching_up.is_first(exception.batch.as_ref()) {
                self.retry(exception, occasion).await?;
            }
            self.retries.catching_up.passed(seq);
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
