//! What can be wrong with TLS settings.

use std::{io, path::PathBuf};

/// What is wrong with TLS settings.
#[derive(Debug, thiserror::Error)]
pub enum TlsProblem {
    /// A file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        error: io::Error,
    },
    /// A file holds no certificates that can be used.
    #[error("{} holds {problem}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What it holds instead.
        problem: &'static str,
    },
    /// The key is none.
    #[error("the secret holds no private key in PEM, or an encrypted one")]
    Key,
    /// Certificate and key do not belong together, or are of a kind that is
    /// not known.
    #[error("certificate and private key do not work together: {0}")]
    Pair(String),
    /// One of certificate and key is missing.
    #[error("`{0}` is missing")]
    Half(&'static str),
    /// No URL of the destination is `https`.
    #[error("there is no TLS towards an http:// URL")]
    Unused,
}

impl TlsProblem {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "name a file that the gateway's user can read",
            Self::Certificates { .. } => "give certificates in PEM, and nothing else",
            Self::Key => "give a private key in PEM that is not encrypted",
            Self::Pair(_) => "give the private key of the first certificate in the file",
            Self::Half(_) => "give both client_cert_file and client_key, or neither",
            Self::Unused => "write https:// in the URL, or remove `tls`",
        }
    }
}
