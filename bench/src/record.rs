//! The records that are sent: the sender's own sample, each with a session of its
//! own, by which it is found again wherever it went.

use bytes::Bytes;
use memchr::memmem;

/// The sample of the vendor's documentation, 1.4 KB.
const SAMPLE: &str = include_str!("../../tests/records/seed.json");

/// How every session id begins; the number of the record follows.
const SESSION: &str = "99a1c8f8-eb3d-4xxx-8401-";

/// The number is written in so many letters, not digits: no mask takes them for
/// a phone number.
const LETTERS: usize = 12;

/// The body of the record with this number.
pub fn body(number: u64) -> Bytes {
    let sample = SAMPLE.trim_end();
    let (head, rest) = sample.split_once(SESSION).unwrap_or((sample, ""));
    let tail = rest.get(LETTERS..).unwrap_or_default();
    let mut body = Vec::with_capacity(sample.len());
    for part in [head, SESSION] {
        body.extend_from_slice(part.as_bytes());
    }
    body.extend_from_slice(&letters(number));
    body.extend_from_slice(tail.as_bytes());
    body.into()
}

/// The numbers of the records that these bytes hold, whatever is around them.
pub fn numbers(bytes: &[u8]) -> impl Iterator<Item = u64> {
    memmem::find_iter(bytes, SESSION).filter_map(|at| {
        let from = at + SESSION.len();
        number(bytes.get(from..from + LETTERS)?)
    })
}

/// Four bits a letter, from `a` to `p`.
pub fn letters(number: u64) -> [u8; LETTERS] {
    let mut rest = number;
    let mut letters = [b'a'; LETTERS];
    for letter in letters.iter_mut().rev() {
        *letter += (rest & 15) as u8;
        rest >>= 4;
    }
    letters
}

fn number(letters: &[u8]) -> Option<u64> {
    letters.iter().try_fold(0, |number, letter| {
        let bits = letter.checked_sub(b'a').filter(|&bits| bits < 16)?;
        Some(number << 4 | u64::from(bits))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_again_in_whatever_holds_it() {
        let mut batch = b"[".to_vec();
        for number in [0, 7, 1_234_567] {
            batch.extend_from_slice(&body(number));
            batch.push(b',');
        }
        assert_eq!(numbers(&batch).collect::<Vec<_>>(), [0, 7, 1_234_567]);
        assert_eq!(body(3).len(), SAMPLE.trim_end().len());
        assert!(serde_json::from_slice::<serde_json::Value>(&body(3)).is_ok());
    }
}
