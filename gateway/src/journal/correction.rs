//! Correcting an arrival, and what that resumes.

use std::{collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;

use crate::record::Tags;

/// A correction to be kept, and what it resumes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCorrection {
    /// The number of the newest correction that the person saw; 0 for none.
    pub after: u32,
    /// When it is made.
    pub at: Timestamp,
    /// Why, in a person's words.
    pub because: String,
    /// The session that the corrected record belongs to.
    pub session: Option<Arc<str>>,
    /// The tags that it has from now on.
    pub tags: Tags,
    /// The whole record as it should be.
    pub body: Bytes,
    /// Whether dead deliveries are resumed as well as suspended ones.
    pub dead: bool,
    /// The revision that runs.
    pub revision: u32,
}

/// A correction that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Corrected {
    /// Its number.
    pub number: u32,
    /// The destinations at which the delivery is due at once because of it.
    pub resumed: BTreeSet<String>,
}
