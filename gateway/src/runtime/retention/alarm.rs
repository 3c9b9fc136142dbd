//! Saying once when the journal has reached a share of what it may hold.

use crate::{
    alert::{Event, Share},
    journal::Health,
};

/// Shares of the limit that are told when they are reached, in per cent.
const LEVELS: [u64; 3] = [50, 80, 95];

/// How far below a level the journal has to come before reaching it is told
/// again, in per cent of the limit.
const MARGIN: u64 = 5;

/// Which levels are reached.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    reached: usize,
}

/// A change worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    /// This level is reached.
    Reached(u64),
    /// The journal is well below this one again.
    Below(u64),
}

impl Alarm {
    /// Looks at a journal. When a level is crossed, logs it and returns the event
    /// to raise.
    pub(super) fn look_at(&mut self, health: &Health) -> Option<Event> {
        let (used_bytes, max_bytes) = (health.used_bytes, health.max_bytes);
        let share = |percent| Share {
            percent,
            used: used_bytes,
            max: max_bytes,
        };
        Some(match self.cross(used_bytes, max_bytes)? {
            Change::Reached(percent) => {
                tracing::warn!(
                    percent,
                    used_bytes,
                    max_bytes,
                    "the journal fills up; at 100 % of journal.max_bytes senders are told to try again"
                );
                let share = share(percent);
                Event::JournalReached { share }
            }
            Change::Below(percent) => {
                tracing::info!(percent, used_bytes, max_bytes, "the journal has room again");
                let share = share(percent);
                Event::JournalBelow { share }
            }
        })
    }

    /// The level that is crossed: of several the last one.
    fn cross(&mut self, used: u64, max: u64) -> Option<Change> {
        let is_reached = |percent: u64| {
            max > 0 && u128::from(used) * 100 >= u128::from(max) * u128::from(percent)
        };
        let before = self.reached;
        while let Some(&level) = LEVELS.get(self.reached)
            && is_reached(level)
        {
            self.reached += 1;
        }
        if self.reached > before {
            return Some(Change::Reached(LEVELS[self.reached - 1]));
        }
        while self.reached > 0 && !is_reached(LEVELS[self.reached - 1] - MARGIN) {
            self.reached -= 1;
        }
        (self.reached < before).then(|| Change::Below(LEVELS[self.reached]))
    }
}

#[cfg(test)]
mod tests {
    use super::{Alarm, Change::*};

    #[test]
    fn each_crossing_is_told_once() {
        let mut alarm = Alarm::default();
        for (used, max, told) in [
            (499, 1000, None),
            (500, 1000, Some(Reached(50))),
            (600, 1000, None),
            (949, 1000, Some(Reached(80))),
            (949, 1000, None),
            (1100, 1000, Some(Reached(95))),
            (920, 1000, None),
            (950, 1000, None),
            (899, 1000, Some(Below(95))),
            (950, 1000, Some(Reached(95))),
            (100, 1000, Some(Below(50))),
            (990, 1000, Some(Reached(95))),
            (990, 2000, Some(Below(80))),
            (990, 0, Some(Below(50))),
            (u64::MAX, u64::MAX, Some(Reached(95))),
            (u64::MAX, 0, Some(Below(50))),
        ] {
            assert_eq!(alarm.cross(used, max), told, "{used} of {max}");
        }
    }
}
