//! Why a request is not taken.
//!
//! A refused request leaves nothing behind but a count and a log line, so the
//! sender has to learn from the answer what to do: every reason has a status, a
//! stable label and a text, here and nowhere else. How they are put into an
//! answer is the dialect's business. Nothing of the request is repeated in a
//! text but the name of an unknown action, and that only where it is a word.

use std::time::Duration;

use http::StatusCode;

/// Why a request was refused. Nothing was kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No source listens at the path.
    #[error("no source listens at this path")]
    UnknownPath,
    /// The source takes nothing from the sender's address.
    #[error("nothing is taken from this address")]
    Address,
    /// Credentials are missing or wrong.
    #[error("credentials are missing or wrong")]
    Unauthorised,
    /// The method is not POST.
    #[error("this address takes POST only")]
    Method,
    /// The request does not say what it reports.
    #[error("the query parameter `action` is missing; known are {known}")]
    MissingAction {
        /// The actions that the dialect knows.
        known: &'static str,
    },
    /// The request reports something that the dialect does not know.
    #[error("unknown action {action}; known are {known}")]
    UnknownAction {
        /// The action, where it is harmless to repeat.
        action: Word,
        /// The actions that the dialect knows.
        known: &'static str,
    },
    /// The query does not ask for the version that the dialect speaks.
    #[error("the query parameter `version` must be {expected}")]
    Version {
        /// What it has to be.
        expected: &'static str,
    },
    /// The body is compressed in a way that is not supported.
    #[error("unsupported content encoding; send gzip or none")]
    Encoding,
    /// The body cannot be decompressed.
    #[error("the body is not what its content encoding says")]
    Undecodable,
    /// The body is larger than the source allows, before or after it was
    /// decompressed.
    #[error("the body is larger than the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The body did not arrive in time.
    #[error("the body did not arrive in time")]
    TooSlow,
    /// The connection broke before the body was complete.
    #[error("the body ended early")]
    Interrupted,
    /// The body is not a JSON object, and nothing says who sent it.
    #[error("the body is not a JSON object")]
    NotJson,
    /// More requests are being served than the limit allows.
    #[error("too many requests at once; try again")]
    Overloaded,
    /// The journal has more to write than its queue holds.
    #[error("the journal is busy; try again")]
    JournalBusy,
    /// The journal has no room left.
    #[error("the journal is full; try again later")]
    JournalFull,
    /// The journal's disk hangs.
    #[error("the journal has been writing for too long; try again later")]
    JournalStalled,
    /// A destination of the source has more waiting than its quota allows.
    #[error("too many records wait to be delivered; try again later")]
    BacklogFull,
    /// The journal could not commit the arrival, or not in time.
    #[error("the record could not be stored; try again")]
    NotStored,
}

impl Refusal {
    /// The stable label in metrics, logs and answers.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::UnknownPath => "unknown_path",
            Self::Address => "address",
            Self::Unauthorised => "unauthorised",
            Self::Method => "method",
            Self::MissingAction { .. } => "missing_action",
            Self::UnknownAction { .. } => "unknown_action",
            Self::Version { .. } => "version",
            Self::Encoding => "encoding",
            Self::Undecodable => "undecodable",
            Self::TooLarge { .. } => "too_large",
            Self::TooSlow => "too_slow",
            Self::Interrupted => "interrupted",
            Self::NotJson => "not_json",
            Self::Overloaded => "overloaded",
            Self::JournalBusy => "journal_busy",
            Self::JournalFull => "journal_full",
            Self::JournalStalled => "journal_stalled",
            Self::BacklogFull => "backlog_full",
            Self::NotStored => "not_stored",
        }
    }

    /// The HTTP status of the answer, whatever the dialect.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::UnknownPath => StatusCode::NOT_FOUND,
            Self::Address => StatusCode::FORBIDDEN,
            Self::Unauthorised => StatusCode::UNAUTHORIZED,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::MissingAction { .. }
            | Self::UnknownAction { .. }
            | Self::Version { .. }
            | Self::Undecodable
            | Self::Interrupted
            | Self::NotJson => StatusCode::BAD_REQUEST,
            Self::Encoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Overloaded
            | Self::JournalBusy
            | Self::JournalFull
            | Self::JournalStalled
            | Self::BacklogFull
            | Self::NotStored => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// How long the sender should wait before it tries again; none where
    /// trying again would change nothing.
    ///
    /// A burst passes within a second; a backlog shrinks as fast as its receiver
    /// takes it; a disk that hangs answers in seconds or in hours; a full one waits
    /// for retention or for a person.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Overloaded | Self::JournalBusy => Some(Duration::from_secs(1)),
            Self::NotStored | Self::JournalStalled => Some(Duration::from_secs(5)),
            Self::BacklogFull => Some(Duration::from_secs(10)),
            Self::JournalFull => Some(Duration::from_secs(30)),
            _ => None,
        }
    }
}

/// A word out of a request that may be shown: up to 32 ASCII letters, and no
/// digit, so that no number gets into a log with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word(Option<String>);

impl Word {
    const MAX_LETTERS: usize = 32;

    /// The word, or a stand-in where `text` is anything else.
    pub fn new(text: &str) -> Self {
        let harmless = !text.is_empty()
            && text.len() <= Self::MAX_LETTERS
            && text.bytes().all(|byte| byte.is_ascii_alphabetic());
        Self(harmless.then(|| text.to_owned()))
    }
}

impl std::fmt::Display for Word {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(word) => write!(f, "`{word}`"),
            None => f.write_str("(not a plain word)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_words_are_shown() {
        for (text, shown) in [
            ("specifiedSeat", "`specifiedSeat`"),
            ("", "(not a plain word)"),
            ("13123456789", "(not a plain word)"),
            ("cdr2", "(not a plain word)"),
            ("a b", "(not a plain word)"),
            (&"a".repeat(33), "(not a plain word)"),
        ] {
            assert_eq!(Word::new(text).to_string(), shown, "{text}");
        }
    }
}
