//! Records of a stage's own.

use crate::{Kind, backend};

/// A record that a stage makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// What it reports: one of the kinds that senders push.
    pub kind: Kind,
    /// What it is of, such as a session: a stage derives one record of a key, as long
    /// as the gateway keeps that record.
    pub key: String,
    /// The session that it belongs to, by which it is found later.
    pub session: Option<String>,
    /// The record: a JSON object as text.
    pub json: String,
    /// Its tags.
    pub tags: Vec<(String, String)>,
}

impl Derived {
    /// A record without session and tags.
    pub fn new(kind: Kind, key: impl Into<String>, json: impl Into<String>) -> Self {
        Self {
            kind,
            key: key.into(),
            session: None,
            json: json.into(),
            tags: Vec::new(),
        }
    }

    /// Of a session.
    #[must_use]
    pub fn of_session(mut self, session: impl Into<String>) -> Self {
        self.session = Some(session.into());
        self
    }

    /// With a tag.
    #[must_use]
    pub fn with_tag(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.tags.push((name.into(), value.into()));
        self
    }
}

/// Why a record was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// No sender pushes such a kind.
    #[error("{0:?} is not cdr, record, voicemail or imcdr")]
    BadKind(String),
    /// It is no JSON object.
    #[error("the derived record is not a JSON object: {0}")]
    BadJson(String),
    /// Key, session or tags are empty, too long or too many.
    #[error(
        "key, session, and names and values of tags have 1 to {0} bytes, and tags are at most 64"
    )]
    BadKey(u64),
    /// It is larger than this many bytes.
    #[error("a derived record has at most {0} bytes")]
    TooLarge(u64),
    /// The call derived as many as it may.
    #[error("a call derives at most {0} records")]
    TooMany(u32),
}

/// Derives a record, if the call succeeds.
pub fn emit(derived: &Derived) -> Result<(), EmitError> {
    backend::emit(derived)
}
