//! TLS of a destination: which authorities are trusted, and which certificate is
//! shown. Everything is read and tried when the configuration is compiled, so
//! that a wrong file shows at its line and not at the first record.

use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::{
    crypto::ring,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

use super::{HttpSetupError, setup::HttpProblem};
use crate::{
    config::model,
    tls::{
        TlsProblem,
        pem::{authorities, certificates, read},
    },
};

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
        let authorities = config.ca_file.as_deref();
        let authorities = authorities
            .map(|path| self::authorities(path, &read(path)?))
            .transpose();
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

fn identity(config: &model::Tls) -> Result<Option<Identity>, HttpSetupError> {
    let half = |missing, key| HttpProblem::from(TlsProblem::Half(missing)).at(key);
    let (path, key) = match (&config.client_cert_file, &config.client_key) {
        (None, None) => return Ok(None),
        (Some(_), None) => return Err(half("client_key", "tls.client_cert_file")),
        (None, Some(_)) => return Err(half("client_cert_file", "tls.client_key")),
        (Some(path), Some(key)) => (path, key.0.expose()),
    };
    let at_certificate = |problem| HttpProblem::from(problem).at("tls.client_cert_file");
    let mut pem = read(path).map_err(at_certificate)?;
    let chain = certificates(path, &pem).map_err(at_certificate)?;
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
