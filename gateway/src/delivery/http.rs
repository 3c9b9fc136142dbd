//! The HTTP driver: one request a record or a batch, signed as Standard Webhooks.
//!
//! Addresses are vetted ([`address`]), redirects are never followed, no proxy is taken from the environment, and of
//! an answer no more than [`MAX_ANSWER_BYTES`] is read. Concurrency, rate and
//! timeout are layers around the client ([`super::policy`]).
//!
//! What a request shows its receiver stands in [`auth`], TLS in [`tls`], the
//! signatures in [`sign`], content coding in [`compress`]. A receiver that answers 401 to an access token is
//! shown another one within the same attempt, once.
//!
//! How it fails: with a [`Failed`] that says whether a later attempt may
//! succeed. Its text never holds anything of the record or the answer; how the
//! answer begins is kept apart, as an [`Excerpt`].

pub mod address;
mod auth;
mod compress;
mod failure;
mod oauth2;
mod setup;
mod sign;
mod tls;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use tower::{BoxError, Service, ServiceExt};

use self::{
    address::{AddressPolicy, VettedResolver},
    auth::{Auth, Credential},
    sign::Signers,
    tls::TlsSetup,
};
pub use self::{
    setup::{HttpProblem, HttpSetupError},
    sign::BadSecret,
};
use super::{
    policy::{Paced, Policy},
    retry,
    template::UrlTemplate,
};
use crate::{
    config::model::{self, Batch, Compression, DestinationAuth},
    journal::Excerpt,
    tls::TlsProblem,
};

/// How much of an answer is read, so that its connection can be used again.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How long an answer is read whose status has been said. Keeping its connection
/// is not worth more.
const MAX_ANSWER_TIME: Duration = Duration::from_secs(1);

/// Time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

type Client = Paced<reqwest::Client>;

/// An HTTP receiver.
pub struct HttpDriver {
    /// Where to.
    pub url: UrlTemplate,
    /// Whether and how records share a request.
    pub batch: Option<Batch>,
    method: Method,
    headers: HeaderMap,
    auth: Auth,
    signers: Signers,
    compress: Option<Compression>,
    timeout: Duration,
    keep_response_bytes: usize,
    client: reqwest::Client,
}

/// One attempt, as it ended.
#[derive(Debug, Clone)]
pub struct Attempted {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The answer's status; 0 without an answer.
    pub status: u16,
    /// The failure, if it was one.
    pub failed: Option<Failed>,
    /// How the answer began, if it was a failure.
    pub response: Excerpt,
    /// What else the receiver asked for.
    pub wish: Option<Wish>,
}

/// What a receiver asks for in the header `webhook-delivery`, as Svix reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// `abort-message`: this delivery is not to be tried again.
    Abort,
    /// `disable`: it wants no more deliveries at all.
    Disable,
}

impl Wish {
    const HEADER: &str = "webhook-delivery";

    fn of(headers: &HeaderMap) -> Option<Self> {
        match headers.get(Self::HEADER)?.to_str().ok()?.trim() {
            "abort-message" => Some(Self::Abort),
            "disable" => Some(Self::Disable),
            _ => None,
        }
    }
}

/// A failed attempt.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Whether the receiver's word is final.
    pub for_good: bool,
    /// Stable short form for the ledger.
    pub reason: String,
    /// In words.
    pub error: String,
    /// When the receiver asks to be tried again.
    pub retry_after: Option<Duration>,
}

/// What one attempt sends, and what identifies it.
#[derive(Debug, Clone)]
pub struct Envelope<'a> {
    /// The rendered URL.
    pub url: &'a str,
    /// The body, before content coding.
    pub body: Bytes,
    /// The body's media type.
    pub media_type: &'static str,
    /// The stable id for the receiver.
    pub webhook_id: &'a str,
    /// The trace that the attempt is a span of: W3C Trace Context's `trace-id`.
    pub trace: u128,
}

