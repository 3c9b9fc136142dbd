//! A request: what it says, and what identifies it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use jiff::Timestamp;

use super::{
    HttpProblem, HttpSetupError, auth::Credential, compress, failure::Failed, sign::Signers,
};
use crate::config::model::{self, Compression};

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

/// What all requests of a destination have in common.
pub(super) struct Requests {
    method: Method,
    headers: HeaderMap,
    signers: Signers,
    compress: Option<Compression>,
}

impl Requests {
    /// # Errors
    /// With every setting that cannot be used.
    pub(super) fn new(config: &model::HttpDriver) -> Result<Self, Vec<HttpSetupError>> {
        let mut problems = Vec::new();
        let mut keep = |found: Vec<HttpSetupError>| problems.extend(found);
        let method = method(config).map_err(|one| keep(vec![one])).ok();
        let headers = headers(config).map_err(&mut keep).ok();
        let signers = config.sign.as_ref().map(Signers::new).transpose();
        let signers = signers.map_err(&mut keep).ok();
        match (method, headers, signers) {
            (Some(method), Some(headers), Some(signers)) => Ok(Self {
                method,
                headers,
                signers: signers.unwrap_or_default(),
                compress: config.compress,
            }),
            _ => Err(problems),
        }
    }

    /// The headers that the config sets.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The same with its body as it is sent.
    pub(super) async fn encode<'a>(&self, envelope: Envelope<'a>) -> Result<Envelope<'a>, Failed> {
        let body = compress::encode(envelope.body, self.compress).await;
        let body = body.map_err(|error| {
            Failed::for_now("compression", format!("cannot compress the body: {error}"))
        })?;
        Ok(Envelope { body, ..envelope })
    }

    /// The request of an envelope whose body is encoded.
    pub(super) fn make(
        &self,
        envelope: &Envelope<'_>,
        credential: &Credential<'_>,
    ) -> Result<reqwest::Request, Failed> {
        let url = envelope.url.parse().map_err(|_| Failed {
            for_good: true,
            ..Failed::for_now(
                "bad_url",
                "the URL template made no valid URL of this record",
            )
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
