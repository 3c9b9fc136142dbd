//! The breakers of a destination: what they heed, and what is told of them.

use std::time::{self, Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use super::{
    super::{Halt, settling::Sign},
    Session,
};
use crate::{
    alert::Event,
    delivery::breaker::{Breaker, Rules},
    journal::HoldKind,
};

/// While either is open, nothing goes out but probes.
pub(super) struct Breakers {
    pub(super) receiver: Breaker,
    /// Opens when plugins fail, so that a bad release parks a few records and
    /// not all.
    pub(super) guests: Breaker,
}

impl Breakers {
    /// A session begins with both closed.
    pub(super) fn new(receiver: Rules) -> Self {
        Self {
            receiver: Breaker::new(receiver),
            guests: Breaker::new(Rules::of_plugins()),
        }
    }

    pub(super) fn are_open(&self) -> bool {
        self.receiver.is_open() || self.guests.is_open()
    }

    /// When the next probe is due, if any is.
    pub(super) fn next_probe(&self) -> Option<time::Instant> {
        let probes = [self.receiver.next_probe(), self.guests.next_probe()];
        probes.into_iter().flatten().min()
    }

    /// Notes whether a probe that was due could be started. It serves both.
    pub(super) fn probed(&mut self, started: bool, now: time::Instant) {
        for breaker in [&mut self.receiver, &mut self.guests] {
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

    pub(super) fn heed_guests(&mut self, sign: Sign, probe: bool) {
        let now = Instant::now().into_std();
        let failing = match sign {
            Sign::Works if self.breakers.guests.answered(now).is_some() => false,
            Sign::Fails(_) if self.breakers.guests.failed(now, probe, None) => true,
            Sign::None if probe => return self.breakers.guests.probe_void(now),
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
