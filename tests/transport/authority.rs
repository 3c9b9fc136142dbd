//! A certificate authority of one test.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};

/// Signs the certificates of receivers and clients.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: rcgen::Certificate,
}

/// A certificate and its key, in PEM.
pub struct Pair {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut parameters = CertificateParams::default();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        // Else it is called what its certificates are called, which then look as
        // if they had signed themselves.
        let name = &mut parameters.distinguished_name;
        name.push(DnType::CommonName, "authority of a test");
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.self_signed(&key).expect("a certificate");
        Self {
            issuer: Issuer::new(parameters, key),
            certificate,
        }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub fn client(&self) -> Pair {
        let (certificate, key) = self.sign("gateway", ExtendedKeyUsagePurpose::ClientAuth);
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// What a listener at 127.0.0.1 shows, for so many days.
    pub fn listener(&self, days: u32) -> Pair {
        let mut parameters = parameters("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        let end = SystemTime::now() + Duration::from_hours(24) * days;
        parameters.not_after = end.into();
        let (certificate, key) = self.sign_as(&parameters);
        Pair {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }

    /// What a receiver at 127.0.0.1 needs; it asks for a client certificate of
    /// this authority if there is one.
    pub fn server(&self, clients: Option<&Self>) -> Arc<ServerConfig> {
        let pair = self.sign("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        serve(&pair, clients)
    }

    /// What a receiver needs that goes by this name.
    pub fn server_named(&self, name: &str) -> Arc<ServerConfig> {
        serve(&self.sign(name, ExtendedKeyUsagePurpose::ServerAuth), None)
    }

    /// What a receiver at 127.0.0.1 has whose certificate was not renewed.
    pub fn expired_server(&self) -> Arc<ServerConfig> {
        let mut parameters = parameters("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
        parameters.not_before = rcgen::date_time_ymd(2020, 1, 1);
        parameters.not_after = rcgen::date_time_ymd(2021, 1, 1);
        serve(&self.sign_as(&parameters), None)
    }

    fn sign(&self, name: &str, purpose: ExtendedKeyUsagePurpose) -> (rcgen::Certificate, KeyPair) {
        self.sign_as(&parameters(name, purpose))
    }

    fn sign_as(&self, parameters: &CertificateParams) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        let certificate = parameters.signed_by(&key, &self.issuer);
        (certificate.expect("a certificate"), key)
    }
}

/// What a receiver at 127.0.0.1 has that signed for itself.
pub fn self_signed() -> Arc<ServerConfig> {
    let key = KeyPair::generate().expect("a key");
    let parameters = parameters("127.0.0.1", ExtendedKeyUsagePurpose::ServerAuth);
    let certificate = parameters.self_signed(&key).expect("a certificate");
    serve(&(certificate, key), None)
}

fn parameters(name: &str, purpose: ExtendedKeyUsagePurpose) -> CertificateParams {
    let mut parameters = CertificateParams::new([name.to_owned()]).expect("a name");
    parameters.extended_key_usages = vec![purpose];
    parameters
}

fn serve(
    (certificate, key): &(rcgen::Certificate, KeyPair),
    clients: Option<&Authority>,
) -> Arc<ServerConfig> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("known versions");
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = RootCertStore::empty();
            let root = clients.certificate.der().clone();
            roots.add(root).expect("an authority");
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).expect("a key");
    let chain = vec![certificate.der().clone()];
    Arc::new(builder.with_single_cert(chain, key).expect("a pair"))
}
