//! The HTTP driver: one request a record, signed as Standard Webhooks.
//!
//! Addresses are vetted ([`address`]), redirects are never followed, no proxy is taken from the environment, and of
//! an answer no more than [`MAX_ANSWER_BYTES`] is read. Concurrency and timeout
//! are tower layers around the client.
//!
//! How it fails: with a [`Failed`] that says whether a later attempt may
//! succeed. Its text never holds anything of the record or the answer.

pub mod address;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;
use standardwebhooks::Webhook;
use tower::{BoxError, Service, ServiceBuilder, ServiceExt, util::BoxCloneSyncService};

use self::address::{AddressPolicy, Refused, VettedResolver};
use super::{
    Payload,
    retry::{self, Answer},
    template::UrlTemplate,
};
use crate::{
    config::model::{self, DestinationAuth},
    record::ArrivalId,
};

/// How much of an answer is read, so that its connection can be used again.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// Time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// An HTTP receiver.
pub struct HttpDriver {
    /// Where to.
    pub url: UrlTemplate,
    method: Method,
    headers: HeaderMap,
    auth: Option<HeaderValue>,
    signer: Option<Webhook>,
    timeout: Duration,
    client: BoxCloneSyncService<reqwest::Request, reqwest::Response, BoxError>,
}

/// Why an HTTP destination cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpSetupError {
    /// The method is not one.
    #[error("method {0:?} is not an HTTP method")]
    Method(String),
    /// A header cannot be sent.
    #[error("header {0:?} has a name or value that HTTP does not allow")]
    Header(String),
    /// The host is an address that may not be connected to.
    #[error(transparent)]
    Address(#[from] Refused),
    /// What `auth` refers to cannot be sent.
    #[error("the secret of `auth` holds characters that a header may not have")]
    Auth,
    /// The secret is not one of Standard Webhooks.
    #[error("the secret of `sign` is not `whsec_` and Base64")]
    Secret,
    /// The client cannot be made.
    #[error("cannot set up the HTTP client: {0}")]
    Client(reqwest::Error),
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

/// What identifies one attempt.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// The arrival.
    pub arrival: ArrivalId,
    /// The stable id for the receiver.
    pub webhook_id: &'a str,
}

impl HttpDriver {
    /// Sets up the client of a destination.
    ///
    /// # Errors
    /// With the setting that cannot be used.
    pub fn new(
        config: &model::HttpDriver,
        concurrency: usize,
        addresses: &AddressPolicy,
    ) -> Result<Self, HttpSetupError> {
        addresses.judge_host(config.url.base().host_str().unwrap_or_default())?;
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(VettedResolver(addresses.clone())))
            .connect_timeout(CONNECT_TIMEOUT)
            .user_agent(concat!("cdr-gateway/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(HttpSetupError::Client)?;
        let timeout = Duration::from_millis(config.timeout_ms);
        let client = ServiceBuilder::new()
            .concurrency_limit(concurrency)
            .timeout(timeout)
            .service(client);
        let method = config.method.parse();
        Ok(Self {
            url: config.url.clone(),
            method: method.map_err(|_| HttpSetupError::Method(config.method.clone()))?,
            headers: headers(config)?,
            auth: config.auth.as_ref().map(authorization).transpose()?,
            signer: config.sign.as_ref().map(signer).transpose()?,
            timeout,
            client: BoxCloneSyncService::new(client),
        })
    }

    /// The headers that the config sets, in the clear.
    #[must_use]
    pub fn plain_headers(&self) -> Vec<(&str, &str)> {
        self.headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
            .collect()
    }

    /// Sends a payload once, as soon as there is room for it.
    pub async fn send(&self, payload: &Payload, envelope: Envelope<'_>) -> Attempted {
        let mut client = self.client.clone();
        // Waiting for room is no part of the attempt, and must not age its
        // timestamp.
        let room = client.ready().await;
        let at = Timestamp::now();
        let started = Instant::now();
        let request = self.request(payload, envelope, at);
        let (status, failed) = match (room, request) {
            (Ok(client), Ok(request)) => self.exchange(client.call(request)).await,
            (_, Err(failed)) => (0, Some(failed)),
            (Err(error), _) => (0, Some(self.transport(&error))),
        };
        Attempted {
            at,
            took: started.elapsed(),
            status,
            failed,
        }
    }

    fn request(
        &self,
        payload: &Payload,
        envelope: Envelope<'_>,
        at: Timestamp,
    ) -> Result<reqwest::Request, Failed> {
        let url = payload.target.parse().map_err(|_| Failed {
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
            HeaderValue::from_static("application/json"),
        );
        if let Some(auth) = &self.auth {
            headers.insert(header::AUTHORIZATION, auth.clone());
        }
        self.identify(headers, payload, envelope, at)?;
        *request.body_mut() = Some(payload.body.clone().into());
        Ok(request)
    }

    /// Standard Webhooks' id, timestamp and signature, and W3C Trace Context:
    /// the trace is the arrival, the span this attempt.
    fn identify(
        &self,
        headers: &mut HeaderMap,
        payload: &Payload,
        envelope: Envelope<'_>,
        at: Timestamp,
    ) -> Result<(), Failed> {
        let span = fastrand::u64(1..);
        let trace = envelope.arrival.0.as_simple();
        let mut set = |name: &'static str, value: String| {
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(HeaderName::from_static(name), value);
            }
        };
        set("traceparent", format!("00-{trace}-{span:016x}-01"));
        set("webhook-id", envelope.webhook_id.to_owned());
        set("webhook-timestamp", at.as_second().to_string());
        if let Some(signer) = &self.signer {
            let signature = signer
                .sign(envelope.webhook_id, at.as_second(), &payload.body)
                .map_err(|error| Failed {
                    for_good: true,
                    reason: "unsignable".into(),
                    error: format!("cannot sign the payload: {error}"),
                    retry_after: None,
                })?;
            set("webhook-signature", signature);
        }
        Ok(())
    }

