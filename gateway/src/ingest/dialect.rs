//! How a kind of sender speaks.
//!
//! A dialect knows which requests are valid, what they report, what identifies
//! them, which values break its tables, where numbers stand, and what the
//! sender wants to hear. It is pure: it sees a request and a document and
//! answers, and never waits for anything. What is done about it (kept, tagged,
//! suspended, refused) is decided by the listener, the same for all dialects.

pub mod json;
pub mod tccc;

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method, StatusCode};

use super::refusal::Refusal;
use crate::record::{ArrivalId, Document, Kind, Pattern};

pub use json::Json;
pub use tccc::Tccc;

/// What a dialect sees of a request before its body is read.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The query, undecoded and without its question mark; empty where there
    /// is none.
    pub query: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
}

/// One kind of sender.
pub trait Dialect: fmt::Debug + Send + Sync {
    /// The name that config and logs use.
    fn name(&self) -> &'static str;

    /// What a request reports, or why it is not valid.
    fn admit(&self, head: &Head<'_>) -> Result<Kind, Refusal>;

    /// What identifies this push among all of its source: the same for every
    /// retry of it. None where the sender says nothing.
    fn push_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a [u8]>;

    /// The session that a record belongs to.
    fn session(&self, kind: Kind, document: &Document) -> Session;

    /// JSON Pointers of the values that break the dialect's tables, each one
    /// once, at most [`MAX_VIOLATIONS`] of them.
    fn examine(&self, kind: Kind, document: &Document) -> Vec<String>;

    /// Where numbers stand in records of a kind.
    fn number_places(&self, kind: Kind) -> &[Pattern];

    /// Whether a path of keys and indexes (any index, or `*`) may exist in
    /// records of a kind, or of any kind. A dialect without tables knows all.
    fn knows_field(&self, kind: Option<Kind>, path: &[&str]) -> bool;

    /// What the sender is told when its record is on disk.
    fn accepted(&self, receipt: Receipt) -> Answer;

    /// What the sender is told when its request was refused.
    fn refused(&self, refusal: &Refusal) -> Answer;
}

/// How many violations of one record are listed at most. More would say no
/// more about what is wrong, and a body full of wrong values must not make a
/// tag that is larger than the body.
pub const MAX_VIOLATIONS: usize = 32;

/// The session that a record belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Session {
    /// This one.
    Named(Arc<str>),
    /// The record should name one and does not.
    Missing,
    /// Records of this source name none.
    NotAsked,
}

/// What became of a push.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// The arrival that holds it.
    pub id: ArrivalId,
    /// Whether it was there before.
    pub duplicate: bool,
}

/// An answer's status and body. Headers that follow from a refusal
/// (`Retry-After`, `Allow`, `WWW-Authenticate`) are the listener's business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: StatusCode,
    /// The media type of the body.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}
