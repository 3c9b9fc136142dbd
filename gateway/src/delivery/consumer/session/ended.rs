//! What ended: taken into the next settlement, and heeded by the breakers.

use std::time::Duration;

use jiff::Timestamp;
use tokio::{task::JoinError, time::Instant};

use super::{
    super::{
        batches::{Member, Returned},
        job::{Done, JobEnd},
        settling::{self, Sign},
    },
    Session,
};
use crate::{
    delivery::http::Attempted,
    record::{Arrival, Seq},
};

impl Session<'_> {
    /// Takes in a task that ended, and all that ended with it. False if one was lost.
    pub(super) fn collect(&mut self, joined: Result<Returned, JoinError>) -> bool {
        let mut next = Some(joined);
        while let Some(joined) = next {
            let Ok(returned) = joined else { return false };
            self.take_in(returned);
            next = self.tasks.try_join_next();
        }
        true
    }

    pub(super) fn take_in(&mut self, returned: Returned) {
        self.settlement.at = Timestamp::now();
        match returned {
            Returned::One(done) => self.take_in_one(done),
            Returned::Batch(done) => self.take_in_batch(done),
        }
    }

    pub(super) fn take_in_one(&mut self, done: Done) {
        let is_made = matches!(done.ended, JobEnd::Made(_));
        if done.exception.is_some() && !is_made {
            self.retries.under_way.ended(1);
        }
        let probe = done.probe;
        if probe {
            self.breakers
                .standstill
                .probe_ended(Instant::now().into_std());
        }
        if let JobEnd::Recalled | JobEnd::Halted(_) = &done.ended {
            self.put_back(done.arrival.seq, done.outage);
            self.heed_guests(Sign::None, &done);
            if let JobEnd::Halted(failure) = &done.ended {
                self.stand_still(&done.arrival, failure, probe);
            }
            return self.heed(Sign::None, probe);
        }
        let guests = settling::sign_of_guests(&done);
        self.heed_guests(guests, &done);
        match (done.ended, &mut self.files) {
            (JobEnd::Made(made), _) => {
                let member = Member {
                    arrival: done.arrival,
                    exception: done.exception,
                    payload: made.payload,
                    webhook_id: made.webhook_id,
                    frozen: made.frozen,
                    revision: done.revision,
                    outage: done.outage,
                };
                self.made(member, made.basis, probe);
            }
            (JobEnd::Line(line), Some(files)) => {
                files.add(line, done.revision);
                self.heed(Sign::None, probe);
            }
            (ended, _) => {
                if let JobEnd::Sent(sent) = &ended {
                    self.observe(&sent.attempted);
                }
                self.window.ended(done.arrival.seq);
                let done = Done { ended, ..done };
                let arrival = done.arrival.clone();
                let before = self.settlement.parked.len();
                let sign = settling::settle(&mut self.settlement, done, &self.destination.retry);
                self.tell_parked(before, [&*arrival]);
                self.heed(sign, probe);
            }
        }
    }

    /// Tells what became suspended or dead of the parkings from `before` on, which
    /// are those of these arrivals, if there are any.
    pub(super) fn tell_parked<'a>(
        &self,
        before: usize,
        arrivals: impl IntoIterator<Item = &'a Arrival>,
    ) {
        let (alerts, limits) = (&self.consumer.context.alerts, &self.revision.config.alerts);
        let parked = self.settlement.parked.iter().skip(before);
        for (parking, arrival) in parked.zip(arrivals) {
            let state = parking.exception.state;
            alerts.parked(&self.destination.name, arrival, state, limits);
        }
    }

    /// Notes that a delivery stands as it did before its task began. `outage` is
    /// the time that was given back to it.
    pub(super) fn put_back(&mut self, seq: Seq, outage: Duration) {
        self.window.put_back(seq);
        if let Some(order) = &mut self.order {
            order.put_back(seq, !self.window.is_pending(seq));
        }
        self.retries.due.outdate();
        self.retries.catching_up.put_back(seq, outage);
    }

    pub(super) fn observe(&self, attempted: &Attempted) {
        let destination = self.destination.name.to_string();
        metrics::histogram!("cdr_gateway_attempt_seconds", "destination" => destination)
            .record(attempted.took.as_secs_f64());
        if let Some(failed) = &attempted.failed {
            let failure = (attempted.at, failed.reason.clone());
            let status = &self.consumer.status;
            status.update(|status| status.last_failure = Some(failure));
        }
    }
}
