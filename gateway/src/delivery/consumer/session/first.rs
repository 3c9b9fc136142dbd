//! First attempts: what has not been tried yet, in order of arrival.

use std::sync::Arc;

use super::{
    super::{batches::Returned, job::Job, order::Turn, settling},
    LINES_AHEAD, MAX_BYTES_UNDER_WAY, Occasion, READ_BYTES, READ_LIMIT, SETTLE_LIMIT, Session,
};
use crate::{
    journal::{Exception, JournalError},
    record::{Arrival, Seq},
};

impl Session<'_> {
    /// Starts what has not been tried yet, and passes what is not routed here or
    /// cannot be read any more.
    pub(super) async fn start_first_attempts(&mut self, head: Seq) -> Result<(), JournalError> {
        while self.has_room() {
            let Some(seq) = self.window.next(head) else {
                return Ok(());
            };
            let Some(arrival) = self.arrival(seq).await? else {
                return Ok(());
            };
            if arrival.is_gone() {
                self.window.skip(seq);
                settling::expire(&mut self.settlement, seq, self.revision.number);
            } else if self.is_routed_here(&arrival) {
                if self.rests() {
                    return Ok(());
                }
                match self.turn(&arrival) {
                    Turn::Now => self.start(arrival, None, Occasion::default()).await?,
                    Turn::Soon | Turn::Later => {}
                    Turn::Never => return Ok(()),
                }
            } else {
                self.skip(&arrival);
            }
        }
        Ok(())
    }

    pub(super) fn has_room(&self) -> bool {
        let first_attempts = self.window.under_way() - self.retries_under_way;
        let room = match (&self.lines, self.destination.batch()) {
            (Some(_), _) => first_attempts < LINES_AHEAD,
            (None, Some(limits)) => self.has_room_to_form(limits),
            // Twice, so that chains run while requests are under way.
            (None, None) => first_attempts < self.policy.limit() * 2,
        };
        room && self.window.bytes() < MAX_BYTES_UNDER_WAY
            && self.settlement.outcomes.len() + self.settlement.parked.len() < SETTLE_LIMIT
    }

    /// Whether nothing goes out for now, but for probes.
    pub(super) fn rests(&self) -> bool {
        self.breaker.is_open() || self.guests.is_open() || self.is_held()
    }

    pub(super) async fn arrival(&mut self, seq: Seq) -> Result<Option<Arc<Arrival>>, JournalError> {
        if self.corrections.has_changed().unwrap_or(false) {
            self.corrections.mark_unchanged();
            self.heed_corrections();
        }
        while self.buffer.front().is_some_and(|first| first.seq < seq) {
            self.buffer.pop_front();
        }
        if self.buffer.front().is_none_or(|first| first.seq != seq) {
            let journal = &self.consumer.context.journal;
            self.buffer = journal.read(seq, READ_LIMIT, READ_BYTES).await?.into();
        }
        Ok(self
            .buffer
            .front()
            .filter(|first| first.seq == seq)
            .cloned())
    }

    /// What was read ahead or waits for company may be corrected, and what was
    /// suspended due.
    pub(super) fn heed_corrections(&mut self) {
        self.corrections_heeded = *self.corrections.borrow();
        self.buffer.clear();
        self.due_is_stale = true;
        self.put_back_waiting();
    }

    pub(super) fn is_routed_here(&self, arrival: &Arc<Arrival>) -> bool {
        let journey = self.revision.journey(arrival);
        let decision = journey.decision(&self.revision.routes);
        decision.of(&self.destination.name).is_some()
    }

    pub(super) fn skip(&mut self, arrival: &Arc<Arrival>) {
        let journey = self.revision.journey(arrival);
        let why = journey.decision(&self.revision.routes).why_not();
        self.window.skip(arrival.seq);
        settling::skip(&mut self.settlement, arrival.seq, why, self.revision.number);
    }

    pub(super) async fn start(
        &mut self,
        arrival: Arc<Arrival>,
        exception: Option<Exception>,
        occasion: Occasion,
    ) -> Result<(), JournalError> {
        let seq = arrival.seq;
        let frozen = match &exception {
            Some(_) => {
                let journal = &self.consumer.context.journal;
                journal.frozen(&self.destination.name, seq).await?
            }
            None => None,
        };
        let journal = &self.consumer.context.journal;
        let numbered = match (&exception, &frozen) {
            (Some(_), Some(frozen)) if !frozen.superseded => None,
            (Some(_), _) => journal.numbered(&self.destination.name, seq).await?,
            (None, _) => None,
        };
        self.window.start(seq, arrival.size());
        self.retries_under_way += usize::from(exception.is_some());
        if let Some(order) = &mut self.order {
            order.started(seq);
        }
        let job = Job {
            arrival,
            revision: self.revision.clone(),
            destination: self.destination.clone(),
            basis: self.basis(),
            policy: self.policy.clone(),
            recall: self.recall.clone(),
            exception,
            frozen,
            numbered,
            probe: occasion.probe,
            outage: occasion.outage,
        };
        let workers = self.consumer.context.workers.clone();
        let deliver = async move { Returned::One(job.run(workers).await) };
        self.tasks.spawn(deliver);
        Ok(())
    }
}
