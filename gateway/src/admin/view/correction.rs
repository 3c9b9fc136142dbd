//! Corrections: what is asked for, what was done, and what is kept.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::Correction;

/// A correction of an arrival.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorrectionRequest {
    /// The number of the newest correction that was looked at; 0 for none. Where
    /// there is another by now, nothing is done (status 409).
    pub after: u32,
    /// The whole record as it should be: the text of a JSON object, kept byte for
    /// byte.
    pub body: String,
    /// Why, in a short text without personal data.
    pub because: String,
    /// Resumes dead deliveries as well as suspended ones.
    #[serde(default)]
    pub dead: bool,
    /// Only says what would be resumed.
    #[serde(default)]
    pub dry_run: bool,
}

/// What a correction does at the destinations of its arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectedView {
    /// The arrival's id.
    pub arrival: String,
    /// The number of the correction.
    pub correction: u32,
    /// Whether that was only looked up.
    pub dry_run: bool,
    /// Where the delivery is due at once.
    pub resumed: Vec<String>,
    /// Where it is dead, and stays so.
    pub dead: Vec<String>,
    /// Where it waits or is being retried; what is sent from now on is corrected.
    pub waiting: Vec<String>,
    /// Where the record is delivered already, as it was. It stays so.
    pub delivered: Vec<String>,
}

/// A correction that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionView {
    /// 1 for the first of its arrival.
    pub number: u32,
    /// When it was made.
    pub at: Timestamp,
    /// Why.
    pub because: String,
    /// The whole record as it should be.
    pub body: String,
}

impl From<&Correction> for CorrectionView {
    fn from(kept: &Correction) -> Self {
        Self {
            number: kept.number,
            at: kept.at,
            because: kept.because.clone(),
            body: String::from_utf8_lossy(&kept.body).into_owned(),
        }
    }
}
