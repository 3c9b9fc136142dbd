//! What ended: taken into the next settlement, and heeded by the breakers.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    super::{
        Halt,
        batches::{Member, Returned},
        job::{Done, JobEnd},
        settling::{self, Sign},
    },
    Session,
};
use crate::{
    alert::Event,
    delivery::http::Attempted,
    journal::HoldKind,
    record::{Arrival, Seq},
};

impl Session<'_> {
    pub(super) fn collect(&mut self, returned: Returned) {
        self.take_in(returned);
        while let Some(Ok(returned)) = self.tasks.try_join_next() {
            self.take_in(returned);
        }
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
            self.retries_under_way -= 1;
        }
        let probe = done.probe;
        if matches!(done.ended, JobEnd::Recalled) {
            self.put_back(done.arrival.seq, done.outage);
            self.heed_guests(Sign::None, probe);
            return self.heed(Sign::None, probe);
        }
        let guests = settling::sign_of_guests(&done);
        self.heed_guests(guests, probe);
        match (done.ended, &mut self.lines) {
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
            (JobEnd::Line(line), Some(lines)) => {
                lines.add(line, done.revision);
                self.heed(Sign::None, probe);
            }
            (ended, _) => {
                if let JobEnd::Sent(sent) = &ended {
                    self.observe(&sent.attempted);
                }
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

    /// Tells what befalls the destination.
    pub(super) fn tell(&self, event: impl FnOnce(String) -> Event) {
        let event = event(self.destination.name.to_string());
        self.consumer.context.alerts.raise(event);
    }

    /// Calls back what waits for a slot or a token.
    pub(super) fn call_back(&mut self) {
        let recall = std::mem::take(&mut self.recall);
        recall.cancel();
    }

    /// Notes that a delivery stands as it did before its task began. `outage` is
    /// the time that was given back to it.
    pub(super) fn put_back(&mut self, seq: Seq, outage: Duration) {
        self.window.put_back(seq);
        if let Some(order) = &mut self.order {
            order.put_back(seq, !self.window.is_pending(seq));
        }
        self.due_is_stale = true;
        // Where the breaker opened again, another round follows its return.
        if let Some(catching_up) = &mut self.catching_up
            && !outage.is_zero()
        {
            catching_up.after = catching_up.after.min(Seq(seq.0 - 1));
        }
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

    pub(super) fn heed(&mut self, sign: Sign, probe: bool) {
        let now = Instant::now().into_std();
        match sign {
            Sign::Works => {
                if let Some(outage) = self.breaker.answered(now) {
                    self.closed(outage);
                }
            }
            Sign::Fails(hint) => {
                let longest = Duration::from_millis(self.destination.retry.retry_after_max_ms);
                let hint = hint.map(|hint| hint.min(longest));
                if self.breaker.failed(now, probe, hint) {
                    self.opened();
                }
            }
            Sign::Stops(how) => {
                self.heed(Sign::Works, probe);
                self.begin_hold(HoldKind::Stopped, how.into());
            }
            Sign::None if probe => self.breaker.probe_void(now),
            Sign::None => {}
        }
    }

    pub(super) fn heed_guests(&mut self, sign: Sign, probe: bool) {
        let now = Instant::now().into_std();
        let failing = match sign {
            Sign::Works if self.guests.answered(now).is_some() => false,
            Sign::Fails(_) if self.guests.failed(now, probe, None) => true,
            Sign::None if probe => return self.guests.probe_void(now),
            _ => return,
        };
        let destination = &*self.destination.name;
        if failing {
            tracing::error!(
                destination,
                "plugins fail on one record after the other; new records wait"
            );
        } else {
            tracing::info!(destination, "plugins work again");
        }
        let since = Timestamp::now();
        self.consumer.status.update(|status| {
            if failing {
                status.halt = Some(Halt::PluginsFail { since });
            } else {
                status.end(|halt| matches!(halt, Halt::PluginsFail { .. }));
            }
        });
        let open = if failing { 1.0 } else { 0.0 };
        metrics::gauge!("cdr_gateway_plugins_failing", "destination" => destination.to_owned())
            .set(open);
        self.tell(|destination| {
            if failing {
                Event::PluginsFailing { destination }
            } else {
                Event::PluginsWorking { destination }
            }
        });
    }

    pub(super) fn opened(&mut self) {
        tracing::warn!(
            destination = &*self.destination.name,
            "destination is broken; new records wait, probes go on"
        );
        self.catching_up = None;
        self.call_back();
        let since = Timestamp::now();
        let status = &self.consumer.status;
        status.update(|status| status.halt = Some(Halt::BreakerOpen { since }));
        self.gauge_breaker(1.0);
        self.tell(|destination| Event::BreakerOpened { destination });
    }

    pub(super) fn closed(&mut self, outage: Duration) {
        tracing::info!(destination = &*self.destination.name, "destination is back");
        self.begin_catching_up(outage, false);
        let status = &self.consumer.status;
        status.update(|status| status.end(|halt| matches!(halt, Halt::BreakerOpen { .. })));
        self.gauge_breaker(0.0);
        let open_s = outage.as_secs();
        self.tell(|destination| Event::BreakerClosed {
            destination,
            open_s,
        });
    }

    pub(super) fn gauge_breaker(&self, open: f64) {
        let destination = self.destination.name.to_string();
        metrics::gauge!("cdr_gateway_breaker_open", "destination" => destination).set(open);
    }
}
