//! What a listener shows, made of its settings.

use std::{fs, sync::Arc, time::Duration};

use jiff::Timestamp;
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

use super::{TlsProblem, expiry, pem};
use crate::config::model::{SecretRef, ServerTls};

/// The protocol that listeners speak, for ALPN (RFC 7301).
const ALPN: &[u8] = b"http/1.1";

/// TLS of a listener, ready to accept.
pub struct Server {
    /// For the handshake.
    pub config: Arc<ServerConfig>,
    /// Time that a handshake may take.
    pub handshake_timeout: Duration,
    /// When the certificate ends.
    pub not_after: Timestamp,
    /// What it was made of.
    pub(super) settings: ServerTls,
    pub(super) files: Files,
}

/// A setting that cannot be used: its key below `tls`, and what is wrong.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
pub struct ServerProblem {
    /// Its key.
    pub key: &'static str,
    /// What is wrong with it. Never holds a secret.
    #[source]
    pub problem: TlsProblem,
}

/// The files of a listener as they were read.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Files {
    certificate: Vec<u8>,
    key: Vec<u8>,
    client_authorities: Option<Vec<u8>>,
}

impl Files {
    /// Reads them, also the key where it stands in a file.
    pub(super) fn read(settings: &ServerTls) -> Result<Self, ServerProblem> {
        let at = |key| move |problem| ServerProblem { key, problem };
        let client_authorities = settings.client_ca_file.as_deref();
        let key = match settings.key.0.reference() {
            SecretRef::Env(_) => Ok(settings.key.0.expose().as_bytes().to_vec()),
            SecretRef::File(path) => fs::read(path).map_err(|error| TlsProblem::Unreadable {
                path: path.clone(),
                error,
            }),
        };
        Ok(Self {
            certificate: pem::read(&settings.cert_file).map_err(at("cert_file"))?,
            key: key.map_err(at("key"))?,
            client_authorities: client_authorities
                .map(pem::read)
                .transpose()
                .map_err(at("client_ca_file"))?,
        })
    }
}

impl Server {
    /// Reads the files and tries them.
    pub fn load(settings: &ServerTls) -> Result<Self, ServerProblem> {
        Self::of(settings, Files::read(settings)?)
    }

    /// Tries files that were read.
    pub(super) fn of(settings: &ServerTls, files: Files) -> Result<Self, ServerProblem> {
        let at = |key| move |problem| ServerProblem { key, problem };
        let provider = Arc::new(ring::default_provider());
        let chain = pem::certificates(&settings.cert_file, &files.certificate);
        let chain = chain.map_err(at("cert_file"))?;
        let not_after = chain.first().and_then(expiry::not_after);
        let not_after = not_after.ok_or_else(|| ServerProblem {
            key: "cert_file",
            problem: TlsProblem::Certificates {
                path: settings.cert_file.clone(),
                problem: "a certificate that does not say when it ends",
            },
        })?;
        let key = PrivateKeyDer::from_pem_slice(&files.key);
        let key = key.map_err(|_| at("key")(TlsProblem::Key))?;
        let pair = |error: rustls::Error| at("key")(TlsProblem::Pair(error.to_string()));
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = builder
            .with_safe_default_protocol_versions()
            .map_err(pair)?;
        let builder = match clients(settings, &files).map_err(at("client_ca_file"))? {
            None => builder.with_no_client_auth(),
            Some(verifier) => builder.with_client_cert_verifier(verifier),
        };
        let mut config = builder.with_single_cert(chain, key).map_err(pair)?;
        config.alpn_protocols = vec![ALPN.to_vec()];
        Ok(Self {
            config: Arc::new(config),
            handshake_timeout: Duration::from_millis(settings.handshake_timeout_ms),
            not_after,
            settings: settings.clone(),
            files,
        })
    }
}

/// Who checks the certificates of clients, where they have to show one.
fn clients(
    settings: &ServerTls,
    files: &Files,
) -> Result<Option<Arc<dyn rustls::server::danger::ClientCertVerifier>>, TlsProblem> {
    let (Some(path), Some(pem)) = (&settings.client_ca_file, &files.client_authorities) else {
        return Ok(None);
    };
    let roots = pem::roots(path, &pem::certificates(path, pem)?)?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map(Some).map_err(|_| TlsProblem::Certificates {
        path: path.clone(),
        problem: "no certificate of an authority that can be used",
    })
}
