//! Requests of stages to hosts that they were granted.
//!
//! The client is the gateway's own: addresses are vetted after each resolution,
//! redirects not followed, no proxy taken from the environment. Answers are read up to
//! a limit. Those to a plain GET are kept for a while, for whoever says how old one may
//! be.
//!
//! How it fails: with a [`FetchError`] whose text says nothing of the URL, since that
//! may name a person.

mod cache;
mod origin;

use std::{sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;

use self::cache::{Cache, Key};
pub use self::origin::{BadOrigin, Origin};
use super::ask::{Answer, FetchError, Request};
use crate::delivery::http::Failed;

/// Headers that the client sets, and no stage does.
const OWN_HEADERS: [&str; 5] = [
    "connection",
    "content-length",
    "host",
    "te",
    "transfer-encoding",
];

/// How a stage may ask hosts.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The hosts.
    pub hosts: Vec<Origin>,
    /// Most time for one exchange.
    pub timeout: Duration,
    /// Size of one answer's body, in bytes.
    pub max_response_bytes: usize,
    /// Size of all answers that are kept, in bytes.
    pub max_cached_bytes: usize,
}

/// What stages ask hosts with.
#[derive(Debug)]
pub struct Outgoing {
    stage: Arc<str>,
    settings: Settings,
    client: reqwest::Client,
    cache: Cache,
}

impl Outgoing {
    /// For a stage, by a client that vets addresses.
    #[must_use]
    pub fn new(stage: Arc<str>, settings: Settings, client: reqwest::Client) -> Self {
        Self {
            stage,
            cache: Cache::new(settings.max_cached_bytes),
            settings,
            client,
        }
    }

    /// Asks a host.
    ///
    /// # Errors
    /// When it may not be asked, or does not answer.
    pub async fn fetch(&self, request: Request) -> Result<Answer, FetchError> {
        let result = self.answer(request).await;
        let outcome = match &result {
            Ok((_, true)) => "cached",
            Ok((_, false)) => "answered",
            Err(error) => error.reason(),
        };
        metrics::counter!("cdr_gateway_stage_requests_total", "stage" => self.stage.to_string(), "outcome" => outcome.to_owned())
            .increment(1);
        result.map(|(answer, _)| answer)
    }

    /// The answer, and whether it was kept from before.
    async fn answer(&self, request: Request) -> Result<(Answer, bool), FetchError> {
        let prepared = self.prepare(request)?;
        let key = prepared.cache_key();
        if let (Some(key), Some(max_age)) = (key, prepared.max_age)
            && let Some(answer) = self.cache.get(&key, max_age)
        {
            return Ok((answer, true));
        }
        let timeout = prepared.timeout;
        let exchange = tokio::time::timeout(timeout, self.exchange(prepared));
        let limit = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
        let answer = exchange.await.map_err(|_| FetchError::Timeout(limit))??;
        if let Some(key) = key
            && answer.status == 200
        {
            self.cache.keep(key, answer.clone());
        }
        Ok((answer, false))
    }

    fn prepare(&self, request: Request) -> Result<Prepared, FetchError> {
        let bad = |why: &str| FetchError::BadRequest(why.to_owned());
        let url = Url::parse(&request.url).map_err(|_| bad("the URL is none"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(bad("the URL holds credentials; use a header"));
        }
        if !self.settings.hosts.iter().any(|host| host.is_of(&url)) {
            return Err(FetchError::NotGranted(url.origin().ascii_serialization()));
        }
        let method = Method::from_bytes(request.method.as_bytes());
        let method = method.map_err(|_| bad("the method is none"))?;
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let (name, value) = (name.parse::<HeaderName>(), HeaderValue::from_str(value));
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(bad("a header has a name or value that HTTP does not allow"));
            };
            if OWN_HEADERS.contains(&name.as_str()) {
                return Err(bad(&format!("the header {name} is the gateway's own")));
            }
            headers.append(name, value);
        }
        let most = self.settings.timeout;
        let asked = request
            .timeout_ms
            .map(|ms| Duration::from_millis(ms.into()));
        Ok(Prepared {
            method,
            url,
            headers,
            body: request.body.map(Bytes::from),
            timeout: asked.map_or(most, |asked| asked.min(most)),
            max_age: (request.max_age_ms).map(|ms| Duration::from_millis(ms.into())),
        })
    }

    async fn exchange(&self, prepared: Prepared) -> Result<Answer, FetchError> {
        let timeout = prepared.timeout;
        let broken = |error: reqwest::Error| {
            let failed = Failed::of_client(error, timeout);
            FetchError::Failed(failed.reason, failed.error)
        };
        let mut request = self
            .client
            .request(prepared.method, prepared.url)
            .headers(prepared.headers);
        if let Some(body) = prepared.body {
            request = request.body(body);
        }
        let mut response = request.send().await.map_err(broken)?;
        let status = response.status().as_u16();
        let headers = response.headers().iter();
        let headers = headers
            .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())));
        let headers: Vec<_> = headers.collect();
        let limit = self.settings.max_response_bytes;
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(broken)? {
            if body.len() + chunk.len() > limit {
                return Err(FetchError::TooLarge(limit as u64));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            status,
            headers: headers.into(),
            body: body.freeze(),
        })
    }
}

/// A request that may be sent.
struct Prepared {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    timeout: Duration,
    max_age: Option<Duration>,
}

impl Prepared {
    fn cache_key(&self) -> Option<Key> {
        let plain = self.method == Method::GET && self.body.is_none();
        (plain && self.max_age.is_some()).then(|| Key::of(&self.url, &self.headers))
    }
}
