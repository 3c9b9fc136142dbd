//! Holds: the destination sends nothing until a person resumes it, or until the
//! configuration no longer says so. What waits comes back, what arrives queues.

use jiff::Timestamp;

use super::Session;
use crate::{
    alert::Event,
    journal::{Hold, HoldChange, HoldKind, Reason},
};

/// Who holds a destination: a person or its receiver, or the configuration, or
/// both.
#[derive(Debug)]
pub(super) struct Holds {
    /// As the journal has it, or will have it with the next settlement.
    hold: Option<Hold>,
    /// Since when the configuration pauses it, as far as this session knows.
    paused_since: Option<Timestamp>,
}

impl Holds {
    pub(super) fn new(hold: Option<Hold>) -> Self {
        Self {
            hold,
            paused_since: None,
        }
    }

    /// Whether nothing goes out, not even a probe.
    pub(super) fn is_held(&self) -> bool {
        self.hold.is_some() || self.paused_since.is_some()
    }

    /// Whether it is held in this way. The configuration pauses it.
    fn is_held_by(&self, kind: HoldKind) -> bool {
        let by_config = kind == HoldKind::Paused && self.paused_since.is_some();
        by_config || self.hold.as_ref().is_some_and(|hold| hold.kind == kind)
    }

    /// Whether a hold would change anything. One that a receiver stopped stays so.
    fn may_begin(&self, kind: HoldKind) -> bool {
        let before = self.hold.as_ref().map(|hold| hold.kind);
        before != Some(HoldKind::Stopped) && before != Some(kind)
    }

    fn begin(&mut self, hold: Hold) {
        self.hold = Some(hold);
    }

    fn end(&mut self) -> Option<Hold> {
        self.hold.take()
    }

    /// Notes whether the configuration pauses it; since when it did, if that ends.
    fn heed_config(&mut self, paused: bool, now: Timestamp) -> Option<Timestamp> {
        if paused {
            self.paused_since.get_or_insert(now);
            return None;
        }
        self.paused_since.take()
    }
}

impl Session<'_> {
    /// Holds the destination from the next settlement on, and in this session from
    /// now on. One that a receiver stopped stays so.
    pub(super) fn begin_hold(&mut self, kind: HoldKind, because: Reason) {
        if !self.holds.may_begin(kind) {
            return;
        }
        let destination = &*self.destination.name;
        let reason = match kind {
            HoldKind::Paused => {
                tracing::warn!(destination, %because, "destination is paused; what arrives waits");
                "person"
            }
            HoldKind::Stopped => {
                tracing::error!(
                    destination,
                    %because,
                    "destination is stopped by its receiver; what arrives waits until a person resumes it"
                );
                "receiver"
            }
        };
        let hold = Hold {
            kind,
            because,
            since: Timestamp::now(),
        };
        self.settlement.hold = HoldChange::Begin(hold.clone());
        self.holds.begin(hold);
        self.pace.call_back();
        self.show_hold();
        let reason = reason.to_owned();
        self.tell(|destination| Event::Paused {
            destination,
            reason,
        });
    }

    /// Sends again from the next settlement on.
    pub(super) fn end_hold(&mut self) {
        let Some(hold) = self.holds.end() else {
            return;
        };
        tracing::info!(
            destination = &*self.destination.name,
            "destination is resumed"
        );
        self.settlement.hold = HoldChange::End;
        self.came_back(hold.since, false);
        self.show_hold();
        self.tell(|destination| Event::Resumed { destination });
    }

    /// Notes whether the configuration pauses it.
    pub(super) fn heed_config(&mut self) {
        let (paused, now) = (self.destination.paused, Timestamp::now());
        if let Some(since) = self.holds.heed_config(paused, now) {
            self.came_back(since, true);
        }
        self.show_hold();
    }

    /// The time in between does not count against retries. They are tried at once,
    /// or keep their times where a change of the configuration is all that happened.
    fn came_back(&mut self, since: Timestamp, keep_times: bool) {
        let outage = Timestamp::now().duration_since(since);
        let outage = outage.unsigned_abs();
        self.retries.catching_up.begin(outage, keep_times);
    }

    fn show_hold(&self) {
        for kind in [HoldKind::Stopped, HoldKind::Paused] {
            let is_so = self.holds.is_held_by(kind);
            let destination = self.destination.name.to_string();
            metrics::gauge!("cdr_gateway_destination_held", "destination" => destination, "kind" => kind.as_str())
                .set(f64::from(u8::from(is_so)));
        }
        let hold = self.holds.hold.clone();
        let paused_by_config = self.holds.paused_since.is_some();
        self.consumer.status.update(|status| {
            status.hold = hold;
            status.paused_by_config = paused_by_config;
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn holds(kind: Option<HoldKind>) -> Holds {
        Holds::new(kind.map(|kind| Hold {
            kind,
            because: Reason::none(),
            since: NOW,
        }))
    }

    #[test]
    fn a_receiver_that_stops_it_has_the_last_word() {
        use HoldKind::{Paused, Stopped};
        for (before, kind, may_begin) in [
            (None, Paused, true),
            (None, Stopped, true),
            (Some(Paused), Paused, false),
            (Some(Paused), Stopped, true),
            (Some(Stopped), Paused, false),
            (Some(Stopped), Stopped, false),
        ] {
            let holds = holds(before);
            assert_eq!(holds.may_begin(kind), may_begin, "{before:?} {kind:?}");
            assert_eq!(holds.is_held(), before.is_some());
            assert_eq!(holds.is_held_by(kind), before == Some(kind));
        }
    }

    #[test]
    fn the_configuration_pauses_it_beside_others() {
        let mut holds = holds(Some(HoldKind::Stopped));
        let later = Timestamp::MAX;
        let steps = [
            (false, NOW, None, false),
            (true, NOW, None, true),
            (true, later, None, true),
            (false, later, Some(NOW), false),
            (false, later, None, false),
        ];
        for (paused, now, since, is_paused) in steps {
            assert_eq!(holds.heed_config(paused, now), since);
            assert_eq!(holds.is_held_by(HoldKind::Paused), is_paused);
            assert!(holds.is_held());
        }
        assert!(holds.end().is_some() && !holds.is_held());
    }
}
