//! What a stage may ask for beside the record, and what it is told when it may not.

use std::sync::Arc;

use bytes::Bytes;

/// Why state was refused. Numbers are the limits that were met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateError {
    /// It was not granted.
    NotGranted,
    /// The key is empty or longer than so many bytes.
    BadKey(u64),
    /// The value is larger than so many bytes.
    TooLarge(u64),
    /// The stage holds as many bytes as it may.
    TooManyBytes(u64),
    /// The stage holds as many keys as it may.
    TooManyKeys(u64),
}

/// Why a timer was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TimerError {
    /// They were not granted.
    NotGranted,
    /// The key is empty or longer than so many bytes.
    BadKey(u64),
    /// As many are set as may be.
    TooMany(u64),
}

/// A record that a stage derives.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// The name of its kind.
    pub kind: String,
    /// What it is of.
    pub key: String,
    /// Its session.
    pub session: Option<String>,
    /// The record as JSON text.
    pub json: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

/// Why a record was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmitError {
    /// No kind of record is called so.
    BadKind(String),
    /// It is no JSON object.
    BadJson(String),
    /// Key, session or tags are empty, too long or too many.
    BadKey(u64),
    /// It is larger than so many bytes.
    TooLarge(u64),
    /// The call derived as many as it may.
    TooMany(u32),
}

/// A request to a host.
#[derive(Debug, Clone)]
pub struct Request {
    /// Its method.
    pub method: String,
    /// Its URL.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Option<Vec<u8>>,
    /// Time for the exchange; the limit where none is said.
    pub timeout_ms: Option<u32>,
    /// How old a kept answer may be; none asks the host.
    pub max_age_ms: Option<u32>,
}

/// A host's answer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: Arc<[(String, String)]>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer. No text repeats the URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FetchError {
    /// The host was not granted.
    NotGranted(String),
    /// It cannot be sent.
    BadRequest(String),
    /// No answer within so many milliseconds.
    Timeout(u32),
    /// The answer's body is larger than so many bytes.
    TooLarge(u64),
    /// The call made as many requests as it may.
    TooMany(u32),
    /// Connection, name, address or certificate: in short, and in words.
    Failed(String, String),
}

impl FetchError {
    /// Stable short form for metrics.
    #[must_use]
    pub fn reason(&self) -> &str {
        match self {
            Self::NotGranted(_) => "not_granted",
            Self::BadRequest(_) => "bad_request",
            Self::Timeout(_) => "timeout",
            Self::TooLarge(_) => "too_large",
            Self::TooMany(_) => "too_many",
            Self::Failed(reason, _) => reason,
        }
    }
}
