//! Pseudonyms: the same number has the same one wherever and however it is
//! written, and without the key none leads back to its number.
//!
//! HMAC-SHA256 over the number in international form (`+8613123456789`), cut to
//! 128 bits, with the name of the key before it: `p1_2026_` and 32 letters from a
//! to p, one for each half of a byte. No digit is among them, so that a pseudonym
//! never reads as a phone number, by chance either.

use std::fmt;

use cdr_number::Identity;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// The form of pseudonyms. A further one would get another number.
const FORM: &str = "p1";

/// Bytes of the hash that stay: two of a billion numbers share a pseudonym with
/// a chance of one in 10²⁰.
const BYTES: usize = 16;

/// Makes pseudonyms with one key.
pub struct Pseudonyms {
    /// Keyed, and ready to be copied for each number.
    mac: Hmac<Sha256>,
    key_id: String,
}

impl Pseudonyms {
    /// Pseudonyms by a key, which may have any length.
    pub fn new(key: &str, key_id: String) -> Option<Self> {
        let mac = Hmac::new_from_slice(key.as_bytes()).ok()?;
        Some(Self { mac, key_id })
    }

    /// The pseudonym of a number.
    pub fn of(&self, number: &Identity) -> String {
        let mut mac = self.mac.clone();
        mac.update(number.international().as_bytes());
        let hash = mac.finalize().into_bytes();
        let halves = hash
            .iter()
            .take(BYTES)
            .flat_map(|byte| [byte >> 4, byte & 15]);
        let letters: String = halves.map(|half| char::from(b'a' + half)).collect();
        format!("{FORM}_{}_{letters}", self.key_id)
    }
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pseudonyms").field(&self.key_id).finish()
    }
}

#[cfg(test)]
mod tests {
    use cdr_number::{Scan, at_place};

    use super::*;

    fn pseudonym(key_id: &str, text: &str) -> String {
        let pseudonyms = Pseudonyms::new("thirty-two bytes of a secret key", key_id.to_owned());
        let scan = Scan::of(text);
        let number = Identity::of(&scan, &at_place(&scan)[0]);
        pseudonyms.unwrap().of(&number)
    }

    /// By another implementation: `printf +8613123456789 | openssl dgst -sha256
    /// -hmac 'thirty-two bytes of a secret key'`, its first 32 digits through
    /// `tr 0-9a-f a-p`.
    #[test]
    fn as_openssl_makes_it() {
        assert_eq!(
            pseudonym("2026", "13123456789"),
            "p1_2026_dfeaigkdlcpmbjaphcdlldnlnicealfi"
        );
        assert_eq!(
            pseudonym("b", "0755-8888 6666"),
            "p1_b_npjjmcaecfpiephopdheglkkdenjnele"
        );
    }

    #[test]
    fn one_number_has_one_pseudonym() {
        let forms = [
            "008613123456789",
            "+86 131-2345-6789",
            "１３１２３４５６７８９",
        ];
        for form in forms {
            assert_eq!(
                pseudonym("k", form),
                pseudonym("k", "13123456789"),
                "{form}"
            );
        }
        assert_ne!(pseudonym("k", "13123456789"), pseudonym("k", "13123456788"));
    }
}
