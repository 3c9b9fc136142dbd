//! How much of a number stays visible.

use std::ops::Range;

/// At least so many digits of a national number are hidden; all of a shorter
/// one.
pub const LEAST_HIDDEN: usize = 4;

/// How many digits of the national number stay visible.
///
/// Where they would leave fewer than [`LEAST_HIDDEN`] hidden, the first ones
/// give way before the last ones: those are what people compare numbers by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// At the front.
    pub first: usize,
    /// At the end.
    pub last: usize,
}

impl Keep {
    /// Which digits of a national number are hidden.
    pub fn hidden(self, national: Range<usize>) -> Range<usize> {
        let spare = national.len().saturating_sub(LEAST_HIDDEN);
        let last = self.last.min(spare);
        let first = self.first.min(spare - last);
        national.start + first..national.end - last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_are_always_hidden() {
        let cases = [
            (3, 4, 11, 3..7),
            (3, 4, 10, 2..6),
            (3, 4, 8, 0..4),
            (3, 4, 7, 0..4),
            (3, 4, 5, 0..4),
            (3, 4, 4, 0..4),
            (3, 4, 0, 0..0),
            (7, 0, 11, 7..11),
            (7, 4, 11, 3..7),
            (0, 0, 11, 0..11),
        ];
        for (first, last, length, hidden) in cases {
            let keep = Keep { first, last };
            assert_eq!(keep.hidden(0..length), hidden, "{first} {last} {length}");
        }
        assert_eq!(Keep { first: 3, last: 4 }.hidden(5..16), 8..12);
    }
}
