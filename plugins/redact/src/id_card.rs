//! Numbers of resident identity cards of the People's Republic of China
//! (GB 11643): region, date of birth, a serial number, and since 1999 a check
//! character by ISO 7064 MOD 11-2, which is `X` for ten.

/// Digits of the form with a check character, and of the older one without.
pub const LENGTH: usize = 18;
pub const OLD_LENGTH: usize = 15;

/// The first two digits of a region: its province. 83 are residents from Taiwan.
const PROVINCES: [u8; 35] = [
    11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42, 43, 44, 45, 46, 50, 51, 52,
    53, 54, 61, 62, 63, 64, 65, 71, 81, 82, 83,
];

/// Weights of the first 17 digits: powers of two, modulo eleven.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// What stands for each remainder.
const CHECKS: &[u8; 11] = b"10X98765432";

/// Whether ASCII digits, the last of which may be `X`, are the number of a card.
pub fn is_id_card(text: &[u8]) -> bool {
    match text.len() {
        LENGTH => {
            is_region(text)
                && text.get(6..14).is_some_and(|date| is_date(date, 0))
                && text.last() == check(text).as_ref()
        }
        // Nothing is checked by the number itself, so region and date must fit.
        OLD_LENGTH => is_region(text) && text.get(6..12).is_some_and(|date| is_date(date, 1900)),
        _ => false,
    }
}

/// Province, prefecture (01 to 70, or 90 for what the province governs itself)
/// and county. Not against a list of counties: old cards have old ones.
fn is_region(text: &[u8]) -> bool {
    let part = |at: usize| text.get(at..at + 2).and_then(number);
    let (Some(province), Some(prefecture), Some(county)) = (part(0), part(2), part(4)) else {
        return false;
    };
    let is_province = PROVINCES.iter().any(|known| u32::from(*known) == province);
    let has_regions = province < 70;
    is_province && (!has_regions || (matches!(prefecture, 1..=70 | 90) && matches!(county, 1..=99)))
}

/// Whether digits are a date, of a year from 1900 to 2099.
fn is_date(digits: &[u8], century: u32) -> bool {
    let Some((year, [m1, m2, d1, d2])) = digits.split_last_chunk() else {
        return false;
    };
    let (Some(year), Some(month), Some(day)) =
        (number(year), number(&[*m1, *m2]), number(&[*d1, *d2]))
    else {
        return false;
    };
    let year = century + year;
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(is_leap),
        1..=12 => 31,
        _ => return false,
    };
    (1900..2100).contains(&year) && (1..=days).contains(&day)
}

fn number(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u32::from(digit - b'0'))
    })
}

/// The check character of the first 17 digits.
fn check(text: &[u8]) -> Option<u8> {
    let sum = WEIGHTS
        .iter()
        .zip(text)
        .try_fold(0, |sum, (weight, digit)| {
            digit
                .is_ascii_digit()
                .then(|| sum + weight * u32::from(digit - b'0'))
        })?;
    CHECKS.get(usize::try_from(sum % 11).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards() {
        let cases = [
            // The example of GB 11643.
            ("11010519491231002X", true),
            ("440524188001010014", false),
            ("34052419800101001X", true),
            ("340524198001010018", false),
            ("11010519491231002x", false),
            ("110105194902290029", false),
            ("990105194912310023", false),
            ("110005194912310024", false),
            ("110105491231002", true),
            ("110105491331002", false),
            ("110105490229002", false),
            ("110105480229002", true),
            ("460001234567890", false),
            ("1677140072000", false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_id_card(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn any_changed_digit_is_noticed() {
        let card = b"11010519491231002X";
        for at in 0..17 {
            for digit in (b'0'..=b'9').filter(|digit| *digit != card[at]) {
                let mut changed = *card;
                changed[at] = digit;
                assert!(!is_id_card(&changed), "{at} {digit}");
            }
        }
    }
}
