//! Needles: the forms of a number that a payload must not hold.

use std::collections::HashSet;

use super::digits::{self, Run};
use crate::record::string;

/// Numbers of this many digits are looked for as a whole run of digits only:
/// too many other things have as many.
const WHOLE: std::ops::RangeInclusive<usize> = 7..=8;

/// What is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Needles {
    /// Nine digits and more: anywhere in a run.
    anywhere: HashSet<Box<str>>,
    /// Their lengths, each once.
    lengths: Vec<usize>,
    /// Seven and eight digits: a run, or whole groups of it.
    whole: HashSet<Box<str>>,
}

impl Needles {
    /// Adds a number's digits. Shorter ones than seven digits are left out: the
    /// last four digits may be known, and extensions are no secret.
    pub(super) fn add(&mut self, digits: &str) {
        let length = digits.len();
        if WHOLE.contains(&length) {
            self.whole.insert(digits.into());
        } else if length > *WHOLE.end() {
            self.anywhere.insert(digits.into());
            if !self.lengths.contains(&length) {
                self.lengths.push(length);
            }
        }
    }

    /// Whether any of them stands in a text.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        let any = !self.anywhere.is_empty() || !self.whole.is_empty();
        if !any || string::digits(text) < *WHOLE.start() {
            return false;
        }
        digits::any_run(text, |run| {
            run.digits.len() >= *WHOLE.start() && (self.anywhere_in(run) || self.whole_in(run))
        })
    }

    fn anywhere_in(&self, run: &Run) -> bool {
        self.lengths.iter().any(|&length| {
            let last = run.digits.len().checked_sub(length);
            let starts = last.into_iter().flat_map(|last| 0..=last);
            starts
                .filter_map(|start| run.digits.get(start..start + length))
                .any(|window| self.anywhere.contains(window))
        })
    }

    fn whole_in(&self, run: &Run) -> bool {
        !self.whole.is_empty() && run.whole(WHOLE).any(|window| self.whole.contains(window))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ones_anywhere_short_ones_whole() {
        let mut needles = Needles::default();
        for number in ["13123456789", "75588886666", "88886666", "1234567", "8021"] {
            needles.add(number);
        }
        let cases = [
            ("008613123456789", true),
            ("tel:+86 131-2345-6789,1", true),
            ("x9913123456789001", true),
            ("131****6789", false),
            ("6789", false),
            ("8021", false),
            ("88886666", true),
            ("8888-6666 ext 2", true),
            ("8888 6666 2", true),
            ("188886666", false),
            ("1234567", true),
            ("12345678", false),
            ("1732240831", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(needles.stand_in(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_found_without_needles() {
        assert!(!Needles::default().stand_in("13123456789"));
    }
}
