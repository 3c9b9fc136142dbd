//! An arrival: one accepted request, as it is kept in the journal.

use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Correction;

/// Position of an arrival in the journal: 1, 2, 3, … without gaps.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Seq(pub u64);

impl Seq {
    /// The position after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Identity of an arrival: a UUIDv7 (RFC 9562) that ascends with [`Seq`], so
/// that an arrival is found by its id without an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ArrivalId(pub Uuid);

impl fmt::Display for ArrivalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl FromStr for ArrivalId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self)
    }
}

/// What an arrival reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A call ended.
    Cdr,
    /// A recording is ready.
    Record,
    /// A voicemail was left.
    Voicemail,
    /// An online (IM) session ended.
    Imcdr,
    /// Something befell the gateway itself. No sender reports it.
    #[schemars(skip)]
    Event,
}

impl Kind {
    /// What senders report, in the order of the vendor's documentation.
    pub const PUSHED: [Self; 4] = [Self::Cdr, Self::Record, Self::Voicemail, Self::Imcdr];

    /// Every kind.
    pub const ALL: [Self; 5] = [
        Self::Cdr,
        Self::Record,
        Self::Voicemail,
        Self::Imcdr,
        Self::Event,
    ];

    /// The kind as config, API and plugins write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cdr => "cdr",
            Self::Record => "record",
            Self::Voicemail => "voicemail",
            Self::Imcdr => "imcdr",
            Self::Event => "event",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownKind)
    }
}

/// The text names no [`Kind`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind; known are cdr, record, voicemail, imcdr and event")]
pub struct UnknownKind;

/// Why an arrival cannot be processed as it is. It is kept all the same, and
/// every destination that it would go to shows it as suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Defect {
    /// The body is not a JSON object.
    Unreadable,
    /// The record has no session id.
    NoSessionId,
    /// Values break the dialect's tables, and the source is strict.
    Violations,
    /// The body was sealed, and the key of its day has been dropped.
    KeyDropped,
    /// The body was sealed, and has been changed on disk since.
    Damaged,
}

impl Defect {
    /// Every defect.
    pub const ALL: [Self; 5] = [
        Self::Unreadable,
        Self::NoSessionId,
        Self::Violations,
        Self::KeyDropped,
        Self::Damaged,
    ];

    /// The defect as ledger and API write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NoSessionId => "no_session_id",
            Self::Violations => "violations",
            Self::KeyDropped => "key_dropped",
            Self::Damaged => "damaged",
        }
    }

    /// The defect in words, for whoever looks at the suspended delivery.
    #[must_use]
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Unreadable => "the body is not a JSON object",
            Self::NoSessionId => "the record has no session id",
            Self::Violations => {
                "values break the dialect's tables and the source is strict; the tag \"violations\" lists them"
            }
            Self::KeyDropped => "the key of its day was dropped; the body cannot be read any more",
            Self::Damaged => {
                "the sealed body does not open: it was changed on disk; restore it from a copy of the journal, or discard this"
            }
        }
    }
}

impl FromStr for Defect {
    type Err = UnknownDefect;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|defect| defect.as_str() == text)
            .ok_or(UnknownDefect)
    }
}

/// The text names no [`Defect`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("unknown defect; known are unreadable, no_session_id, violations, key_dropped and damaged")]
pub struct UnknownDefect;

/// Tags of a record: short texts that travel beside the document.
pub type Tags = BTreeMap<String, String>;

/// Tag set by admission: a JSON array of the JSON Pointers whose values break
/// the dialect's tables.
pub const TAG_VIOLATIONS: &str = "violations";

/// Tag set by admission: the push bears the id of an earlier push, but another
/// body. Its value is the id of the earlier arrival.
pub const TAG_CONFLICT: &str = "push_id_conflict";

/// One accepted request, as committed.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Position in the journal.
    pub seq: Seq,
    /// Identity, stable for ever.
    pub id: ArrivalId,
    /// When it was accepted, to the millisecond.
    pub received: Timestamp,
    /// Name of the source that accepted it.
    pub source: Arc<str>,
    /// What it reports.
    pub kind: Kind,
    /// The session that it belongs to, where the dialect knows one.
    pub session: Option<Arc<str>>,
    /// Tags set by admission, or by the newest correction.
    pub tags: Tags,
    /// Why it cannot be processed, if so. None once it is corrected.
    pub defect: Option<Defect>,
    /// The body as received, after content decoding.
    pub body: Bytes,
    /// What people corrected since, in order.
    pub corrections: Vec<Correction>,
}

impl Arrival {
    /// The record as it is processed: that of the newest correction, or the body
    /// as received.
    #[must_use]
    pub fn record(&self) -> &Bytes {
        self.corrections
            .last()
            .map_or(&self.body, |newest| &newest.body)
    }

    /// What the record was before its newest correction: the body as received, then
    /// the earlier corrections. Nothing where there is none.
    pub fn before(&self) -> impl Iterator<Item = &Bytes> {
        let (_, earlier) = self.corrections.split_last().unzip();
        let received = earlier.map(|_| &self.body);
        let corrected = earlier.into_iter().flatten().map(|one| &one.body);
        received.into_iter().chain(corrected)
    }

    /// The number of the newest correction; 0 where there is none.
    #[must_use]
    pub fn correction(&self) -> u32 {
        self.corrections.last().map_or(0, |newest| newest.number)
    }

    /// Bytes of the body and of all corrections.
    #[must_use]
    pub fn size(&self) -> usize {
        let corrections = self.corrections.iter();
        self.body.len() + corrections.map(|one| one.body.len()).sum::<usize>()
    }
}

impl Arrival {
    /// Whether nothing of it can be read any more, so that nothing more can
    /// become of it.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.defect == Some(Defect::KeyDropped)
    }
}
