//! Reading phone numbers, with the rules of libphonenumber.

use std::{borrow::Cow, str::FromStr};

use rlibphonenumber::{
    PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region,
    phonenumber_matcher::{Leniency, PHONE_MATCHER_FACTORY},
};

use super::{digits, needles::Needles};
use crate::record::string;

/// Fewest digits that are worth reading as a number.
pub(super) const MIN_DIGITS: usize = 7;

/// Most digits that a number has, international prefix included.
const MAX_DIGITS: usize = 20;

/// A word of hexadecimal digits of this length is a hash or an id, whose digits
/// are no number.
const HASH: usize = 16;

/// Reads numbers as they are dialled in a region.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader {
    region: Region,
}

impl Reader {
    /// A reader for a region (ISO 3166-1 alpha-2), if its numbers are known.
    pub(super) fn for_region(region: &str) -> Option<Self> {
        let region = Region::from_str(region).ok()?;
        PHONE_NUMBER_UTIL
            .get_country_code_for_region(region)
            .map(|_| Self { region })
    }

    /// Adds the needles of a text that stands where a number is expected.
    /// There every run of digits counts, valid or not.
    pub(super) fn add_place(self, text: &str, needles: &mut Needles) {
        if string::digits(text) < MIN_DIGITS {
            return;
        }
        let text = digits::fold_text(text);
        if is_masked(&text) {
            return self.add_text(&text, needles);
        }
        let is_number = |char: char| char.is_ascii_digit() || digits::is_separator(char);
        if text.chars().all(is_number) {
            self.add_digits(&text, needles);
        } else {
            for word in words(&text) {
                self.add_digits(word, needles);
            }
            self.add_text(&text, needles);
        }
    }

    /// Adds the needles of every valid number in a text.
    pub(super) fn add_text(self, text: &str, needles: &mut Needles) {
        self.find(text, |number| {
            add_number(number, needles);
            false
        });
    }

    /// Whether a text holds a valid number.
    pub(super) fn finds(self, text: &str) -> bool {
        self.find(text, |_| true)
    }

    /// Asks about every valid number in a text, until told that it will do.
    fn find(self, text: &str, mut enough: impl FnMut(&PhoneNumber) -> bool) -> bool {
        if string::digits(text) < MIN_DIGITS {
            return false;
        }
        let text = without_ids(digits::fold_text(text));
        if string::digits(&text) < MIN_DIGITS {
            return false;
        }
        let alone = words(&text)
            .filter_map(|word| self.read(word))
            .filter(PhoneNumber::is_valid)
            .any(|number| enough(&number));
        alone
            || PHONE_MATCHER_FACTORY
                .matcher_builder(&text)
                .leniency(Leniency::Valid)
                .preferred_region(self.region)
                .build()
                .any(|found| enough(&found.number))
    }

    /// Adds the needles of digits with separators.
    fn add_digits(self, text: &str, needles: &mut Needles) {
        if let Some(number) = self.read(text) {
            add_number(&number, needles);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        needles.add(digits.trim_start_matches('0'));
    }

    fn read(self, text: &str) -> Option<PhoneNumber> {
        PHONE_NUMBER_UTIL.parse(text, Some(self.region)).ok()
    }
}

/// Adds the national number, and of a landline the subscriber's part. One that
/// is short is also looked for with its country code, which it is often
/// written with.
fn add_number(number: &PhoneNumber, needles: &mut Needles) {
    let national = number.get_national_significant_number();
    needles.add(&national);
    if national.len() < 9 {
        needles.add(&format!("{}{national}", number.country_code));
    }
    let is_landline = matches!(
        number.get_type(),
        PhoneNumberType::FixedLine | PhoneNumberType::FixedLineOrMobile
    );
    // Finding out the area finds out the type once more.
    let area = || number.get_length_of_geographical_area_code();
    if is_landline
        && let area = area()
        && area > 0
        && let Some(subscriber) = national.get(area..)
    {
        needles.add(subscriber);
    }
}

/// Whether digits of a number are hidden: `*`, or more than one `x`, next to a
/// digit. One `x` may as well begin an extension.
fn is_masked(text: &str) -> bool {
    let chars: Vec<char> = text.chars().filter(|&c| !digits::is_separator(c)).collect();
    chars.windows(3).any(|window| match window {
        [a, b, c] => {
            let star = |char: &char| matches!(char, '*' | '＊' | '•' | '●' | '#');
            let x = |char: &char| matches!(char, 'x' | 'X' | '×');
            let digit = char::is_ascii_digit;
            (digit(a) && star(b))
                || (star(b) && digit(c))
                || (digit(a) && x(b) && x(c))
                || (x(a) && x(b) && digit(c))
        }
        _ => false,
    })
}

/// The groups of digits in a text that are long enough for a number, save those
/// in a hash.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|char: char| !char.is_ascii_alphanumeric())
        .filter(|word| !is_hash(word))
        .flat_map(|word| word.split(|char: char| !char.is_ascii_digit()))
        .filter(|digits| (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()))
}

