//! What the plugins of the chains do to a destination: it waits while they fail on
//! one record after the other, or on one that it stands still for.

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    super::{
        Halt,
        job::{Done, JobEnd},
        settling::Sign,
    },
    Session,
};
use crate::{
    alert::Event,
    record::{Arrival, Seq},
    route::Suspension,
};

impl Session<'_> {
    pub(super) fn heed_guests(&mut self, sign: Sign, done: &Done) {
        let now = Instant::now().into_std();
        let failed = self.breakers.plugins_fail();
        match (sign, &done.ended) {
            (Sign::Works, _) if self.breakers.guests.answered(now).is_some() => {
                self.plugins_work();
            }
            (Sign::Fails(_), JobEnd::Suspended(failure)) => {
                if self.breakers.guests.failed(now, done.probe, None) {
                    tracing::error!(
                        destination = &*self.destination.name,
                        "plugins fail on one record after the other; new records wait"
                    );
                }
                if self.breakers.guests.is_open() {
                    self.plugins_failed(&done.arrival, failure, failed);
                }
            }
            (Sign::None, _) if done.probe => self.breakers.guests.probe_void(now),
            _ => {}
        }
    }

    /// A probe that met neither plugins nor the receiver.
    pub(super) fn probed_nothing(&mut self, probe: bool) {
        if probe {
            let now = Instant::now().into_std();
            self.breakers.guests.probe_void(now);
            self.breakers.standstill.probe_ended(now);
        }
        self.heed(Sign::None, probe);
    }

    /// Stands still for a record, which is as it was before.
    pub(super) fn stand_still(&mut self, arrival: &Arrival, failure: &Suspension, probe: bool) {
        let failed = self.breakers.plugins_fail();
        let now = Instant::now().into_std();
        if self.breakers.standstill.begin(arrival.seq, probe, now) {
            tracing::error!(
                destination = &*self.destination.name,
                arrival = %arrival.id,
                reason = failure.reason,
                "a plugin failed that the destination stands still for; everything waits until it works"
            );
        }
        self.plugins_failed(arrival, failure, failed);
    }

    /// Goes on once a record that it stood still for is settled.
    pub(super) fn move_on(&mut self, settled: impl Iterator<Item = Seq>) {
        let now = Instant::now().into_std();
        let mut settled = settled;
        if settled.any(|seq| self.breakers.standstill.settled(seq, now)) {
            self.plugins_work();
        }
    }

    /// Shows what plugins failed on last, and tells it where they did not before.
    fn plugins_failed(&mut self, arrival: &Arrival, failure: &Suspension, before: bool) {
        let (id, detail) = (arrival.id, failure.detail.clone());
        self.consumer.status.update(|status| {
            let since = match &status.halt {
                Some(Halt::PluginsFail { since, .. }) => *since,
                _ => Timestamp::now(),
            };
            status.halt = Some(Halt::PluginsFail {
                since,
                arrival: id,
                error: detail,
            });
        });
        if !before {
            self.gauge_guests(1.0);
            self.tell(|destination| Event::PluginsFailing { destination });
        }
    }

    fn plugins_work(&mut self) {
        if self.breakers.plugins_fail() {
            return;
        }
        tracing::info!(destination = &*self.destination.name, "plugins work again");
        let status = &self.consumer.status;
        status.update(|status| status.end(|halt| matches!(halt, Halt::PluginsFail { .. })));
        self.gauge_guests(0.0);
        self.tell(|destination| Event::PluginsWorking { destination });
    }

    fn gauge_guests(&self, failing: f64) {
        let destination = self.destination.name.to_string();
        metrics::gauge!("cdr_gateway_plugins_failing", "destination" => destination).set(failing);
    }
}