impl HttpDriver {
    /// Sets up the client of a destination.
    ///
    /// # Errors
    /// With every setting that cannot be used.
    pub fn new(
        config: &model::HttpDriver,
        addresses: &AddressPolicy,
    ) -> Result<Self, Vec<HttpSetupError>> {
        let timeout = Duration::from_millis(config.timeout_ms);
        let mut problems = Vec::new();
        let mut keep = |found: Vec<HttpSetupError>| problems.extend(found);
        let host = config.url.base().host_str().unwrap_or_default();
        if let Err(refused) = addresses.judge_host(host) {
            keep(vec![HttpProblem::from(refused).at("url")]);
        }
        let method = method(config).map_err(|one| keep(vec![one])).ok();
        let headers = headers(config).map_err(&mut keep).ok();
        let signers = config.sign.as_ref().map(Signers::new).transpose();
        let signers = signers.map_err(&mut keep).ok();
        let reached = client(config, addresses).and_then(|client| {
            let auth = Auth::new(config.auth.as_ref(), &client, timeout, addresses);
            auth.map(|auth| (client, auth)).map_err(|one| vec![one])
        });
        let reached = reached.map_err(&mut keep).ok();
        match (method, headers, signers, reached) {
            (Some(method), Some(headers), Some(signers), Some((client, auth)))
                if problems.is_empty() =>
            {
                Ok(Self {
                    url: config.url.clone(),
                    batch: config.batch.clone(),
                    method,
                    headers,
                    auth,
                    signers: signers.unwrap_or_default(),
                    compress: config.compress,
                    timeout,
                    keep_response_bytes: config.keep_response_bytes,
                    client,
                })
            }
            _ => Err(problems),
        }
    }

    /// The headers that the config sets, in the clear.
    #[must_use]
    pub fn plain_headers(&self) -> Vec<(&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect()
    }

    /// Sends a body once, as soon as the policy has room for it. None if it was
    /// called back before: nothing was sent.
    pub async fn send(
        &self,
        envelope: Envelope<'_>,
        policy: &Policy,
        recall: &CancellationToken,
    ) -> Option<Attempted> {
        let body = compress::encode(envelope.body.clone(), self.compress).await;
        let mut client = policy.around(self.client.clone(), self.timeout);
        // Waiting for room is no part of the attempt, and must not age its
        // timestamp.
        let room = recall.run_until_cancelled(client.ready()).await?.map(drop);
        let at = Timestamp::now();
        let started = Instant::now();
        let ended = match (body, room) {
            (Ok(body), Ok(())) => self.attempt(client, &Envelope { body, ..envelope }).await,
            (Err(error), _) => Err(uncompressed(&error)),
            (_, Err(error)) => Err(self.transport(&error)),
        };
        let (status, failed, wish, response) = match ended {
            Ok(answer) => {
                let (status, failed) = (answer.status().as_u16(), judge(&answer));
                let wish = Wish::of(answer.headers());
                let kept = failed.as_ref().map_or(0, |_| self.keep_response_bytes);
                (status, failed, wish, self.read(answer, kept).await)
            }
            Err(failed) => (0, Some(failed), None, Excerpt::default()),
        };
        Some(Attempted {
            at,
            took: started.elapsed(),
            status,
            failed,
            response,
            wish,
        })
    }

    /// Sends a body by a client that is ready, and again if its token was
    /// refused and there may be another.
    async fn attempt(
        &self,
        mut client: Client,
        envelope: &Envelope<'_>,
    ) -> Result<reqwest::Response, Failed> {
        let mut is_second = false;
        loop {
            let credential = self.auth.credential().await.map_err(|error| Failed {
                for_good: false,
                reason: "auth_unavailable".into(),
                error: error.to_string(),
                retry_after: None,
            })?;
            let request = self.request(envelope, &credential)?;
            let answer = client.call(request).await;
            let answer = answer.map_err(|error| self.transport(&error))?;
            if answer.status().is_success() {
                credential.accepted();
            }
            let refused = answer.status() == StatusCode::UNAUTHORIZED;
            if is_second || !refused || !self.auth.refused(&credential).await {
                return Ok(answer);
            }
            is_second = true;
            self.read(answer, 0).await;
            let room = client.ready().await.map(drop);
            room.map_err(|error| self.transport(&error))?;
        }
    }

