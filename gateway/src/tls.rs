//! TLS: certificates and keys in PEM, what a listener shows with them, and when
//! they end.
//!
//! Invariants:
//! - Everything is read and tried when the configuration is compiled, so that a
//!   wrong file shows at its line and not at the first connection.
//! - A listener goes on with what it has until something better is there: files
//!   that changed and cannot be used are refused loudly.
//! - A private key is in memory only, and in no text.
//!
//! rustls with ring, TLS 1.2 and 1.3, towards senders and receivers alike.

pub mod expiry;
pub mod pem;
mod problem;
pub mod server;
pub mod watch;

pub use problem::TlsProblem;
pub use server::Server;
