//! Why a delivery stands where it stands, in a word.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Of a delivery that is tried again since its record was corrected.
pub(crate) const CORRECTED: &str = "corrected";

/// Of a delivery that a replay reopened, and that was not tried since.
pub(crate) const REPLAY: &str = "replay";

/// A short, recurring text: `no_route`, `route_error`, the name that a filter
/// gives its rule. Kept once per journal, so it must not vary per record;
/// details belong into [`Exception::detail`](super::Exception::detail). Cut to
/// [`Reason::MAX_CHARS`]. Empty when there is nothing to say.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct Reason(Arc<str>);

impl Reason {
    /// The longest reason, in characters.
    pub const MAX_CHARS: usize = 120;

    /// Nothing to say.
    pub fn none() -> Self {
        Self(Arc::from(""))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Reason {
    fn default() -> Self {
        Self::none()
    }
}

impl From<&str> for Reason {
    fn from(text: &str) -> Self {
        let end = text
            .char_indices()
            .nth(Self::MAX_CHARS)
            .map_or(text.len(), |(at, _)| at);
        Self(Arc::from(&text[..end]))
    }
}

impl From<String> for Reason {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn long_reasons_are_cut_between_characters() {
        let long = "原".repeat(Reason::MAX_CHARS + 1);
        assert_eq!(
            Reason::from(long).as_str().chars().count(),
            Reason::MAX_CHARS
        );
        assert_eq!(Reason::from("no_route").as_str(), "no_route");
    }
}
