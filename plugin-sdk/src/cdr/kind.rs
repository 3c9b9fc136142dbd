//! What a record reports.

use std::fmt;

/// What a record reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A call ended.
    Cdr,
    /// A recording is ready.
    Record,
    /// A voicemail was left.
    Voicemail,
    /// An online (IM) session ended.
    Imcdr,
    /// Something befell the gateway itself.
    Event,
    /// A kind that this version of the SDK does not know.
    Unknown,
}

impl Kind {
    /// The kind as config and expressions write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cdr => "cdr",
            Self::Record => "record",
            Self::Voicemail => "voicemail",
            Self::Imcdr => "imcdr",
            Self::Event => "event",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        let known = [
            Self::Cdr,
            Self::Record,
            Self::Voicemail,
            Self::Imcdr,
            Self::Event,
        ];
        let named = known.into_iter().find(|kind| kind.as_str() == text);
        named.unwrap_or(Self::Unknown)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
