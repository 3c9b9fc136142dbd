//! The breakers of a destination: what they heed, and what is told of them.

use std::time::{self, Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    super::{Halt, settling::Sign},
    Session,
    standstill::Standstill,
};
use crate::{
    alert::Event,
    delivery::breaker::{Breaker, Rules},
    journal::HoldKind,
};

/// While one of them is open, nothing goes out but probes.
pub(super) struct Breakers {
    pub(super) receiver: Breaker,
    /// Opens when plugins fail, so that a bad release parks a few records and
    /// not all.
    pub(super) guests: Breaker,
    /// On while a record waits for a plugin that its destination stands still for.
    pub(super) standstill: Standstill,
}

impl Breakers {
    /// A session begins with all closed.
    pub(super) fn new(receiver: Rules) -> Self {
        Self {
            receiver: Breaker::new(receiver),
            guests: Breaker::new(Rules::of_plugins()),
            standstill: Standstill::default(),
        }
    }

    pub(super) fn are_open(&self) -> bool {
        self.receiver.is_open() || self.plugins_fail()
    }

    /// Whether it is plugins that hold the destination up.
    pub(super) fn plugins_fail(&self) -> bool {
        self.guests.is_open() || self.standstill.first().is_some()
    }

    /// When the next probe is due, if any is. While a record stands still it alone is
    /// probed.
    pub(super) fn next_probe(&self) -> Option<time::Instant> {
        if self.standstill.first().is_some() {
            return self.standstill.next_probe();
        }
        let probes = [self.receiver.next_probe(), self.guests.next_probe()];
        probes.into_iter().flatten().min()
    }

    /// Has plugins probed at once: they, or what they are given, changed.
    pub(super) fn hurry_guests(&mut self, now: time::Instant) {
        self.guests.hurry(now);
        self.standstill.breaker().hurry(now);
    }

    /// Notes whether a probe that was due could be started. It serves all.
    pub(super) fn probed(&mut self, started: bool, now: time::Instant) {
        let Self {
            receiver,
            guests,
            standstill,
        } = self;
        for breaker in [receiver, guests, standstill.breaker()] {
            if started {
                breaker.probe_started();
            } else {
                breaker.probe_void(now);
            }
        }
    }
}

impl Session<'_> {
    pub(super) fn heed(&mut self, sign: Sign, probe: bool) {
        let now = Instant::now().into_std();
        match sign {
            Sign::Works => {
                if let Some(outage) = self.breakers.receiver.answered(now) {
                    self.closed(outage);
                }
            }
            Sign::Fails(hint) => {
                let longest = Duration::from_millis(self.destination.retry.retry_after_max_ms);
                let hint = hint.map(|hint| hint.min(longest));
                if self.breakers.receiver.failed(now, probe, hint) {
                    self.opened();
                }
            }
            Sign::Stops(how) => {
                self.heed(Sign::Works, probe);
                self.begin_hold(HoldKind::Stopped, how.into());
            }
            Sign::None if probe => self.breakers.receiver.probe_void(now),
            Sign::None => {}
        }
    }

    fn opened(&mut self) {
        tracing::warn!(
            destination = &*self.destination.name,
            "destination is broken; new records wait, probes go on"
        );
        self.retries.catching_up.end();
        self.pace.call_back();
        let since = Timestamp::now();
        let status = &self.consumer.status;
        status.update(|status| status.halt = Some(Halt::BreakerOpen { since }));
        self.gauge_breaker(1.0);
        self.tell(|destination| Event::BreakerOpened { destination });
    }

    pub(super) fn closed(&mut self, outage: Duration) {
        tracing::info!(destination = &*self.destination.name, "destination is back");
        self.retries.catching_up.begin(outage, false);
        let status = &self.consumer.status;
        status.update(|status| status.end(|halt| matches!(halt, Halt::BreakerOpen { .. })));
        self.gauge_breaker(0.0);
        let open_s = outage.as_secs();
        self.tell(|destination| Event::BreakerClosed {
            destination,
            open_s,
        });
    }

    fn gauge_breaker(&self, open: f64) {
        let destination = self.destination.name.to_string();
        metrics::gauge!("cdr_gateway_breaker_open", "destination" => destination).set(open);
    }
}
