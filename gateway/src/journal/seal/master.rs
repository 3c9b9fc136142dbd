//! Master keys: they wrap day keys, and nothing else.

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::{
    Day, RawKey, SealError,
    cipher::{Cipher, KEY_BYTES},
};

/// Of the form of what is wrapped.
const VERSION: u8 = 1;

/// Stands before a key when its id is made, so that the id tells nothing that
/// another hash of the key would.
const ID_CONTEXT: &[u8] = b"cdr-gateway master key id\0";

/// Which master key: the first four bytes of a SHA-256 over it, in hexadecimal
/// digits. It tells keys apart, and nothing of the key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// The id as the journal keeps it.
    pub(in crate::journal) fn from_stored(text: String) -> Self {
        Self(text)
    }

    /// The id as it is kept and shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no [`MasterKey`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a master key is 32 random bytes in Base64, 44 characters")]
pub struct BadMasterKey;

/// A key that wraps day keys. It prints as its id.
pub struct MasterKey {
    id: KeyId,
    cipher: Cipher,
}

impl MasterKey {
    /// Reads a key: 32 bytes in Base64 (RFC 4648, section 4, padded), as
    /// `openssl rand -base64 32` writes it.
    pub fn parse(text: &str) -> Result<Self, BadMasterKey> {
        let bytes = STANDARD.decode(text).map(Zeroizing::new);
        let bytes = bytes.map_err(|_| BadMasterKey)?;
        let key = <&[u8; KEY_BYTES]>::try_from(bytes.as_slice()).map_err(|_| BadMasterKey)?;
        let digest = Sha256::new().chain_update(ID_CONTEXT).chain_update(key);
        let [a, b, c, d, ..] = <[u8; 32]>::from(digest.finalize());
        Ok(Self {
            id: KeyId(format!("{:08x}", u32::from_be_bytes([a, b, c, d]))),
            cipher: Cipher::new(key).map_err(|_| BadMasterKey)?,
        })
    }

    /// Which one it is.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// The key of a day as it is kept.
    pub(in crate::journal) fn wrap(&self, day: Day, key: &RawKey) -> Result<Vec<u8>, SealError> {
        self.cipher.seal(&[VERSION], &place(day), &key[..])
    }

    /// The key of a day; `None` if this master did not wrap it for that day.
    pub(in crate::journal) fn unwrap(&self, day: Day, wrapped: &[u8]) -> Option<RawKey> {
        if wrapped.first() != Some(&VERSION) {
            return None;
        }
        let raw = self.cipher.open(1, &place(day), wrapped.to_vec())?;
        let raw = Zeroizing::new(raw);
        let key = <[u8; KEY_BYTES]>::try_from(raw.as_slice()).ok()?;
        Some(Zeroizing::new(key))
    }
}

fn place(day: Day) -> String {
    format!("day_keys/{}", day.number())
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({})", self.id)
    }
}

/// The master keys that are given: one that wraps, if new arrivals are to be
/// sealed, and further ones that only unwrap. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Masters {
    /// Wraps the keys of new days, and in time those of all. Without it arrivals
    /// are kept in the clear.
    pub current: Option<Arc<MasterKey>>,
    /// May have wrapped keys before.
    pub previous: Vec<Arc<MasterKey>>,
}

impl Masters {
    /// The key with an id, if it is given.
    pub(in crate::journal) fn get(&self, id: &KeyId) -> Option<&Arc<MasterKey>> {
        let all = self.current.iter().chain(&self.previous);
        all.into_iter().find(|key| key.id() == id)
    }

    /// The same, with what others may unwrap.
    #[must_use]
    pub fn and(&self, others: &Self) -> Self {
        let more = others.current.iter().chain(&others.previous);
        Self {
            current: self.current.clone(),
            previous: self.previous.iter().chain(more).cloned().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes 0 to 31.
    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

    #[test]
    fn only_32_bytes_in_base64_are_a_key() {
        let key = MasterKey::parse(KEY).expect("a key");
        assert_eq!(key.id().as_str(), "0b96e02a", "as sha256sum makes it");
        assert_eq!(format!("{key:?}"), format!("MasterKey({})", key.id()));
        for text in [
            "",
            "correct horse battery staple",
            &KEY[..43],
            &KEY[..40],
            &format!("{KEY}\n"),
            &STANDARD.encode([0; 33]),
            &STANDARD.encode([0; 16]),
        ] {
            assert_eq!(MasterKey::parse(text).err(), Some(BadMasterKey), "{text}");
        }
    }

    #[test]
    fn a_wrapped_key_is_for_its_day_and_its_master() {
        let day: Day = "2026-11-01".parse().expect("a day");
        let (one, other) = (
            MasterKey::parse(KEY).expect("a key"),
            MasterKey::parse(&STANDARD.encode([7; 32])).expect("a key"),
        );
        let raw = Zeroizing::new([9; 32]);
        let wrapped = one.wrap(day, &raw).expect("wrapped");
        assert_eq!(wrapped.len(), 61);
        assert_eq!(one.unwrap(day, &wrapped), Some(raw));
        assert_eq!(one.unwrap(day.next(), &wrapped), None);
        assert_eq!(other.unwrap(day, &wrapped), None);
        assert_eq!(one.unwrap(day, &[]), None);
    }
}