    fn request(
        &self,
        envelope: &Envelope<'_>,
        credential: &Credential<'_>,
    ) -> Result<reqwest::Request, Failed> {
        let url = envelope.url.parse().map_err(|_| Failed {
            for_good: true,
            reason: "bad_url".into(),
            error: "the URL template made no valid URL of this record".into(),
            retry_after: None,
        })?;
        let mut request = reqwest::Request::new(self.method.clone(), url);
        *request.headers_mut() = self.headers.clone();
        let headers = request.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(envelope.media_type),
        );
        if let Some(compression) = self.compress {
            let coding = HeaderValue::from_static(compression.coding());
            headers.insert(header::CONTENT_ENCODING, coding);
        }
        credential.put(headers);
        // A receiver refuses what was signed long ago; fetching a token takes time.
        self.identify(headers, envelope, Timestamp::now());
        *request.body_mut() = Some(envelope.body.clone().into());
        Ok(request)
    }

    /// Standard Webhooks' id, timestamp and signature, and W3C Trace Context,
    /// whose span is this attempt.
    fn identify(&self, headers: &mut HeaderMap, envelope: &Envelope<'_>, at: Timestamp) {
        let Envelope {
            webhook_id, trace, ..
        } = envelope;
        let span = fastrand::u64(1..);
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("traceparent", format!("00-{trace:032x}-{span:016x}-01"));
        set("webhook-id", (*webhook_id).to_owned());
        set("webhook-timestamp", at.as_second().to_string());
        let signature = self
            .signers
            .sign(webhook_id, at.as_second(), &envelope.body);
        if let Some(signature) = signature {
            set("webhook-signature", signature);
        }
    }

    /// Reads a little of the body, so that the connection can be used again, and
    /// keeps how it begins.
    async fn read(&self, mut answer: reqwest::Response, keep: usize) -> Excerpt {
        let mut kept = BytesMut::new();
        let reading = async {
            let mut read = 0;
            while let Ok(Some(chunk)) = answer.chunk().await {
                read += chunk.len();
                let missing = (keep - kept.len()).min(chunk.len());
                kept.extend_from_slice(&chunk[..missing]);
                if read > MAX_ANSWER_BYTES {
                    break;
                }
            }
        };
        // What the receiver says after its status changes nothing.
        let _ = tokio::time::timeout(MAX_ANSWER_TIME.min(self.timeout), reading).await;
        Excerpt::new(kept)
    }

    fn transport(&self, error: &BoxError) -> Failed {
        let (reason, error) = if error.is::<tower::timeout::error::Elapsed>() {
            let limit = self.timeout.as_millis();
            ("timeout", format!("no answer within {limit} ms"))
        } else if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            (failure::reason(error), failure::root_cause(error))
        } else {
            ("transport", "the exchange failed".to_owned())
        };
        Failed {
            for_good: false,
            reason: reason.into(),
            error,
            retry_after: None,
        }
    }
}

fn uncompressed(error: &std::io::Error) -> Failed {
    Failed {
        for_good: false,
        reason: "compression".into(),
        error: format!("cannot compress the body: {error}"),
        retry_after: None,
    }
}

fn judge(answer: &reqwest::Response) -> Option<Failed> {
    let status = answer.status();
    if status.is_success() {
        return None;
    }
    let hint = answer.headers().get(header::RETRY_AFTER);
    Some(Failed {
        // Which statuses are worth another attempt is the destination's policy.
        for_good: false,
        reason: format!("http_{}", status.as_u16()),
        error: format!("the receiver answered {status}"),
        retry_after: hint
            .and_then(|value| retry::retry_after(value.to_str().ok()?, Timestamp::now())),
    })
}

/// What reaches the receiver, and the token endpoint if there is one.
fn client(
    config: &model::HttpDriver,
    addresses: &AddressPolicy,
) -> Result<reqwest::Client, Vec<HttpSetupError>> {
    if config.tls.is_some() && !is_encrypted(config) {
        return Err(vec![HttpProblem::from(TlsProblem::Unused).at("tls")]);
    }
    let tls = config.tls.as_ref().map(TlsSetup::read).transpose()?;
    let builder = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .dns_resolver(Arc::new(VettedResolver(addresses.clone())))
        .connect_timeout(CONNECT_TIMEOUT)
        .user_agent(concat!("cdr-gateway/", env!("CARGO_PKG_VERSION")));
    let builder = match tls {
        Some(tls) => tls.apply(builder),
        None => Ok(builder),
    };
    let client = builder.and_then(reqwest::ClientBuilder::build);
    client.map_err(|error| vec![HttpProblem::Client(failure::root_cause(&error)).at("tls")])
}

fn is_encrypted(config: &model::HttpDriver) -> bool {
    let token_url = match &config.auth {
        Some(DestinationAuth::Oauth2(oauth2)) => oauth2.token_url.as_str(),
        _ => "",
    };
    config.url.base().scheme() == "https" || token_url.starts_with("https:")
}

fn method(config: &model::HttpDriver) -> Result<Method, HttpSetupError> {
    let method = config.method.parse();
    method.map_err(|_| HttpProblem::Method(config.method.clone()).at("method"))
}

fn headers(config: &model::HttpDriver) -> Result<HeaderMap, Vec<HttpSetupError>> {
    let mut headers = HeaderMap::new();
    let mut problems = Vec::new();
    for (name, value) in &config.headers {
        let parsed = HeaderName::try_from(name.as_str());
        match (parsed, HeaderValue::try_from(value.as_str())) {
            (Ok(name), Ok(value)) => {
                headers.insert(name, value);
            }
            _ => problems.push(HttpProblem::Header(name.clone()).at("headers")),
        }
    }
    if problems.is_empty() {
        Ok(headers)
    } else {
        Err(problems)
    }
}
