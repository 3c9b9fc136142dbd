//! Holds: the destination sends nothing until a person resumes it, or until the
//! configuration no longer says so. What waits comes back, what arrives queues.

use jiff::Timestamp;

use super::Session;
use crate::{
    alert::Event,
    journal::{Hold, HoldChange, HoldKind, Reason},
};

impl Session<'_> {
    /// Whether nothing goes out, not even a probe.
    pub(super) fn is_held(&self) -> bool {
        self.hold.is_some() || self.destination.paused
    }

    /// Holds the destination from the next settlement on, and in this session from
    /// now on. One that a receiver stopped stays so.
    pub(super) fn begin_hold(&mut self, kind: HoldKind, because: Reason) {
        let before = self.hold.as_ref().map(|hold| hold.kind);
        if before == Some(HoldKind::Stopped) || before == Some(kind) {
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
        self.hold = Some(hold);
        self.call_back();
        self.show_hold();
        let reason = reason.to_owned();
        self.tell(|destination| Event::Paused {
            destination,
            reason,
        });
    }

    /// Sends again from the next settlement on.
    pub(super) fn end_hold(&mut self) {
        let Some(hold) = self.hold.take() else {
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
        if self.destination.paused {
            self.paused_since.get_or_insert_with(Timestamp::now);
        } else if let Some(since) = self.paused_since.take() {
            self.came_back(since, true);
        }
        self.show_hold();
    }

    /// The time in between does not count against retries. They are tried at once,
    /// or keep their times where a change of the configuration is all that happened.
    fn came_back(&mut self, since: Timestamp, keep_times: bool) {
        let outage = Timestamp::now().duration_since(since);
        self.begin_catching_up(outage.unsigned_abs(), keep_times);
    }

    fn show_hold(&self) {
        let (hold, paused) = (self.hold.clone(), self.destination.paused);
        let kind = hold.as_ref().map(|hold| hold.kind);
        for (is_so, label) in [
            (kind == Some(HoldKind::Stopped), HoldKind::Stopped),
            (paused || kind == Some(HoldKind::Paused), HoldKind::Paused),
        ] {
            let destination = self.destination.name.to_string();
            metrics::gauge!("cdr_gateway_destination_held", "destination" => destination, "kind" => label.as_str())
                .set(f64::from(u8::from(is_so)));
        }
        self.consumer.status.update(|status| {
            status.hold = hold;
            status.paused_by_config = paused;
        });
    }
}
