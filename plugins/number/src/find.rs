//! Finds the numbers of a scan.
//!
//! From every group of a chain on, the longest run of groups that makes a valid
//! number counts, also where two of them overlap: a caller that masks all of
//! them errs on the side of masking, and none can hide behind another.

use std::ops::Range;

use crate::{Chain, Form, Number, Scan, date::is_time, number::understand};

/// One number that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which groups of the scan.
    pub groups: Range<usize>,
    /// Which digits of the scan, prefix included.
    pub digits: Range<usize>,
    /// What they mean.
    pub number: Number,
}

impl Found {
    fn new(scan: &Scan, groups: Range<usize>, plus: bool) -> Self {
        let digits = scan.span(groups.clone());
        let number = understand(scan.digits().get(digits.clone()).unwrap_or_default(), plus);
        Self {
            groups,
            digits,
            number,
        }
    }

    /// Which digits of the scan are the national number.
    #[must_use]
    pub fn national(&self) -> Range<usize> {
        self.digits.start + self.number.prefix..self.digits.end
    }

    /// Which digits of the scan are the subscriber's, where an area code
    /// stands before them.
    #[must_use]
    pub fn subscriber(&self) -> Option<Range<usize>> {
        match self.number.form {
            Form::Landline { area } => Some(self.national().start + area..self.digits.end),
            _ => None,
        }
    }
}

/// No number has more digits: a carrier selection code of 5, and 15.
const MOST_DIGITS: usize = 20;

/// A number after +86 that the plan does not know has at most so many.
const MOST_UNKNOWN_DIGITS: usize = 13;

/// A run of digits at a number place is a number from this many digits on;
/// fewer are an extension.
const FEWEST_DIGITS: usize = 7;

/// A masked chain holds a number only where so many digits are visible that
/// what is masked cannot be part of it.
const FEWEST_BESIDE_MASK: usize = 10;

/// The numbers in a free text: valid forms only.
#[must_use]
pub fn in_text(scan: &Scan) -> Vec<Found> {
    let mut found = Vec::new();
    for chain in scan.chains().iter().filter(|chain| !chain.identifier) {
        for first in chain.groups.clone() {
            in_chain(scan, chain, first, &mut found);
        }
    }
    found
}

/// The longest number that begins with a group. A shorter one is inside it, and
/// what begins later is looked for by itself.
fn in_chain(scan: &Scan, chain: &Chain, first: usize, found: &mut Vec<Found>) {
    let plus = scan.groups().get(first).is_some_and(|group| group.plus);
    let fits = |&end: &usize| scan.span(first..end).len() <= MOST_DIGITS;
    let longest = (first + 1..=chain.groups.end).take_while(fits).last();
    let ends = || (first + 1..=longest.unwrap_or(first)).rev();
    let read = |end, plus| Found::new(scan, first..end, plus);

    let valid = |number: &Found| is_valid(scan, chain, number);
    let mut number = ends().map(|end| read(end, plus)).find(valid);
    if plus && number.is_none() {
        // In the query of a URL a plus sign is a space.
        let unknown = |number: &Found| is_unknown_chinese(number) && !chain.masked;
        number = ends()
            .map(|end| read(end, false))
            .find(valid)
            .or_else(|| ends().map(|end| read(end, true)).find(unknown));
    }
    found.extend(number);
}

fn is_valid(scan: &Scan, chain: &Chain, found: &Found) -> bool {
    if chain.masked && found.national().len() < FEWEST_BESIDE_MASK {
        return false;
    }
    match found.number.form {
        Form::Mobile | Form::Service | Form::Foreign => true,
        Form::Landline { .. } if found.number.prefix > 0 => true,
        Form::Landline { .. } => !chain.masked && !is_time(scan, chain, found.groups.clone()),
        Form::Subscriber | Form::Internal | Form::Unknown => false,
    }
}

/// +86 and something that the plan does not know (yet).
fn is_unknown_chinese(found: &Found) -> bool {
    found.number.form == Form::Unknown
        && found.number.prefix > 0
        && found.national().len() <= MOST_UNKNOWN_DIGITS
}