fn is_hash(word: &str) -> bool {
    word.len() >= HASH
        && word.bytes().all(|byte| byte.is_ascii_hexdigit())
        && word.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The text with each UUID blanked: chance makes numbers of their digits.
fn without_ids(text: Cow<'_, str>) -> Cow<'_, str> {
    const LENGTH: usize = 36;
    let is_id = |bytes: &[u8]| {
        bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_alphanumeric(),
        })
    };
    let mut ids = Vec::new();
    let mut next = 0;
    for (at, window) in text.as_bytes().windows(LENGTH).enumerate() {
        if at >= next && is_id(window) {
            ids.push(at..at + LENGTH);
            next = at + LENGTH;
        }
    }
    if ids.is_empty() {
        return text;
    }
    let mut text = text.into_owned();
    for id in ids {
        // An id is ASCII, so that its bounds are those of characters.
        text.replace_range(id, &"|".repeat(LENGTH));
    }
    Cow::Owned(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> Reader {
        Reader::for_region("CN").unwrap()
    }

    #[test]
    fn knows_regions() {
        for (region, known) in [("CN", true), ("HK", true), ("ZZ", false), ("", false)] {
            assert_eq!(Reader::for_region(region).is_some(), known, "{region}");
        }
    }

    #[test]
    fn a_number_place_yields_the_forms_of_its_number() {
        let cases: [(&str, &[&str], &[&str]); 15] = [
            (
                "008613123456789",
                &["13123456789", "+86 131 2345 6789"],
                &["3123456789"],
            ),
            ("13123456789", &["008613123456789"], &["1312345"]),
            (
                "0086075588886666",
                &["0755-88886666", "88886666", "75588886666"],
                &["8886666"],
            ),
            (
                "008602066247698",
                &["020 6624 7698", "66247698"],
                &["6247698"],
            ),
            ("00864001006666", &["400-100-6666"], &["1006666"]),
            (
                "+85221234567",
                &["85221234567", "2123 4567"],
                &["121234567"],
            ),
            (
                "0086400xxx6666",
                &[],
                &["0086400xxx6666", "4001006666", "6666"],
            ),
            ("0086184xxxx7605", &[], &["0086184xxxx7605"]),
            ("1381234****", &[], &["1381234****"]),
            ("13812345xxx", &[], &["13812345xxx"]),
            ("138****5678", &[], &["138****5678", "1385678"]),
            ("8021", &[], &["8021"]),
            ("wang.w@example.com", &[], &["wang.w@example.com"]),
            ("99999999999", &["99999999999"], &[]),
            ("sip:１３１２３４５６７８９@pbx", &["13123456789"], &[]),
        ];
        for (text, hits, misses) in cases {
            let mut needles = Needles::default();
            reader().add_place(text, &mut needles);
            for hit in hits {
                assert!(needles.stand_in(hit), "{text}: {hit}");
            }
            for miss in misses {
                assert!(!needles.stand_in(miss), "{text}: {miss}");
            }
        }
    }

    #[test]
    fn finds_numbers_in_texts() {
        let cases = [
            ("改号 131-2345-6789,晚上", true),
            ("晚上回电 0755 8888 6666", true),
            ("{\"tel\":\"+8613123456789\"}", true),
            ("https://x.example/vm/13123456789-1732240999.mp3", true),
            ("call１３１２３４５６７８９now", true),
            ("131\u{200b}2345\u{200b}6789", true),
            ("+1 650 253 0000", true),
            ("131****6789", false),
            ("0086184xxxx7605", false),
            ("*******7605", false),
            ("1732240831", false),
            ("1732240831000", false),
            ("2024-11-22 13:00:05", false),
            ("2024-11-22T13:00:05Z", false),
            ("A20241122-0091", false),
            ("5c2f0b7e-70a4-4b0c-9a57-138123456789", false),
            ("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232", false),
            ("da39a13123456789bfef95601890afd80709", false),
            ("1400482256", false),
            ("8546", false),
        ];
        for (text, expected) in cases {
            assert_eq!(reader().finds(text), expected, "{text}");
        }
    }
}
