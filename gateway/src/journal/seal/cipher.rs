//! AES-256-GCM with random nonces, over a header that stays readable.

use std::fmt::{self, Display};

use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand::{SecureRandom, SystemRandom},
};

/// Bytes of a key.
pub(super) const KEY_BYTES: usize = 32;

/// Bytes of a tag.
const TAG_BYTES: usize = 16;

/// Why something could not be sealed. Nothing was kept in the clear instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be sealed: the system gives no random numbers, or it is too long")]
pub struct SealError;

/// A key, ready to use.
pub(super) struct Cipher(LessSafeKey);

impl Cipher {
    /// A cipher with this key.
    pub(super) fn new(key: &[u8; KEY_BYTES]) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError)?;
        Ok(Self(LessSafeKey::new(key)))
    }

    /// `header`, a nonce, and what `plain` becomes. Bound to header and place.
    pub(super) fn seal(
        &self,
        header: &[u8],
        place: &dyn Display,
        plain: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let begin = header.len() + NONCE_LEN;
        let mut sealed = Vec::with_capacity(begin + plain.len() + TAG_BYTES);
        sealed.extend_from_slice(header);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plain);
        let tag = self.0.seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            bound_to(header, place),
            sealed.get_mut(begin..).ok_or(SealError)?,
        );
        sealed.extend_from_slice(tag.map_err(|_| SealError)?.as_ref());
        Ok(sealed)
    }

    /// What was sealed after a header of this length; `None` if it was not
    /// sealed by this key for this place, or was changed since.
    pub(super) fn open(
        &self,
        header: usize,
        place: &dyn Display,
        mut sealed: Vec<u8>,
    ) -> Option<Vec<u8>> {
        let (front, rest) = sealed.split_at_mut_checked(header + NONCE_LEN)?;
        let (header, nonce) = front.split_at_checked(header)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let bound = bound_to(header, place);
        let plain = self.0.open_in_place(nonce, bound, rest).ok()?;
        let (from, length) = (front.len(), plain.len());
        sealed.drain(..from);
        sealed.truncate(length);
        Some(sealed)
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher")
    }
}

/// Random bytes of the system.
pub(super) fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map(|()| bytes).map_err(|_| SealError)
}

fn bound_to(header: &[u8], place: &dyn Display) -> Aad<Vec<u8>> {
    let mut bound = header.to_vec();
    // Writing to a vector does not fail.
    let _ = std::io::Write::write_fmt(&mut bound, format_args!("{place}"));
    Aad::from(bound)
}
