//! What waits, held against a quota.

use jiff::Timestamp;

use super::super::alarm::{Alarm, Crossing};
use crate::{
    alert::Event,
    config::model::{Backlog as Quota, WhenFull},
    journal::Backlog,
};

/// A backlog that was full has room again below this share, in per cent: sources
/// are not opened for a few records, and shut again.
const ROOM: u128 = 90;

/// How full the backlog of one destination is.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    bytes: Alarm,
    age: Alarm,
    is_full: bool,
    is_exceeded: bool,
}

impl Gauge {
    /// Takes a look, and returns what is worth telling of it.
    pub(super) fn look_at(
        &mut self,
        destination: &str,
        quota: &Quota,
        backlog: &Backlog,
        now: Timestamp,
    ) -> Vec<Event> {
        let age_s = u64::try_from(backlog.age(now).as_secs()).unwrap_or(0);
        let (max_bytes, max_age_s) = (quota.max_bytes.unwrap_or(0), quota.max_age_s.unwrap_or(0));
        let bytes = self.bytes.cross(backlog.bytes, max_bytes);
        let age = self.age.cross(age_s, max_age_s);
        let used = [(backlog.bytes, max_bytes), (age_s, max_age_s)];
        let is_beyond = |percent: u128| {
            let reached = |(used, max): (u64, u64)| {
                max > 0 && u128::from(used) * 100 >= u128::from(max) * percent
            };
            used.into_iter().any(reached)
        };
        let was_full = self.is_full;
        self.is_exceeded = used.into_iter().any(|(used, max)| max > 0 && used > max);
        self.is_full = is_beyond(100) || was_full && is_beyond(ROOM);
        if self.is_full != was_full && quota.when_full == WhenFull::Block {
            say_shut(destination, self.is_full);
        }
        let told = [("bytes", bytes), ("age", age)];
        let told = told.into_iter().filter_map(|(quota, crossing)| {
            crossing.map(|crossing| tell(destination, quota, crossing))
        });
        told.collect()
    }

    /// Whether it takes no more, with some slack until it does again.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether it is beyond its quota now.
    pub(super) fn is_exceeded(&self) -> bool {
        self.is_exceeded
    }
}

fn say_shut(destination: &str, is_shut: bool) {
    if is_shut {
        tracing::warn!(
            destination,
            "its backlog is full; senders of its sources are told to try again"
        );
    } else {
        tracing::info!(
            destination,
            "its backlog has room; its sources take records again"
        );
    }
}

fn tell(destination: &str, quota: &'static str, crossing: Crossing) -> Event {
    match crossing {
        Crossing::Reached(share) => {
            let (percent, used, max) = (share.percent, share.used, share.max);
            tracing::warn!(
                destination,
                quota,
                percent,
                used,
                max,
                "its backlog fills up; at 100 % it does what backlog.when_full says"
            );
            Event::BacklogReached {
                destination: destination.to_owned(),
                quota,
                share,
            }
        }
        Crossing::Below(share) => {
            let (percent, used, max) = (share.percent, share.used, share.max);
            tracing::info!(
                destination,
                quota,
                percent,
                used,
                max,
                "its backlog has room again"
            );
            Event::BacklogBelow {
                destination: destination.to_owned(),
                quota,
                share,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn quota(when_full: WhenFull) -> Quota {
        Quota {
            max_bytes: Some(1000),
            max_age_s: Some(100),
            when_full,
        }
    }

    #[test]
    fn what_was_full_has_room_again_after_some_slack() {
        let now = Timestamp::from_second(1_700_000_000).expect("a time");
        let mut gauge = Gauge::default();
        for (bytes, age_s, is_full, is_exceeded, told) in [
            (0, 0, false, false, 0),
            (999, 0, false, false, 1),
            (1000, 0, true, false, 0),
            (1001, 100, true, true, 1),
            (950, 101, true, true, 0),
            (950, 95, true, false, 0),
            (899, 91, true, false, 1),
            (899, 89, false, false, 1),
            (950, 95, false, false, 2),
            (0, 0, false, false, 2),
        ] {
            let backlog = Backlog {
                deliveries: 1,
                bytes,
                oldest: now.checked_sub(SignedDuration::from_secs(age_s)).ok(),
            };
            let events = gauge.look_at("crm", &quota(WhenFull::Block), &backlog, now);
            let found = (gauge.is_full(), gauge.is_exceeded(), events.len());
            assert_eq!(
                found,
                (is_full, is_exceeded, told),
                "{bytes} bytes, {age_s} s"
            );
        }
    }
}
