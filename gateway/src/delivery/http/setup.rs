//! Why an HTTP destination cannot be set up.

use super::{address::Refused, sign::BadSecret};
use crate::tls::TlsProblem;

/// A setting that cannot be used, and where it stands.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct HttpSetupError {
    /// Its keys below `http`, such as `["sign", "also", "0"]`.
    pub key: Vec<String>,
    /// What is wrong with it. Never holds a secret.
    #[source]
    pub problem: HttpProblem,
}

/// What is wrong with a setting.
#[derive(Debug, thiserror::Error)]
pub enum HttpProblem {
    /// The method is not one.
    #[error("{0:?} is not an HTTP method")]
    Method(String),
    /// A header cannot be sent.
    #[error("header {0:?} has a name or value that HTTP does not allow")]
    Header(String),
    /// A URL that cannot be used.
    #[error("this is not a URL")]
    Url,
    /// The host is an address that may not be connected to.
    #[error(transparent)]
    Address(#[from] Refused),
    /// A credential cannot be sent.
    #[error("the secret holds characters that a header may not have")]
    Credential,
    /// A secret is not one of Standard Webhooks.
    #[error(transparent)]
    Secret(#[from] BadSecret),
    /// Certificates or the key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsProblem),
    /// The client cannot be made.
    #[error("cannot set up the HTTP client: {0}")]
    Client(String),
}

impl HttpProblem {
    /// The problem at its keys, separated by dots.
    pub(in crate::delivery) fn at(self, key: &str) -> HttpSetupError {
        HttpSetupError {
            key: key.split('.').map(str::to_owned).collect(),
            problem: self,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Secret(_) => "write `whsec_` and 24 to 64 random bytes in Base64",
            Self::Address(_) => "allow the address by name, or correct the URL",
            Self::Tls(problem) => problem.remedy(),
            Self::Credential => "provide a secret of printable characters",
            _ => "correct the setting",
        }
    }

    /// Whether a file that the setting names is not there.
    #[must_use]
    pub fn is_missing_file(&self) -> bool {
        matches!(self, Self::Tls(TlsProblem::Unreadable { .. }))
    }
}
