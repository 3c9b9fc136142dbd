//! A registered configuration revision.

use jiff::Timestamp;
use serde::Serialize;

/// A configuration that ran, as outcomes refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revision {
    /// Its number: 1, 2, 3, …
    pub number: u32,
    /// Digest of the configuration with its plugins and tables.
    pub digest: String,
    /// When it was registered.
    pub registered: Timestamp,
    /// What it consists of, as JSON.
    pub summary: String,
}
