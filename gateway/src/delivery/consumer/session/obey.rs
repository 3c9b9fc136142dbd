//! Does what a person, or a rule, asks of a destination's deliveries.

use jiff::Timestamp;
use tokio::sync::oneshot;

use super::Session;
use crate::{
    delivery::consumer::command::{Chosen, Command, RERUN, Repair},
    journal::{
        Exception, HoldKind, JournalError, Outcome, Parking, Payload, Portion, REPLAY, Reason,
        State,
    },
    record::Seq,
};

impl Session<'_> {
    pub(super) async fn obey(&mut self, command: Command) -> Result<(), JournalError> {
        if !self.settlement.is_empty() {
            self.settle().await?;
        }
        match command {
            Command::Repair {
                chosen,
                repair,
                reply,
            } => {
                let repaired = self.repair_all(chosen, &repair).await?;
                // Whoever asked may have gone.
                let _ = reply.send(Ok(repaired));
            }
            Command::Pause { because, reply } => {
                self.begin_hold(HoldKind::Paused, because);
                self.settle_hold(reply).await?;
            }
            Command::Resume { reply } => {
                self.end_hold();
                self.settle_hold(reply).await?;
            }
            Command::Reopen { portion, reply } => {
                let reopened = self.reopen(portion).await?;
                let _ = reply.send(Ok(reopened));
            }
            // Without an answer if the writer was lost, as the next write finds out.
            Command::Rotate { reply } => {
                if let Some(rotated) = self.rotate().await? {
                    let _ = reply.send(rotated);
                }
            }
        }
        Ok(())
    }

    async fn settle_hold(&mut self, reply: oneshot::Sender<()>) -> Result<(), JournalError> {
        if !self.settlement.is_empty() {
            self.settle().await?;
        }
        // Whoever asked may have gone.
        let _ = reply.send(());
        Ok(())
    }

    /// Hands out a portion of a replay. A queue that is full is no reason to claim
    /// again: the portion comes another time.
    async fn reopen(&mut self, portion: Portion) -> Result<u64, JournalError> {
        let journal = &self.consumer.context.journal;
        let reopened = journal.reopen(&self.destination.name, self.epoch, portion);
        let reopened = match reopened.await {
            Err(JournalError::Busy { .. }) => 0,
            result => result?,
        };
        if reopened > 0 {
            self.count(State::Retrying, &REPLAY.into(), reopened);
        }
        let destination = self.destination.name.to_string();
        metrics::counter!("cdr_gateway_replayed_total", "destination" => destination)
            .increment(reopened);
        self.retries.due.outdate();
        Ok(reopened)
    }

    async fn repair_all(
        &mut self,
        chosen: Vec<Chosen>,
        repair: &Repair,
    ) -> Result<usize, JournalError> {
        let mut repaired = 0;
        for chosen in chosen {
            if chosen.state == State::Pending {
                repaired += usize::from(self.expire(chosen.seq, repair));
            } else if let Some(exception) = self.as_chosen(chosen).await? {
                repaired += 1;
                self.repair(exception, repair);
            }
        }
        if !self.settlement.is_empty() {
            self.settle().await?;
        }
        Ok(repaired)
    }

    /// The exception, if it stands as it did when it was chosen. What someone
    /// else repaired in between is not the delivery that was looked at.
    async fn as_chosen(&self, chosen: Chosen) -> Result<Option<Exception>, JournalError> {
        if self.window.is_under_way(chosen.seq) {
            return Ok(None);
        }
        let journal = &self.consumer.context.journal;
        let kept = journal
            .exception(&self.destination.name, chosen.seq)
            .await?;
        Ok(kept.filter(|kept| kept.state == chosen.state))
    }

    fn repair(&mut self, exception: Exception, repair: &Repair) {
        let parking = match repair {
            Repair::Retry => try_again(exception, "retry_requested", Payload::Keep),
            Repair::Rerun => try_again(exception, RERUN, Payload::Supersede),
            Repair::Discard { because } => {
                return self.give_up(exception.seq, State::Discarded, because);
            }
            Repair::Expire { because } => {
                return self.give_up(exception.seq, State::Expired, because);
            }
        };
        self.settlement.parked.push(parking);
    }

    /// Gives up what was not tried yet, unless it is under way by now.
    fn expire(&mut self, seq: Seq, repair: &Repair) -> bool {
        let Repair::Expire { because } = repair else {
            return false;
        };
        let is_pending = self.window.is_pending(seq);
        if is_pending {
            self.give_up(seq, State::Expired, because);
        }
        is_pending
    }

    fn give_up(&mut self, seq: Seq, state: State, because: &Reason) {
        let (because, revision) = (because.clone(), self.revision.number);
        let outcome = Outcome::without_attempt(seq, state, because, revision);
        self.settlement.outcomes.push(outcome);
    }
}

/// The exception due at once. What was never sent is processed anew; what was
/// sent keeps its bytes unless they are superseded, be it suspended since.
fn try_again(exception: Exception, reason: &str, payload: Payload) -> Parking {
    let now = Timestamp::now();
    Parking {
        exception: Exception {
            state: State::Retrying,
            reason: Reason::from(reason),
            next_attempt: Some(now),
            not_before: None,
            // A person's word starts the budget anew.
            first_failed: now,
            batch: None,
            ..exception
        },
        payload,
    }
}
