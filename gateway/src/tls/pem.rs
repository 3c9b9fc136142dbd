//! Certificates in PEM. Paths are there for the texts of errors.

use std::{fs, path::Path};

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::TlsProblem;

/// What a file holds.
pub fn read(path: &Path) -> Result<Vec<u8>, TlsProblem> {
    fs::read(path).map_err(|error| TlsProblem::Unreadable {
        path: path.to_owned(),
        error,
    })
}

/// The certificates of a file, at least one.
pub fn certificates(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let holds = |problem| TlsProblem::Certificates {
        path: path.to_owned(),
        problem,
    };
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let certificates = certificates.map_err(|_| holds("broken PEM"))?;
    if certificates.is_empty() {
        return Err(holds("no certificate in PEM"));
    }
    Ok(certificates)
}

/// The certificates of a file, each of which can be that of an authority.
pub fn authorities(path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsProblem> {
    let certificates = certificates(path, pem)?;
    roots(path, &certificates)?;
    Ok(certificates)
}

/// Those that are trusted, ready for a verifier.
pub fn roots(
    path: &Path,
    certificates: &[CertificateDer<'static>],
) -> Result<RootCertStore, TlsProblem> {
    let mut store = RootCertStore::empty();
    for certificate in certificates {
        store
            .add(certificate.clone())
            .map_err(|_| TlsProblem::Certificates {
                path: path.to_owned(),
                problem: "a certificate that cannot be one of an authority",
            })?;
    }
    Ok(store)
}
