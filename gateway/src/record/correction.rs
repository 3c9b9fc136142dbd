//! A correction: what a person says that a record should have been.

use bytes::Bytes;
use jiff::Timestamp;

/// One correction of an arrival, kept beside the original and never edited. A
/// later one takes its place, but does not remove it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// 1 for the first of its arrival.
    pub number: u32,
    /// When it was made, to the millisecond.
    pub at: Timestamp,
    /// Why, in a person's words.
    pub because: String,
    /// The whole record as it should be: a JSON object.
    pub body: Bytes,
}

impl Correction {
    /// How many corrections an arrival takes: all of them are in memory while it
    /// is delivered, since the egress contract knows the numbers of each.
    pub const MAX: u32 = 20;
}
