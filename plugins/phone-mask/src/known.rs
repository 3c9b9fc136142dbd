//! The numbers that a record is known to hold, and where else their digits
//! stand.
//!
//! A number at a number place, or one that is plain in a free text, may stand
//! elsewhere in a form that is no phone number by itself: inside a longer run of
//! digits, or without its area code. The gateway's egress contract looks for
//! such remains; so does the mask.

use std::ops::Range;

use cdr_number::{Form, Found, Identity, Scan};

/// A number of so many digits and more is looked for inside longer runs.
const ANYWHERE_FROM: usize = 9;

/// Fewer digits than these tell nothing about a number.
const FEWEST: usize = 7;

/// The numbers that a record is known to hold.
#[derive(Debug, Default)]
pub struct Known(Vec<Needle>);

/// Digits that are looked for: all of a number's from one on.
#[derive(Debug)]
pub struct Needle {
    /// The number that they are of.
    pub number: Identity,
    /// The first of them, in the number's own digits.
    pub from: usize,
}

impl Needle {
    fn digits(&self) -> &[u8] {
        self.number.digits().get(self.from..).unwrap_or_default()
    }
}

impl Known {
    /// Learns the national number of each, and of landlines the subscriber's. A
    /// short one also counts with the calling code that stands before it.
    pub fn learn(&mut self, scan: &Scan, found: &[Found]) {
        for found in found {
            let number = Identity::of(scan, found);
            let national = number.code_len();
            let length = number.national().len();
            if number.trunk() > 0 {
                self.add(&number, national + number.trunk());
            }
            if let Form::Landline { area } = number.form {
                self.add(&number, national + area);
            }
            if length < ANYWHERE_FROM && national > 0 {
                self.add(&number, 0);
            }
            self.add(&number, national);
        }
    }

    fn add(&mut self, number: &Identity, from: usize) {
        let digits = number.digits().get(from..).unwrap_or_default();
        if digits.len() >= FEWEST && !self.0.iter().any(|known| known.digits() == digits) {
            self.0.push(Needle {
                number: number.clone(),
                from,
            });
        }
    }

    /// Whether a JSON number may hold any of the numbers: its digits do, without
    /// regard to where they begin and end.
    pub fn may_stand_in(&self, token: &str) -> bool {
        let is_plain = token.bytes().all(|byte| byte.is_ascii_digit());
        let digits = token.as_bytes();
        let holds = |needle: &Needle| {
            let needle = needle.digits();
            digits.windows(needle.len()).any(|window| window == needle)
        };
        !is_plain || self.0.iter().any(holds)
    }

    /// Every run of digits in a scan that is one of the numbers.
    pub fn occurrences(&self, scan: &Scan, mut each: impl FnMut(Range<usize>, &Needle)) {
        for needle in &self.0 {
            let digits = needle.digits();
            let mut each = |found| each(found, needle);
            for run in scan.runs() {
                if digits.len() >= ANYWHERE_FROM {
                    anywhere(digits, scan, run, &mut each);
                } else {
                    whole(digits, scan, run, &mut each);
                }
            }
        }
    }
}

fn anywhere(needle: &[u8], scan: &Scan, run: &Range<usize>, each: &mut impl FnMut(Range<usize>)) {
    let all = scan.span(run.clone());
    let digits = scan.digits().get(all.clone()).unwrap_or_default();
    for (index, window) in digits.windows(needle.len()).enumerate() {
        if window == needle {
            let start = all.start + index;
            each(start..start + needle.len());
        }
    }
}

/// A run of whole groups.
fn whole(needle: &[u8], scan: &Scan, run: &Range<usize>, each: &mut impl FnMut(Range<usize>)) {
    for first in run.clone() {
        let spans = (first + 1..=run.end).map(|end| scan.span(first..end));
        let mut fitting = spans.skip_while(|span| span.len() < needle.len());
        if let Some(span) = fitting.next()
            && scan.digits().get(span.clone()) == Some(needle)
        {
            each(span);
        }
    }
}

#[cfg(test)]
mod tests {
    use cdr_number::in_text;

    use super::*;

    #[test]
    fn a_short_number_with_its_calling_code() {
        let learned = Scan::of("+354 4107000");
        let mut known = Known::default();
        known.learn(&learned, &in_text(&learned));
        for (text, count) in [("9935441070009", 1), ("9941070009", 0), ("410-7000", 1)] {
            let mut found = 0;
            known.occurrences(&Scan::of(text), |_, _| found += 1);
            assert_eq!(found, count, "{text}");
        }
    }

    #[test]
    fn occurrences() {
        let learned = Scan::of("0755-88886666, 13123456789, +44 (0) 20 7946 0958");
        let mut known = Known::default();
        known.learn(&learned, &in_text(&learned));

        let cases: &[(&str, &[&str])] = &[
            ("9913123456789000", &["13123456789"]),
            ("99131 2345 6789000", &["13123456789"]),
            ("131,2345,6789", &["13123456789"]),
            ("ext 8888 6666", &["88886666"]),
            ("1 8888-6666 2", &["88886666"]),
            ("188886666", &[]),
            ("888866667", &[]),
            ("7558888666", &[]),
            ("75588886666", &["75588886666"]),
            ("3123456789", &[]),
            ("9920794609580", &["2079460958"]),
        ];
        for (text, expected) in cases {
            let scan = Scan::of(text);
            let mut found = Vec::new();
            known.occurrences(&scan, |digits, _| {
                found.push(String::from_utf8_lossy(&scan.digits()[digits]).into_owned());
            });
            assert_eq!(found, *expected, "{text}");
        }
    }
}