/// The numbers at a place that is known to hold one: those of [`in_text`], and
/// what else has 7 digits and more in one run, whatever it is.
#[must_use]
pub fn at_place(scan: &Scan) -> Vec<Found> {
    let mut found = in_text(scan);
    let mut is_free = vec![true; scan.groups().len()];
    let covered = found.iter().map(|found| &found.groups);
    let masked = scan.chains().iter().filter(|chain| chain.masked);
    for groups in covered.chain(masked.map(|chain| &chain.groups)) {
        is_free
            .get_mut(groups.clone())
            .unwrap_or_default()
            .fill(false);
    }
    for run in scan.runs() {
        let free = is_free.get(run.clone()).unwrap_or_default();
        let mut first = run.start;
        for part in free.split(|&is_free| !is_free) {
            found.extend(remainder(scan, first..first + part.len()));
            first += part.len() + 1;
        }
    }
    found
}

/// Groups that belong to no valid number, as a number of their own.
fn remainder(scan: &Scan, groups: Range<usize>) -> Option<Found> {
    let plus = scan.groups().get(groups.start)?.plus;
    let digits = scan.span(groups.clone());
    (digits.len() >= FEWEST_DIGITS).then(|| Found::new(scan, groups, plus))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn national(scan: &Scan, found: &[Found]) -> Vec<String> {
        let text =
            |found: &Found| String::from_utf8_lossy(&scan.digits()[found.national()]).into_owned();
        found.iter().map(text).collect()
    }

    #[test]
    fn numbers_in_text() {
        let cases: &[(&str, &[&str])] = &[
            (
                "客户改号 131-2345-6789,晚上回电 0755 8888 6666",
                &["13123456789", "75588886666"],
            ),
            (
                r#"{"order":"A20241122-0091","tel":"+8613123456789"}"#,
                &["13123456789"],
            ),
            (
                "https://r.example.com/vm/13123456789-1732240999.mp3",
                &["13123456789"],
            ),
            ("?caller=%2B8613123456789&t=1732240999123", &["13123456789"]),
            ("?tel=131+2345+6789", &["13123456789"]),
            ("１３１２３４５６７８９", &["13123456789"]),
            ("+86 (0)755-8888.6666", &["75588886666"; 3]),
            ("（0755）88886666转8021", &["75588886666"]),
            ("0755-88886666-8021", &["75588886666"]),
            ("400-123-4567", &["4001234567"]),
            ("+852 9123 4567", &["91234567"]),
            ("2. 13123456789 3", &["13123456789"]),
            ("wx13800138000", &["13800138000"]),
            ("+86 1234567890", &["1234567890"]),
            ("13123456789x12", &["13123456789"]),
            ("0086 13123456789", &["13123456789", "13123456789"]),
            ("8888 6666", &[]),
            ("20241122", &[]),
            ("2024-11-22 10:30:45", &[]),
            ("2024-11-22 10", &["2024112210"]),
            ("2066247698", &["2066247698"]),
            ("A2066247698", &["2066247698"]),
            ("75595588", &["75595588"]),
            ("1732240999 1732240999123", &[]),
            ("184xxxx7605 0086400xxx6666 +8529123****", &[]),
            ("+44 2079 46****", &[]),
            ("1312345678*", &[]),
            ("0d0b5f9e-1f5c-4e36-9d4b-013800138000", &[]),
            ("520421199001011312", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let scan = Scan::of(text);
            assert_eq!(national(&scan, &in_text(&scan)), *expected, "{text}");
        }
    }

    #[test]
    fn numbers_at_a_place() {
        let cases: &[(&str, &[&str])] = &[
            ("0086075588886666", &["75588886666"]),
            ("2066247698", &["2066247698"]),
            ("8888 6666", &["88886666"]),
            ("0755,8888:6666", &["75588886666"]),
            ("12345678901234", &["12345678901234"]),
            ("075588886666-8021", &["75588886666"]),
            ("13123456789 1234 567", &["13123456789", "1234567"]),
            (
                "1234 567 13123456789 76543 21",
                &["13123456789", "1234567", "7654321"],
            ),
            ("sip:008613123456789@pbx", &["13123456789"]),
            ("12345678@example.com", &["12345678"]),
            ("8021", &[]),
            ("802100", &[]),
            ("0086184xxxx7605", &[]),
            ("0086 400 *** 6666", &[]),
            ("5c2f0b7e-70a4-4b0c-9a57-2f6f31234567", &["31234567"]),
        ];
        for (text, expected) in cases {
            let scan = Scan::of(text);
            assert_eq!(national(&scan, &at_place(&scan)), *expected, "{text}");
        }
    }

    #[test]
    fn a_landline_has_a_subscriber() {
        let scan = Scan::of("0086075588886666");
        let found = in_text(&scan);
        let subscriber = found.first().and_then(Found::subscriber).unwrap();
        assert_eq!(&scan.digits()[subscriber], b"88886666");
    }
}
