//! The key of a day, as a file destination holds it for the parts of that day.

use std::{fmt::Display, sync::Arc};

use super::{Day, DayKey, SealError};

/// Seals what stands in a part of a file while it is written, and nothing else:
/// the destination that writes the part sees no other key and no table. Cheap to
/// clone; it prints as its day.
#[derive(Debug, Clone)]
pub struct PartKey(Arc<DayKey>);

impl PartKey {
    /// Bytes that sealing adds: version, day, nonce and tag.
    pub const OVERHEAD: usize = 33;

    pub(in crate::journal) fn new(key: Arc<DayKey>) -> Self {
        Self(key)
    }

    /// The day of the key, which may be later than the part's own where the clock
    /// went back.
    #[must_use]
    pub fn day(&self) -> Day {
        self.0.day()
    }

    /// The bytes to write instead of `plain` in a place of a part.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn seal(&self, place: &dyn Display, plain: &[u8]) -> Result<Vec<u8>, SealError> {
        self.0.seal(InPart(place), plain)
    }

    /// What was sealed for a place; `None` if these bytes are not that.
    #[must_use]
    pub fn open(&self, place: &dyn Display, sealed: Vec<u8>) -> Option<Vec<u8>> {
        self.0.open(InPart(place), sealed)
    }

    /// A key that no journal holds.
    #[cfg(test)]
    pub(crate) fn generate(day: Day) -> Self {
        let (key, _) = DayKey::generate(day).expect("a key");
        Self::new(Arc::new(key))
    }
}

/// Begins with a name that no table of the journal has whose blobs are sealed.
struct InPart<'a>(&'a dyn Display);

impl Display for InPart<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "parts/{}", self.0)
    }
}
