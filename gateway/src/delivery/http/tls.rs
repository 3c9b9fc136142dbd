//! TLS of a destination: which authorities are trusted, and which certificate is
//! shown. Everything is read and tried when the configuration is compiled, so
//! that a wrong file shows at its line and not at the first record.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::{
    RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{HttpSetupError, setup::HttpProblem};
use crate::config::model;

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
    pub(super) fn remedy(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "name a file that the gateway's user can read",
            Self::Certificates { .. } => "give certificates in PEM, and nothing else",
            Self::Key => "give a private key in PEM that is not encrypted",
            Self::Pair(_) => "give the private key of the first certificate in client_cert_file",
            Self::Half(_) => "give both client_cert_file and client_key, or neither",
            Self::Unused => "write https:// in the URL, or remove `tls`",
        }
    }
}

/// TLS settings that have been read.
#[derive(Default)]
pub(super) struct TlsSetup {
    authorities: Vec<CertificateDer<'static>>,
    system_roots: bool,
    identity: Option<Identity>,
}

impl TlsSetup {
    /// # Errors
    /// With everything that cannot be used.
    pub(super) fn read(config: &model::Tls) -> Result<Self, Vec<HttpSetupError>> {
        let authorities = config.ca_file.as_deref().map(authorities).transpose();
        let authorities =
            authorities.map_err(|problem| HttpProblem::from(problem).at("tls.ca_file"));
        match (authorities, identity(config)) {
            (Ok(authorities), Ok(identity)) => Ok(Self {
                system_roots: config.system_roots || authorities.is_none(),
                authorities: authorities.unwrap_or_default(),
                identity,
            }),
            (authorities, identity) => Err(authorities
                .err()
                .into_iter()
                .chain(identity.err())
                .collect()),
        }
    }

    /// Has a client work by these settings.
    ///
    /// # Errors
    /// When an authority cannot be used after all.
    pub(super) fn apply(self, client: ClientBuilder) -> reqwest::Result<ClientBuilder> {
        let authorities = self.authorities.iter();
        let authorities = authorities.map(|one| Certificate::from_der(one));
        let authorities = authorities.collect::<Result<Vec<_>, _>>()?;
        let client = if self.system_roots {
            client.tls_certs_merge(authorities)
        } else {
            client.tls_certs_only(authorities)
        };
        Ok(match self.identity {
            Some(identity) => client.identity(identity),
            None => client,
        })
    }
}

fn authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let (certificates, _) = certificates(path)?;
    let mut store = RootCertStore::empty();
    for certificate in &certificates {
        store
            .add(certificate.clone())
            .map_err(|_| TlsProblem::Certificates {
                path: path.to_owned(),
                problem: "a certificate that cannot be one of an authority",
            })?;
    }
    Ok(certificates)
}

fn identity(config: &model::Tls) -> Result<Option<Identity>, HttpSetupError> {
    let half = |missing, key| HttpProblem::from(TlsProblem::Half(missing)).at(key);
    let (path, key) = match (&config.client_cert_file, &config.client_key) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(half("client_key", "tls.client_cert_file")),
        (None, Some(_)) => return Err(half("client_cert_file", "tls.client_key")),
        (Some(path), Some(key)) => (path, key.0.expose()),
    };
    let chain = certificates(path);
    let (chain, mut pem) =
        chain.map_err(|problem| HttpProblem::from(problem).at("tls.client_cert_file"))?;
    let at_key = |problem| HttpProblem::from(problem).at("tls.client_key");
    let parsed = PrivateKeyDer::from_pem_slice(key.as_bytes());
    let parsed = parsed.map_err(|_| at_key(TlsProblem::Key))?;
    let pair = |error: String| at_key(TlsProblem::Pair(error));
    CertifiedKey::from_der(chain, parsed, &ring::default_provider())
        .map_err(|error| pair(error.to_string()))?;
    pem.push(b'\n');
    pem.extend_from_slice(key.as_bytes());
    let identity = Identity::from_pem(&pem);
    identity.map(Some).map_err(|_| pair("not accepted".into()))
}

/// The certificates of a file, at least one, and the file itself.
fn certificates(path: &Path) -> Result<(Vec<CertificateDer<'static>>, Vec<u8>), TlsProblem> {
    let holds = |problem| TlsProblem::Certificates {
        path: path.to_owned(),
        problem,
    };
    let pem = fs::read(path).map_err(|error| TlsProblem::Unreadable {
        path: path.to_owned(),
        error,
    })?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let certificates = certificates.map_err(|_| holds("broken PEM"))?;
    if certificates.is_empty() {
        return Err(holds("no certificate in PEM"));
    }
    Ok((certificates, pem))
}
