//! Dates with a time, whose digits would pass as a landline of Guangzhou:
//! `2024-11-22 10:30` holds 20 24112210.

use std::ops::Range;

use crate::{Chain, Scan};

/// How the digits of date and hour may be grouped.
const GROUPINGS: [&[usize]; 2] = [&[4, 2, 2, 2], &[8, 2]];

/// Whether groups of a chain are a date and an hour, with minutes right after
/// them. That is what libphonenumber takes for a time; without minutes it is a
/// number.
pub fn is_time(scan: &Scan, chain: &Chain, groups: Range<usize>) -> bool {
    let next = groups.end;
    let digits = scan.span(groups.clone());
    let lengths = scan
        .groups()
        .get(groups)
        .unwrap_or_default()
        .iter()
        .map(|group| group.digits.len());
    let has_minutes = scan.groups().get(next).is_some_and(|minutes| {
        let end = scan.place(digits.end.saturating_sub(1)).end;
        let digits = scan
            .digits()
            .get(minutes.digits.clone())
            .unwrap_or_default();
        // In ASCII a colon: a separator would have joined them.
        matches!(digits, [b'0'..=b'5', _]) && scan.place(minutes.digits.start).start == end + 1
    });
    next == chain.groups.end
        && has_minutes
        && GROUPINGS
            .iter()
            .any(|grouping| lengths.clone().eq(grouping.iter().copied()))
        && reads_as_time(scan.digits().get(digits).unwrap_or_default())
}

fn reads_as_time(digits: &[u8]) -> bool {
    matches!(
        digits,
        [
            b'1' | b'2',
            _,
            _,
            _,
            b'0' | b'1',
            _,
            b'0'..=b'3',
            _,
            b'0'..=b'2',
            _
        ]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        for (text, groups, expected) in [
            ("2024-11-22 10:30", 4, true),
            ("20241122 10:30:45", 2, true),
            ("2024-11-22 10 30", 4, false),
            ("2024-11-22 10:60", 4, false),
            ("2024-11-22 10点30分", 4, false),
            ("2024-51-22 10:30", 4, false),
            ("2024112210:30", 1, false),
            ("2024-11-22 10", 4, false),
        ] {
            let scan = Scan::of(text);
            assert_eq!(
                is_time(&scan, &scan.chains()[0], 0..groups),
                expected,
                "{text}"
            );
        }
    }
}
