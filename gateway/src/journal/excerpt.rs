//! The beginning of what a receiver answered.

use std::fmt;

use bytes::Bytes;

/// The first bytes of a receiver's answer to a failed attempt, as they came.
///
/// A receiver may repeat in it what it was sent, so it is kept and shown as a
/// payload is: it prints as its length alone, and has no place in a log, a
/// metric or an error.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Excerpt(Bytes);

impl Excerpt {
    /// These bytes of an answer.
    #[must_use]
    pub fn new(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// Whether nothing was kept: none was wanted, or none came.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes, for the journal and for someone allowed to see them.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Excerpt({} bytes)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_prints_as_its_length() {
        let excerpt = Excerpt::new("unknown number 13800138000");
        assert_eq!(format!("{excerpt:?}"), "Excerpt(26 bytes)");
        assert_eq!(excerpt.expose(), b"unknown number 13800138000");
    }
}
