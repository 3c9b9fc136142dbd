//! First attempts: what has not been tried yet, in order of arrival.

mod ahead;

use std::sync::Arc;

use tokio::time::Instant;

pub(super) use self::ahead::Ahead;
use super::{
    super::{batches::Returned, job::Job, order::Turn, settling},
    Occasion, Session,
};
use crate::{
    journal::{Exception, JournalError},
    record::{Arrival, Seq},
};

/// Outcomes settled at once, so that a transaction stays short.
const SETTLE_LIMIT: usize = 512;

/// Lines prepared ahead of the writer.
const LINES_AHEAD: usize = 256;

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
        let first_attempts = self.window.under_way() - self.retries.under_way.deliveries();
        let room = match (&self.files, self.destination.batch()) {
            (Some(_), _) => first_attempts < LINES_AHEAD,
            (None, Some(limits)) => self.company.has_room(limits, self.tasks.len()),
            // Twice, so that chains run while requests are under way.
            (None, None) => first_attempts < self.pace.limit() * 2,
        };
        room && !self.window.is_full()
            && self.settlement.outcomes.len() + self.settlement.parked.len() < SETTLE_LIMIT
    }

    /// Whether nothing goes out for now, but for probes.
    pub(super) fn rests(&self) -> bool {
        self.breakers.are_open() || self.holds.is_held()
    }

    pub(super) async fn arrival(&mut self, seq: Seq) -> Result<Option<Arc<Arrival>>, JournalError> {
        if self.ahead.is_corrected() {
            self.heed_corrections();
        }
        self.ahead.read(seq, &*self.consumer.context.journal).await
    }

    /// What was read ahead or waits for company may be corrected, and what was
    /// suspended due.
    pub(super) fn heed_corrections(&mut self) {
        self.ahead.heed_corrections();
        self.retries.due.outdate();
        self.put_back_waiting();
        self.breakers.hurry_guests(Instant::now().into_std());
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
        if exception.is_some() {
            self.retries.under_way.started();
        }
        if let Some(order) = &mut self.order {
            order.started(seq);
        }
        let (policy, recall) = self.pace.terms();
        let job = Job {
            arrival,
            revision: self.revision.clone(),
            destination: self.destination.clone(),
            basis: self.basis(),
            policy,
            recall,
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
