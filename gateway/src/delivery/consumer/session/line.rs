//! Lines: deliveries of one key go out one after the other ([`Order`]).

use std::sync::Arc;

use jiff::Timestamp;

use super::{Occasion, Session};
use crate::{
    delivery::consumer::order::{Key, Order, Turn},
    journal::{Exception, JournalError, Parking, Payload, REPLAY, Reason, State},
    record::{Arrival, Seq},
};

/// Reason of a delivery that waits for an earlier one of its key to be through.
const BEHIND: &str = "behind_earlier";

/// Exceptions read at once.
const PAGE: usize = 256;

impl Session<'_> {
    /// Makes the lines anew from the exceptions. What was parked behind another
    /// and has no line any more, since the configuration changed, is due at once.
    pub(super) async fn restore_lines(&mut self) -> Result<(), JournalError> {
        let journal = self.consumer.context.journal.clone();
        let name = self.destination.name.clone();
        let mut after = Seq(0);
        loop {
            let page = journal
                .exceptions(&name, Some(State::Retrying), after, PAGE)
                .await?;
            let Some(last) = page.last() else {
                return Ok(());
            };
            after = last.seq;
            for kept in page {
                let has_line = self.keep_in_line(kept.seq).await?;
                if !has_line && kept.next_attempt.is_none() {
                    self.park_retrying(Exception {
                        next_attempt: Some(Timestamp::now()),
                        ..kept
                    });
                }
            }
        }
    }

    /// Puts a retrying exception in line; false if it has none.
    async fn keep_in_line(&mut self, seq: Seq) -> Result<bool, JournalError> {
        if self.order.is_none() {
            return Ok(false);
        }
        let arrival = self.consumer.context.journal.get(seq).await?;
        let key = arrival.and_then(|arrival| self.key(&arrival));
        if let (Some(order), Some(key)) = (&mut self.order, key) {
            order.keep(seq, key);
        }
        Ok(key.is_some())
    }

    fn key(&self, arrival: &Arc<Arrival>) -> Option<Key> {
        let order = self.order.as_ref()?;
        order.key(&self.revision.journey(arrival))
    }

    /// Whether a new arrival may be tried now. One that has to wait for long is
    /// parked.
    pub(super) fn turn(&mut self, arrival: &Arc<Arrival>) -> Turn {
        let Some(key) = self.key(arrival) else {
            return Turn::Now;
        };
        let turn = self.order.as_mut();
        let turn = turn.map_or(Turn::Now, |order| order.queue(arrival.seq, key));
        match turn {
            Turn::Now | Turn::Never => {}
            Turn::Soon => self.window.skip(arrival.seq),
            Turn::Later => {
                self.window.skip(arrival.seq);
                self.park_behind(arrival.seq);
            }
        }
        turn
    }

    /// Whether it is an exception's turn. One that came due too early, such as at a
    /// person's word, waits without a time from now on.
    pub(super) async fn is_its_turn(
        &mut self,
        exception: &Exception,
    ) -> Result<bool, JournalError> {
        let seq = exception.seq;
        let knows = |order: &Order| order.knows(seq);
        if !self.order.as_ref().is_none_or(knows) {
            // Others make exceptions due as well, such as a correction.
            self.keep_in_line(seq).await?;
        }
        if self.order.as_ref().is_none_or(|order| order.may_start(seq)) {
            return Ok(true);
        }
        if exception.next_attempt.is_some() {
            // A replay waits for what it reopened until that was tried.
            let is_replayed = exception.reason.as_str() == REPLAY;
            let behind = (!is_replayed).then(|| Reason::from(BEHIND));
            self.park_retrying(Exception {
                reason: behind.unwrap_or_else(|| exception.reason.clone()),
                next_attempt: None,
                ..exception.clone()
            });
        }
        Ok(false)
    }

    /// Starts what has become first in its line.
    pub(super) async fn start_ready(&mut self) -> Result<(), JournalError> {
        while !self.rests() && self.has_room() && self.retry_room() > 0 {
            if !self.start_next_ready(Occasion::default()).await? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Starts one that has become first in its line; false if there is none. Those
    /// that have a time of their own are left to it.
    pub(super) async fn start_next_ready(
        &mut self,
        occasion: Occasion,
    ) -> Result<bool, JournalError> {
        let journal = self.consumer.context.journal.clone();
        while let Some(seq) = self.order.as_mut().and_then(Order::next_ready) {
            let kept = journal.exception(&self.destination.name, seq).await?;
            let has_time = kept.is_some_and(|kept| kept.next_attempt.is_some());
            let started = !has_time && self.start_again(seq, occasion).await?;
            if started {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Starts a delivery that came back or waited, as an exception or in the window;
    /// false if it is under way or needs none any more.
    pub(super) async fn start_again(
        &mut self,
        seq: Seq,
        occasion: Occasion,
    ) -> Result<bool, JournalError> {
        let journal = self.consumer.context.journal.clone();
        match journal.exception(&self.destination.name, seq).await? {
            Some(kept) if kept.state == State::Retrying => self.retry(kept, occasion).await,
            None if self.window.is_pending(seq) => self.start_held(seq, occasion).await,
            _ => Ok(false),
        }
    }

    /// Starts a first attempt that waited in the window, unless it is not meant for
    /// this destination under the revision of now.
    async fn start_held(&mut self, seq: Seq, occasion: Occasion) -> Result<bool, JournalError> {
        let Some(arrival) = self.consumer.context.journal.get(seq).await? else {
            return Ok(false);
        };
        if self.is_routed_here(&arrival) {
            self.start(arrival, None, occasion).await?;
            return Ok(true);
        }
        self.skip(&arrival);
        Ok(false)
    }

    /// Moves lines on after a commit.
    pub(super) async fn move_lines(
        &mut self,
        settled: impl Iterator<Item = (Seq, State)>,
    ) -> Result<(), JournalError> {
        for (seq, state) in settled {
            let Some(order) = &mut self.order else {
                return Ok(());
            };
            if order.knows(seq) {
                order.settled(seq, state);
            } else if state == State::Retrying {
                self.keep_in_line(seq).await?;
            }
        }
        let overtaken = self.order.as_mut().map(Order::take_overtaken);
        for seq in overtaken.into_iter().flatten() {
            self.park_behind(seq);
        }
        Ok(())
    }

    fn park_behind(&mut self, seq: Seq) {
        self.park_retrying(Exception {
            seq,
            state: State::Retrying,
            reason: Reason::from(BEHIND),
            detail: "an earlier delivery of the same key is not through".to_owned(),
            attempts: 0,
            splits: 0,
            first_failed: Timestamp::now(),
            next_attempt: None,
            not_before: None,
            revision: self.revision.number,
            batch: None,
            correction: 0,
        });
    }

    fn park_retrying(&mut self, exception: Exception) {
        self.settlement.parked.push(Parking {
            exception,
            payload: Payload::Keep,
        });
    }
}
