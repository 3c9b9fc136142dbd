//! Format-preserving encryption: a number becomes another one of the same
//! length and kind, the same one each time, and whoever has the key can undo it.
//!
//! FF1 of NIST SP 800-38G with AES-256 over the national digits. What tells the
//! kind stays: calling code, area code, `400`, the first three digits of a mobile
//! number. A landline whose subscriber part would begin as none does is encrypted
//! once more, until it begins like one (cycle walking). So what comes out of these is
//! what a receiver's checks expect. Of any other number all digits behind the calling
//! code are encrypted, and what comes out may be none that is in use.
//!
//! FF1 is only safe over a million values and more, so fewer than six digits are
//! not encrypted but hidden.

use std::fmt;

use aes::Aes256;
use cdr_number::{Form, Identity};
use fpe::ff1::{FF1, FlexibleNumeralString};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// 10⁶ values: the smallest domain that SP 800-38G revision 1 allows.
const FEWEST_DIGITS: usize = 6;

const RADIX: u32 = 10;

/// What the AES key is made for, so that no other use of the secret has it.
const PURPOSE: &[u8] = b"phone-mask fpe";

/// Encrypts numbers with one key.
pub struct FormatPreserving(FF1<Aes256>);

impl FormatPreserving {
    /// Encryption by a key, which may have any length.
    pub fn new(key: &str) -> Option<Self> {
        let mut mac: Hmac<Sha256> = Hmac::new_from_slice(key.as_bytes()).ok()?;
        mac.update(PURPOSE);
        FF1::new(&mac.finalize().into_bytes(), RADIX).ok().map(Self)
    }

    /// The digits of a number, calling code included, encrypted; none for each
    /// that is hidden, because too few can be encrypted.
    pub fn of(&self, number: &Identity) -> Vec<Option<u8>> {
        let kept = number.code_len() + kept(number);
        let (before, rest) = number.digits().split_at_checked(kept).unwrap_or_default();
        let visible = before.iter().map(|&digit| Some(digit));
        match self.encrypt(before, rest, number) {
            Some(encrypted) => visible.chain(encrypted.into_iter().map(Some)).collect(),
            None => visible.chain(rest.iter().map(|_| None)).collect(),
        }
    }

    /// What stays is the tweak: numbers of another area are another permutation.
    fn encrypt(&self, before: &[u8], rest: &[u8], number: &Identity) -> Option<Vec<u8>> {
        if rest.len() < FEWEST_DIGITS {
            return None;
        }
        let mut digits: Vec<u16> = rest.iter().map(|digit| u16::from(digit - b'0')).collect();
        loop {
            let encrypted = self.0.encrypt(before, &FlexibleNumeralString::from(digits));
            digits = encrypted.ok()?.into();
            let is_digit = |&digit: &u16| u8::try_from(digit).ok().filter(|&digit| digit < 10);
            let text: Vec<u8> = digits
                .iter()
                .filter_map(is_digit)
                .map(|digit| b'0' + digit)
                .collect();
            if is_of_kind(number, rest, &text) {
                return Some(text);
            }
        }
    }
}

/// How many national digits tell the kind of a number.
fn kept(number: &Identity) -> usize {
    let national = number.national().len();
    let kind = match number.form {
        Form::Landline { area } => area,
        Form::Mobile | Form::Service => 3,
        _ => number.trunk(),
    };
    // The area's digits give way where too few are behind them: service numbers
    // such as 0755 95588 are nobody's own.
    if national.saturating_sub(kind) < FEWEST_DIGITS {
        0
    } else {
        kind
    }
}

/// Whether encrypted digits begin as those of the number do, where that tells its
/// kind: subscribers have no 0, 1 or 9 at the front.
fn is_of_kind(number: &Identity, digits: &[u8], encrypted: &[u8]) -> bool {
    let is_subscriber = |digits: &[u8]| matches!(digits, [b'2'..=b'8', ..]);
    let is_landline = matches!(number.form, Form::Landline { .. });
    !is_landline || is_subscriber(digits) == is_subscriber(encrypted)
}

