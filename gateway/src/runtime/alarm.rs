//! Noticing once when something has reached a share of what it may hold.

use crate::alert::Share;

/// Shares of the limit that are told when they are reached, in per cent.
const LEVELS: [u64; 3] = [50, 80, 95];

/// How far below a level it has to come before reaching it is told again, in per
/// cent of the limit.
const MARGIN: u64 = 5;

/// Which levels are reached.
#[derive(Debug, Default)]
pub(super) struct Alarm {
    reached: usize,
}

/// A change worth telling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Crossing {
    /// This share is reached.
    Reached(Share),
    /// It is well below this share again.
    Below(Share),
}

impl Alarm {
    /// The level that is crossed, if one is: of several the last one. No level is
    /// reached of a limit of 0, which is none.
    pub(super) fn cross(&mut self, used: u64, max: u64) -> Option<Crossing> {
        let share = |percent| Share { percent, used, max };
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
            return Some(Crossing::Reached(share(LEVELS[self.reached - 1])));
        }
        while self.reached > 0 && !is_reached(LEVELS[self.reached - 1] - MARGIN) {
            self.reached -= 1;
        }
        (self.reached < before).then(|| Crossing::Below(share(LEVELS[self.reached])))
    }
}

#[cfg(test)]
mod tests {
    use super::{Alarm, Crossing::*};

    #[test]
    fn each_crossing_is_told_once() {
        let mut alarm = Alarm::default();
        for (used, max, told) in [
            (499, 1000, None),
            (500, 1000, Some((true, 50))),
            (600, 1000, None),
            (949, 1000, Some((true, 80))),
            (949, 1000, None),
            (1100, 1000, Some((true, 95))),
            (920, 1000, None),
            (950, 1000, None),
            (899, 1000, Some((false, 95))),
            (950, 1000, Some((true, 95))),
            (100, 1000, Some((false, 50))),
            (990, 1000, Some((true, 95))),
            (990, 2000, Some((false, 80))),
            (990, 0, Some((false, 50))),
            (u64::MAX, u64::MAX, Some((true, 95))),
            (u64::MAX, 0, Some((false, 50))),
        ] {
            let crossing = alarm.cross(used, max).map(|crossing| match crossing {
                Reached(share) => (true, share.percent),
                Below(share) => (false, share.percent),
            });
            assert_eq!(crossing, told, "{used} of {max}");
        }
    }
}
