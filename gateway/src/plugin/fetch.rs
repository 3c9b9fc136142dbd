//! Fetches components: from a URL whose content `sha256` names, or from an OCI
//! registry by digest.
//!
//! Invariants:
//! - Bytes are used only if they have the digest that the configuration says,
//!   wherever they come from.
//! - Addresses are vetted as those of destinations are, at every redirection
//!   anew. Redirections, which registries and release pages live on, are followed
//!   a few times, never from HTTPS to HTTP, and credentials stay with the server
//!   that they are meant for.
//! - What is read is bounded in bytes and time.
//!
//! How it fails: with a [`FetchError`], which names the URL without its query and
//! credentials, since those are secrets.

mod oci;
mod request;

use std::time::Duration;

use url::Url;

use super::{
    origin::{self, Reference},
    store::{Store, sha256},
};
use crate::{config::model, delivery::http::address::AddressPolicy};

use self::request::Http;

/// What fetching one component may cost.
#[derive(Debug, Clone, Copy)]
pub struct FetchLimits {
    /// Time for all of it.
    pub timeout: Duration,
    /// Length of the component, in bytes.
    pub max_bytes: u64,
}

/// Fetches for one plugin.
#[derive(Debug)]
pub struct Fetcher<'a> {
    http: Http<'a>,
    store: &'a Store,
}

/// A component could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("cannot fetch {url}: {problem}")]
pub struct FetchError {
    /// The URL that was asked at last, without query.
    pub url: String,
    /// What is wrong.
    pub problem: Problem,
}

/// Why a component could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The address may not be connected to.
    #[error(transparent)]
    Address(#[from] crate::delivery::http::address::Refused),
    /// No answer.
    #[error("{0}")]
    Transport(String),
    /// Another status than success.
    #[error("the answer is {0}")]
    Status(http::StatusCode),
    /// Credentials are needed, or those that were shown do not do.
    #[error("the answer is 401: {0}")]
    Unauthorized(&'static str),
    /// It took too long.
    #[error("it took longer than {} ms (plugin_host.fetch_timeout_ms)", .0.as_millis())]
    Timeout(Duration),
    /// It is too long.
    #[error("it is longer than {0} bytes (plugin_host.max_component_bytes)")]
    TooLong(u64),
    /// A redirection that is not followed.
    #[error("it is redirected {0}")]
    Redirect(&'static str),
    /// The content has another digest.
    #[error("expected the SHA-256 {expected}, found {found}")]
    Digest {
        /// What the configuration, or the manifest, says.
        expected: String,
        /// What came.
        found: String,
    },
    /// The manifest is none, or not that of a component.
    #[error("the manifest {0}")]
    Manifest(String),
    /// The client cannot be set up.
    #[error("{0}")]
    Setup(String),
}

impl<'a> Fetcher<'a> {
    /// What fetches a plugin's component.
    ///
    /// # Errors
    /// When the certificates that the plugin names cannot be used.
    pub fn new(
        plugin: &'a model::Plugin,
        addresses: &'a AddressPolicy,
        store: &'a Store,
        limits: FetchLimits,
    ) -> Result<Self, FetchError> {
        let http = Http::new(plugin, addresses, limits).map_err(|problem| FetchError {
            url: origin::shown(&plugin.wasm),
            problem,
        })?;
        Ok(Self { http, store })
    }

    /// The content of a URL, from the store if it is there.
    ///
    /// # Errors
    /// When it cannot be had, or has another digest.
    pub fn url(&self, url: &Url, digest: &str) -> Result<Vec<u8>, FetchError> {
        self.run(url, digest, async {
            let found = self.http.get(url).await?;
            verified(&found.url, digest, found.body)
        })
    }

    /// The component of an artifact, from the store if it is there.
    ///
    /// # Errors
    /// When it cannot be had, or anything of it has another digest.
    pub fn oci(&self, reference: &Reference) -> Result<Vec<u8>, FetchError> {
        let mut registry = oci::Registry::new(&self.http, reference);
        let url = registry.manifest_url();
        let manifest = self.run(&url, &reference.digest, registry.manifest())?;
        let layer = oci::layer(&manifest).map_err(|problem| error(&url, problem))?;
        let url = registry.blob_url(&layer.digest);
        self.run(&url, &layer.digest, registry.blob(&layer))
    }

    /// Waits for what is fetched, and keeps it.
    fn run(
        &self,
        url: &Url,
        digest: &str,
        fetch: impl Future<Output = Result<Vec<u8>, FetchError>>,
    ) -> Result<Vec<u8>, FetchError> {
        if let Some(stored) = self.store.get(digest) {
            counted("stored");
            return Ok(stored);
        }
        let limit = self.http.limits.timeout;
        let fetched = block_on(async {
            let in_time = tokio::time::timeout(limit, fetch).await;
            in_time.unwrap_or_else(|_| Err(error(url, Problem::Timeout(limit))))
        });
        let fetched =
            fetched.unwrap_or_else(|failed| Err(error(url, Problem::Setup(failed.to_string()))));
        match &fetched {
            Ok(bytes) => {
                self.store.put(digest, bytes);
                counted("fetched");
            }
            Err(_) => counted("failed"),
        }
        fetched
    }
}

fn counted(outcome: &'static str) {
    metrics::counter!("cdr_gateway_plugin_fetches_total", "outcome" => outcome).increment(1);
}

/// Bytes that have the digest they should have.
fn verified(url: &Url, expected: &str, bytes: Vec<u8>) -> Result<Vec<u8>, FetchError> {
    let found = sha256(&bytes);
    if found == expected {
        return Ok(bytes);
    }
    let expected = expected.to_owned();
    Err(error(url, Problem::Digest { expected, found }))
}

fn error(url: &Url, problem: Problem) -> FetchError {
    FetchError {
        url: origin::shown_url(url),
        problem,
    }
}

/// Waits on a thread that may be blocked: one of the runtime's for that, or, in
/// a command that has no runtime, its own.
fn block_on<T>(future: impl Future<Output = T>) -> std::io::Result<T> {
    if let Ok(runtime) = tokio::runtime::Handle::try_current() {
        return Ok(runtime.block_on(future));
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    Ok(runtime.block_on(future))
}