impl fmt::Debug for FormatPreserving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FormatPreserving").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use cdr_number::{Scan, at_place, understand};

    use super::*;

    /// Sample 7 of the examples that NIST published for FF1 (AES-256).
    #[test]
    fn as_nist_has_it() {
        let key = [
            0x2b, 0x7e, 0x15, 0x16, 0x28, 0xae, 0xd2, 0xa6, 0xab, 0xf7, 0x15, 0x88, 0x09, 0xcf,
            0x4f, 0x3c, 0xef, 0x43, 0x59, 0xd8, 0xd5, 0x80, 0xaa, 0x4f, 0x7f, 0x03, 0x6d, 0x6f,
            0x04, 0xfc, 0x6a, 0x94,
        ];
        let ff1: FF1<Aes256> = FF1::new(&key, RADIX).unwrap();
        let digits = FlexibleNumeralString::from((0..10).collect::<Vec<u16>>());
        let encrypted: Vec<u16> = ff1.encrypt(&[], &digits).unwrap().into();
        assert_eq!(encrypted, [6, 6, 5, 7, 6, 6, 7, 0, 0, 9]);
    }

    /// By libffx 2.0.1 and cyphera 0.0.1a10, which agree. The last one begins as no
    /// subscriber does when it is encrypted once, and is encrypted twice.
    #[test]
    fn as_other_implementations_have_it() {
        for (text, expected) in [
            ("13123456789", "8613163082439"),
            ("0755-88886666", "8675527598198"),
            ("020 66247698", "862039034173"),
            ("4001236666", "864005354529"),
            ("0755-88886627", "8675582347673"),
        ] {
            assert_eq!(encrypted(text), expected, "{text}");
        }
    }

    /// What whoever has the key does: the same in the other direction, a landline as
    /// often as its subscriber part begins as none does.
    fn decrypted(after: &str, number: &Identity) -> String {
        let (before, rest) = after.split_at(number.code_len() + kept(number));
        let mut digits: Vec<u16> = rest.bytes().map(|digit| (digit - b'0').into()).collect();
        loop {
            let numeral = FlexibleNumeralString::from(digits);
            let decrypted = encryption().0.decrypt(before.as_bytes(), &numeral);
            digits = decrypted.unwrap().into();
            let text: String = digits.iter().map(u16::to_string).collect();
            if is_of_kind(number, rest.as_bytes(), text.as_bytes()) {
                return format!("{before}{text}");
            }
        }
    }

    #[test]
    fn whoever_has_the_key_can_undo_it() {
        let mut written: Vec<String> = (0..200)
            .map(|last| format!("0755-88886{last:03}"))
            .collect();
        let others = ["13123456789", "4001236666", "88886666", "+4402079460958"];
        written.extend(others.map(str::to_owned));
        for text in &written {
            let number = identity(text);
            let digits = String::from_utf8(number.digits().to_vec()).unwrap();
            assert_eq!(decrypted(&encrypted(text), &number), digits, "{text}");
        }
    }

    fn encryption() -> FormatPreserving {
        FormatPreserving::new("thirty-two bytes of a secret key").unwrap()
    }

    fn identity(text: &str) -> Identity {
        let scan = Scan::of(text);
        Identity::of(&scan, &at_place(&scan)[0])
    }

    fn encrypted(text: &str) -> String {
        let encryption = encryption();
        let number = identity(text);
        let digits = encryption.of(&number);
        assert_eq!(digits.len(), number.digits().len());
        let digits = digits.iter().map(|digit| char::from(digit.unwrap_or(b'*')));
        digits.collect()
    }

    #[test]
    fn what_tells_the_kind_stays() {
        let cases = [
            ("13123456789", "86131", 13),
            ("0755-88886666", "86755", 13),
            ("020 66247698", "8620", 12),
            ("4001236666", "86400", 12),
            ("+85291234567", "852", 11),
            ("+4402079460958", "440", 13),
            ("88886666", "", 8),
            ("+24712345", "247*****", 8),
        ];
        for (text, kept, length) in cases {
            let after = encrypted(text);
            assert!(after.starts_with(kept), "{text}: {after}");
            assert_eq!(after.len(), length, "{text}: {after}");
            assert_eq!(after, encrypted(text), "{text}");
        }
    }

    #[test]
    fn a_number_becomes_one_of_its_kind_and_no_two_the_same() {
        let mut seen = std::collections::BTreeSet::new();
        for last in 0..300 {
            let mobile = encrypted(&format!("13123456{last:03}"));
            let form = understand(&mobile.as_bytes()[2..], false).form;
            assert_eq!(form, Form::Mobile, "{mobile}");
            let landline = encrypted(&format!("075588886{last:03}"));
            assert!(matches!(landline.as_bytes()[5], b'2'..=b'8'), "{landline}");
            assert!(seen.insert(mobile) && seen.insert(landline));
        }
    }
}
