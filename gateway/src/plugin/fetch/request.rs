//! GET with redirections, credentials and bounds.

use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, AUTHORIZATION, LOCATION},
};
use url::Url;

use super::{FetchError, FetchLimits, Problem, error};
use crate::{
    config::model::{self, PluginAuth},
    delivery::http::{address::AddressPolicy, client::vetted, failure::root_cause},
};

/// Redirections that are followed.
const MAX_REDIRECTS: usize = 5;

/// The client for one plugin.
#[derive(Debug)]
pub(super) struct Http<'a> {
    client: reqwest::Client,
    addresses: &'a AddressPolicy,
    pub(super) auth: Option<&'a PluginAuth>,
    pub(super) limits: FetchLimits,
}

/// What was found.
pub(super) struct Found {
    /// Where, behind all redirections.
    pub(super) url: Url,
    pub(super) body: Vec<u8>,
}

/// An answer without its body.
pub(super) struct Answer {
    pub(super) url: Url,
    pub(super) response: reqwest::Response,
}

impl<'a> Http<'a> {
    pub(super) fn new(
        plugin: &'a model::Plugin,
        addresses: &'a AddressPolicy,
        limits: FetchLimits,
    ) -> Result<Self, Problem> {
        let client = vetted(plugin.tls.as_ref(), addresses).map_err(|found| {
            let found: Vec<_> = found.iter().map(ToString::to_string).collect();
            Problem::Setup(found.join("; "))
        })?;
        Ok(Self {
            client,
            addresses,
            auth: plugin.auth.as_ref(),
            limits,
        })
    }

    /// The content of a URL, with the plugin's credentials.
    pub(super) async fn get(&self, url: &Url) -> Result<Found, FetchError> {
        let authorization = self.auth.map(authorization);
        let answer = self.ask(url, "*/*", authorization.as_ref()).await?;
        let answer = success(answer)?;
        self.read(answer, self.limits.max_bytes).await
    }

    /// The first answer that is no redirection.
    pub(super) async fn ask(
        &self,
        url: &Url,
        accept: &'static str,
        authorization: Option<&HeaderValue>,
    ) -> Result<Answer, FetchError> {
        let mut url = url.clone();
        let origin = url.origin();
        for _ in 0..=MAX_REDIRECTS {
            let host = url.host_str().unwrap_or_default();
            let judged = self.addresses.judge_host(host);
            judged.map_err(|refused| error(&url, refused.into()))?;
            let mut headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static(accept))]);
            if let Some(value) = authorization.filter(|_| url.origin() == origin) {
                headers.insert(AUTHORIZATION, value.clone());
            }
            let sent = self.client.get(url.clone()).headers(headers).send().await;
            let response =
                sent.map_err(|failed| error(&url, Problem::Transport(root_cause(&failed))))?;
            if !response.status().is_redirection() {
                return Ok(Answer { url, response });
            }
            url = next(&url, response.headers().get(LOCATION))?;
        }
        Err(error(&url, Problem::Redirect("too often")))
    }

    /// The body, as far as it may be read.
    pub(super) async fn read(&self, answer: Answer, max_bytes: u64) -> Result<Found, FetchError> {
        let Answer { url, mut response } = answer;
        let too_long = || error(&url, Problem::TooLong(max_bytes));
        if response
            .content_length()
            .is_some_and(|length| length > max_bytes)
        {
            return Err(too_long());
        }
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await;
            let chunk =
                chunk.map_err(|failed| error(&url, Problem::Transport(root_cause(&failed))))?;
            let Some(chunk) = chunk else {
                return Ok(Found { url, body });
            };
            if (body.len() + chunk.len()) as u64 > max_bytes {
                return Err(too_long());
            }
            body.extend_from_slice(&chunk);
        }
    }
}

/// Where a redirection leads.
fn next(from: &Url, location: Option<&HeaderValue>) -> Result<Url, FetchError> {
    let redirected = |how| error(from, Problem::Redirect(how));
    let location = location.and_then(|value| value.to_str().ok());
    let location = location.ok_or_else(|| redirected("nowhere"))?;
    let to = from.join(location);
    let to = to.map_err(|_| redirected("to what is no URL"))?;
    match (from.scheme(), to.scheme()) {
        (_, "https") | ("http", "http") => Ok(to),
        _ => Err(redirected("from HTTPS to what is not encrypted")),
    }
}

/// An answer whose status is success.
pub(super) fn success(answer: Answer) -> Result<Answer, FetchError> {
    match answer.response.status() {
        status if status.is_success() => Ok(answer),
        StatusCode::UNAUTHORIZED => {
            let problem = Problem::Unauthorized("set `auth` of the plugin, or correct it");
            Err(error(&answer.url, problem))
        }
        status => Err(error(&answer.url, Problem::Status(status))),
    }
}

/// The value of the header `Authorization`.
pub(super) fn authorization(auth: &PluginAuth) -> HeaderValue {
    use base64::{Engine as _, prelude::BASE64_STANDARD};

    let text = match auth {
        PluginAuth::Basic(basic) => {
            let pair = format!("{}:{}", basic.username, basic.password.expose());
            format!("Basic {}", BASE64_STANDARD.encode(pair))
        }
        PluginAuth::Bearer(token) => format!("Bearer {}", token.expose()),
    };
    // Secrets hold no control characters; they are checked when they are read.
    let mut value = HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}
