//! TLS of a listener.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SecretPem;

/// TLS of a listener: 1.2 and 1.3. Files are PEM and relative to the file that
/// names them. Those that change are taken up by themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ServerTls {
    /// The certificate to show, followed by those between it and its authority.
    pub cert_file: PathBuf,
    /// The private key of that certificate, not encrypted.
    pub key: SecretPem,
    /// Certificates of the authorities one of which has to have signed what a
    /// client shows. Not set, clients need no certificate.
    pub client_ca_file: Option<PathBuf>,
    /// Time for a handshake.
    #[serde(default = "default_handshake_timeout_ms")]
    #[schemars(range(min = 100, max = 60_000))]
    pub handshake_timeout_ms: u64,
}

fn default_handshake_timeout_ms() -> u64 {
    10_000
}
