//! How the client of an object store reaches it: by the gateway's own HTTP client,
//! with vetted addresses and without a proxy.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    },
};
use url::Url;

use crate::{
    config::model,
    delivery::http::{HttpProblem, HttpSetupError, address::AddressPolicy, client},
    tls::TlsProblem,
};

/// Longest answer that is read, in bytes. Those to what is asked here are short.
const MAX_ANSWER: usize = 64 * 1024;

/// Hands out one client.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    client: reqwest::Client,
    timeout: Duration,
}

impl Connector {
    pub(super) fn new(
        config: &model::Upload,
        addresses: &AddressPolicy,
    ) -> Result<Self, Vec<HttpSetupError>> {
        if let Some(endpoint) = &config.endpoint {
            let endpoint = Url::parse(endpoint).map_err(|_| vec![HttpProblem::Url.at("endpoint")]);
            let endpoint = endpoint?;
            let host = endpoint.host_str().unwrap_or_default();
            let judged = addresses.judge_host(host);
            judged.map_err(|refused| vec![HttpProblem::from(refused).at("endpoint")])?;
            if config.tls.is_some() && endpoint.scheme() != "https" {
                return Err(vec![HttpProblem::from(TlsProblem::Unused).at("tls")]);
            }
        }
        Ok(Self {
            client: client::vetted(config.tls.as_ref(), addresses)?,
            timeout: Duration::from_millis(config.timeout_ms),
        })
    }
}

impl HttpConnector for Connector {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Connector {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let request = http::Request::from_parts(parts, reqwest::Body::wrap(body));
        let mut request = reqwest::Request::try_from(request).map_err(failed)?;
        *request.timeout_mut() = Some(self.timeout);
        let mut answer = self.client.execute(request).await.map_err(failed)?;
        let mut response = http::Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = BytesMut::new();
        while let Some(chunk) = answer.chunk().await.map_err(failed)? {
            if body.len() + chunk.len() > MAX_ANSWER {
                break;
            }
            body.extend_from_slice(&chunk);
        }
        let body = Bytes::from(body);
        let response = response.body(body.into());
        response.map_err(|error| HttpError::new(HttpErrorKind::Decode, error))
    }
}

fn failed(error: reqwest::Error) -> HttpError {
    let kind = match &error {
        error if error.is_timeout() => HttpErrorKind::Timeout,
        error if error.is_connect() => HttpErrorKind::Connect,
        _ => HttpErrorKind::Request,
    };
    HttpError::new(kind, error.without_url())
}

/// A client that cannot be made.
pub(super) fn unusable(error: &(dyn Error + 'static)) -> HttpSetupError {
    HttpSetupError {
        key: Vec::new(),
        problem: HttpProblem::Client(cause(error)),
    }
}

/// The innermost of what went wrong: those around it name keys.
pub(super) fn cause(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
