//! Batches: deliveries wait for company, and go out together.

mod company;

use tokio::time::Instant;

pub(super) use self::company::Company;

use super::{
    super::{
        batches::{BatchDone, BatchJob, Member, Members, Returned},
        job::Basis,
        settling::{self, Sign},
    },
    Occasion, Session,
};
use crate::{
    config::model::Batch,
    delivery::{Driver, batch::Trigger},
    journal::{BatchFormat, Exception, JournalError},
};

impl Session<'_> {
    /// Shows the counters of batches from zero on, so that the first is seen as an
    /// increase.
    pub(super) fn show_batches(&self) {
        if self.destination.batch().is_some() {
            self.splits().increment(0);
        }
    }

    fn splits(&self) -> metrics::Counter {
        let destination = self.destination.name.to_string();
        metrics::counter!("cdr_gateway_batch_splits_total", "destination" => destination)
    }

    /// A delivery that is ready: a probe goes alone, others wait for company. One
    /// whose basis has changed since is made anew.
    pub(super) fn made(&mut self, member: Member, basis: Basis, probe: bool) {
        let limits = self.destination.batch().cloned();
        let limits = limits.filter(|_| basis == self.basis());
        match limits {
            Some(limits) if probe => {
                self.send_batch(
                    Members::Formed(vec![member]),
                    limits.format,
                    Occasion::probe(),
                );
            }
            Some(_) => {
                let bytes = member.payload.body.len();
                self.company
                    .forming
                    .join(member, bytes, Instant::now().into_std());
            }
            None => {
                self.put_back_member(&member);
                self.heed(Sign::None, probe);
            }
        }
    }

    /// Sends what has waited for company long enough, or has enough of it. While
    /// the destination rests, what waits goes back to where it came from.
    pub(super) fn send_batches(&mut self) {
        if self.rests() {
            self.put_back_waiting();
        }
        let Some(limits) = self.destination.batch().cloned() else {
            return;
        };
        while self.company.may_send(self.pace.limit())
            && let Some(trigger) = self.due_batch(&limits)
        {
            let members = self.company.forming.take(&limits);
            let destination = self.destination.name.to_string();
            metrics::counter!("cdr_gateway_batches_formed_total", "destination" => destination, "closed_by" => trigger.as_str())
                .increment(1);
            let occasion = Occasion::default();
            self.send_batch(Members::Formed(members), limits.format, occasion);
        }
    }

    fn due_batch(&self, limits: &Batch) -> Option<Trigger> {
        let due = self.company.forming.due(limits, Instant::now().into_std());
        due.or_else(|| self.is_stuck().then_some(Trigger::Room))
    }

    /// Whether what waits keeps all company away: it holds the cursor, or the
    /// bytes that may be under way.
    fn is_stuck(&self) -> bool {
        let is_shut = self.window.is_spent() || self.window.is_full();
        let is_preparing = self.company.preparing(self.tasks.len()) > 0;
        is_shut && !is_preparing && !self.company.forming.is_empty()
    }

    /// When a batch is to be sent although nothing happens.
    pub(super) fn batch_due_at(&self) -> Option<Instant> {
        let limits = self.destination.batch()?;
        let has_room = self.company.may_send(self.pace.limit());
        let due = self.company.forming.due_at(limits).filter(|_| has_room);
        due.map(Instant::from_std)
    }

    fn send_batch(&mut self, members: Members, format: BatchFormat, occasion: Occasion) {
        self.company.batch_started();
        let (policy, recall) = self.pace.terms();
        let job = BatchJob {
            revision: self.revision.clone(),
            destination: self.destination.clone(),
            policy,
            recall,
            format,
            members,
            probe: occasion.probe,
            outage: occasion.outage,
        };
        let workers = self.consumer.context.workers.clone();
        let send = async move { Returned::Batch(job.run(workers).await) };
        self.tasks.spawn(send);
    }

    /// Sends the batch again that an exception is in; false if it is in none.
    pub(super) async fn retry_batch(
        &mut self,
        exception: &Exception,
        occasion: Occasion,
    ) -> Result<bool, JournalError> {
        let (Some(id), Driver::Http(_)) = (&exception.batch, &self.destination.driver) else {
            return Ok(false);
        };
        let journal = self.consumer.context.journal.clone();
        let members = journal.batch(&self.destination.name, id).await?;
        let Some(first) = members.first() else {
            return Ok(false);
        };
        let format = first.frozen.batch_format.unwrap_or_default();
        if members
            .iter()
            .any(|member| self.window.is_under_way(member.arrival.seq))
        {
            return Ok(true);
        }
        for member in &members {
            let bytes = member.arrival.size() + member.frozen.body.len();
            self.window.start(member.arrival.seq, bytes);
        }
        self.retries.under_way.batch_started(members.len());
        self.send_batch(Members::Frozen(members), format, occasion);
        Ok(true)
    }

    pub(super) fn take_in_batch(&mut self, done: BatchDone) {
        self.company.batch_returned();
        if let Some(members) = done.was_frozen {
            self.retries.under_way.batch_returned(members);
        }
        let probe = done.probe;
        for held_back in done.held_back {
            self.take_in_one(held_back);
        }
        for member in &done.left {
            self.put_back_member(member);
        }
        let Some(sent) = done.sent else {
            for member in &done.members {
                self.put_back_member(member);
            }
            return self.probed_nothing(probe);
        };
        let retries = done.members.iter().filter(|it| it.exception.is_some());
        self.retries.under_way.ended(retries.count());
        self.observe(&sent.attempted);
        let destination = self.destination.name.to_string();
        let records = u32::try_from(done.members.len()).unwrap_or(u32::MAX);
        metrics::histogram!("cdr_gateway_batch_records", "destination" => destination)
            .record(f64::from(records));
        for member in &done.members {
            self.window.ended(member.seq());
        }
        let before = self.settlement.parked.len();
        let policy = &self.destination.retry;
        let settled =
            settling::settle_batch(&mut self.settlement, &done.members, sent, probe, policy);
        self.tell_parked(before, done.members.iter().map(|member| &*member.arrival));
        if settled.was_halved {
            self.splits().increment(1);
        }
        self.heed(settled.sign, probe);
    }

    /// What waits is made anew under the new revision.
    pub(super) fn adopt_batches(&mut self) {
        self.put_back_waiting();
        self.show_batches();
        let limits = self.destination.batch();
        self.window
            .reach(limits.map_or(1, |limits| limits.max_records));
    }

    /// What payloads are made on at the moment.
    pub(super) fn basis(&self) -> Basis {
        Basis {
            revision: self.revision.number,
            corrections: self.ahead.corrections(),
        }
    }

    pub(super) fn put_back_waiting(&mut self) {
        for member in self.company.forming.take_all() {
            self.put_back_member(&member);
        }
    }

    fn put_back_member(&mut self, member: &Member) {
        if let Some(exception) = &member.exception {
            self.retries.under_way.ended(1);
            if let Some(batch) = &exception.batch {
                self.retries.catching_up.put_back_batch(batch);
            }
        }
        self.put_back(member.seq(), member.outage);
    }
}