    async fn exchange<F>(&self, exchange: F) -> (u16, Option<Failed>)
    where
        F: Future<Output = Result<reqwest::Response, BoxError>>,
    {
        match exchange.await {
            Err(error) => (0, Some(self.transport(&error))),
            Ok(answer) => {
                let status = answer.status();
                let failed = judge(&answer);
                self.discard(answer).await;
                (status.as_u16(), failed)
            }
        }
    }

    /// Reads a little of the body, so that the connection can be used again.
    async fn discard(&self, mut answer: reqwest::Response) {
        let reading = async {
            let mut read = 0;
            while let Ok(Some(chunk)) = answer.chunk().await {
                read += chunk.len();
                if read > MAX_ANSWER_BYTES {
                    break;
                }
            }
        };
        // What the receiver says after its status changes nothing.
        let _ = tokio::time::timeout(self.timeout, reading).await;
    }

    fn transport(&self, error: &BoxError) -> Failed {
        let (reason, error) = if error.is::<tower::timeout::error::Elapsed>() {
            let limit = self.timeout.as_millis();
            ("timeout", format!("no answer within {limit} ms"))
        } else if let Some(error) = error.downcast_ref::<reqwest::Error>() {
            let reason = if error.is_connect() {
                "connect"
            } else {
                "transport"
            };
            (reason, causes(error))
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

/// The causes below reqwest's own text, which would name the URL with whatever
/// of the record it holds.
fn causes(error: &reqwest::Error) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(current) = cause {
        causes.push(current.to_string());
        cause = current.source();
    }
    match causes.last() {
        Some(root) => root.clone(),
        None => "the exchange failed".to_owned(),
    }
}

fn judge(answer: &reqwest::Response) -> Option<Failed> {
    let status = answer.status();
    let understood = retry::understand(status);
    if understood == Answer::Accepted {
        return None;
    }
    let hint = answer.headers().get(header::RETRY_AFTER);
    Some(Failed {
        for_good: understood == Answer::Refused,
        reason: format!("http_{}", status.as_u16()),
        error: format!("the receiver answered {status}"),
        retry_after: hint
            .and_then(|value| retry::retry_after(value.to_str().ok()?, Timestamp::now())),
    })
}

fn headers(config: &model::HttpDriver) -> Result<HeaderMap, HttpSetupError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        let refused = || HttpSetupError::Header(name.clone());
        let parsed = HeaderName::try_from(name.as_str()).map_err(|_| refused())?;
        let value = HeaderValue::try_from(value.as_str()).map_err(|_| refused())?;
        headers.insert(parsed, value);
    }
    Ok(headers)
}

fn authorization(auth: &DestinationAuth) -> Result<HeaderValue, HttpSetupError> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = match auth {
        DestinationAuth::Basic(basic) => {
            let pair = format!("{}:{}", basic.username, basic.password.expose());
            format!("Basic {}", STANDARD.encode(pair))
        }
        DestinationAuth::Bearer(token) => format!("Bearer {}", token.expose()),
    };
    let mut value = HeaderValue::try_from(text).map_err(|_| HttpSetupError::Auth)?;
    value.set_sensitive(true);
    Ok(value)
}

fn signer(sign: &model::Sign) -> Result<Webhook, HttpSetupError> {
    Webhook::new(sign.secret.expose()).map_err(|_| HttpSetupError::Secret)
}
