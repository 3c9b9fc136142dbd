//! The key of a day.

use std::fmt::{self, Display};

use zeroize::Zeroizing;

use super::{
    Day, SealError,
    cipher::{self, Cipher, KEY_BYTES},
};

/// Of the form of what is sealed.
const VERSION: u8 = 1;

/// Version and day.
const HEADER_BYTES: usize = 5;

/// The bytes of a key, wiped when they are dropped.
pub(in crate::journal) type RawKey = Zeroizing<[u8; KEY_BYTES]>;

/// What seals the arrivals of a day. It is seen nowhere: it prints as its day.
pub(in crate::journal) struct DayKey {
    day: Day,
    cipher: Cipher,
}

impl DayKey {
    /// A new key, and its bytes to be wrapped.
    pub(in crate::journal) fn generate(day: Day) -> Result<(Self, RawKey), SealError> {
        let raw = Zeroizing::new(cipher::random()?);
        Ok((Self::new(day, &raw)?, raw))
    }

    /// The key of a day with these bytes.
    pub(in crate::journal) fn new(day: Day, raw: &RawKey) -> Result<Self, SealError> {
        let cipher = Cipher::new(raw)?;
        Ok(Self { day, cipher })
    }

    /// Its day.
    pub(in crate::journal) fn day(&self) -> Day {
        self.day
    }

    /// The bytes to keep instead of `plain` in a place.
    pub(in crate::journal) fn seal(
        &self,
        place: impl Display,
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        self.cipher.seal(&self.header(), &place, plain)
    }

    /// What was sealed for a place; `None` if these bytes are not what
    /// [`DayKey::seal`] made for it.
    pub(in crate::journal) fn open(&self, place: impl Display, sealed: Vec<u8>) -> Option<Vec<u8>> {
        if !sealed.starts_with(&self.header()) {
            return None;
        }
        self.cipher.open(HEADER_BYTES, &place, sealed)
    }

    fn header(&self) -> [u8; HEADER_BYTES] {
        let [a, b, c, d] = self.day.number().to_be_bytes();
        [VERSION, a, b, c, d]
    }
}

impl fmt::Debug for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DayKey({})", self.day)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{journal::seal::Place, record::Seq};

    const BODY: &[u8] = br#"{"Callee":"008613800138000"}"#;

    fn key() -> DayKey {
        DayKey::generate("2026-11-01".parse().expect("a day"))
            .expect("a key")
            .0
    }

    #[test]
    fn what_is_sealed_opens_in_its_place_only() {
        let key = key();
        let place = Place::Arrival(Seq(17));
        let sealed = key.seal(place, BODY).expect("sealed");
        assert_eq!(sealed.len(), BODY.len() + 33);
        assert_eq!(key.open(place, sealed.clone()).as_deref(), Some(BODY));
        for elsewhere in [
            Place::Arrival(Seq(18)),
            Place::Frozen(1, Seq(17)),
            Place::Response(1, Seq(17), 1),
        ] {
            assert_eq!(key.open(elsewhere, sealed.clone()), None, "{elsewhere}");
        }
        let places = [
            Place::Frozen(1, Seq(23)),
            Place::Frozen(12, Seq(3)),
            Place::Response(1, Seq(2), 3),
            Place::Response(1, Seq(23), 1),
        ];
        let texts: HashSet<_> = places.iter().map(Place::to_string).collect();
        assert_eq!(texts.len(), places.len(), "no two places read alike");
    }

    #[test]
    fn no_changed_byte_goes_unnoticed() {
        let key = key();
        let place = Place::Frozen(3, Seq(17));
        let sealed = key.seal(place, BODY).expect("sealed");
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(key.open(place, changed), None, "byte {at}");
            let cut = sealed[..at].to_vec();
            assert_eq!(key.open(place, cut), None, "cut to {at}");
        }
        let longer = [sealed.as_slice(), &[0]].concat();
        assert_eq!(key.open(place, longer), None);
        let another = DayKey::generate(key.day()).expect("a key").0;
        assert_eq!(another.open(place, sealed), None, "another key");
    }

    #[test]
    fn nothing_is_sealed_the_same_way_twice() {
        let key = key();
        let place = Place::Arrival(Seq(1));
        let nonces: HashSet<_> = (0..10_000)
            .map(|_| key.seal(place, b"").expect("sealed")[5..17].to_vec())
            .collect();
        assert_eq!(nonces.len(), 10_000);
        let empty = key.seal(place, b"").expect("sealed");
        assert_eq!(key.open(place, empty).as_deref(), Some(&b""[..]));
    }

    #[test]
    fn a_key_prints_as_its_day() {
        assert_eq!(format!("{:?}", key()), "DayKey(2026-11-01)");
    }
}
