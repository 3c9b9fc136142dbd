//! What admission hands to the journal, and gets back of it at start.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

use crate::record::{ArrivalId, Defect, Kind, Seq, Tags};

/// What identifies a push, for deduplication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Dedup {
    /// The first half of a SHA-256 over what identifies the push.
    pub key: [u8; 16],
    /// The first half of the SHA-256 of the body: tells a repeated push from
    /// another one under the same id.
    pub body: [u8; 16],
}

/// An accepted request that is not committed yet.
#[derive(Debug, Clone)]
pub struct NewArrival {
    /// When it was accepted; kept to the millisecond.
    pub received: Timestamp,
    /// Name of the source that accepted it.
    pub source: Arc<str>,
    /// What it reports.
    pub kind: Kind,
    /// The session that it belongs to, where the dialect knows one.
    pub session: Option<Arc<str>>,
    /// Tags set by admission.
    pub tags: Tags,
    /// Why it cannot be processed, if so.
    pub defect: Option<Defect>,
    /// What identifies the push.
    pub dedup: Dedup,
    /// The body as received, after content decoding.
    pub body: Bytes,
}

/// An arrival as the deduplication window remembers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its position.
    pub seq: Seq,
    /// Its id.
    pub id: ArrivalId,
    /// When it was accepted.
    pub received: Timestamp,
    /// What identifies the push.
    pub dedup: Dedup,
}
