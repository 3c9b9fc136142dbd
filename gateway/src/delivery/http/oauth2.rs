//! OAuth 2 client credentials (RFC 6749, 4.4): the token that requests show.
//!
//! The token endpoint is reached by the destination's own client: the same
//! addresses, TLS settings and timeout, no redirects, no proxy. The client shows
//! itself by HTTP Basic (2.3.1), which every endpoint has to take, or in the form
//! where the configuration says so.
//!
//! How it fails: with a [`TokenError`], and nothing is sent. Its text never holds
//! what the endpoint said, other than the error codes of the standard.

mod cache;

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use url::{Url, form_urlencoded};

pub(super) use self::cache::Token;
use self::cache::{Grant, TokenCache};
use super::{HttpSetupError, address::AddressPolicy, failure::root_cause, setup::HttpProblem};
use crate::config::model::{self, CredentialsIn};

/// How much of the endpoint's answer is read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;

/// How long a token is used whose endpoint does not say.
const DEFAULT_LIFETIME: Duration = Duration::from_mins(5);

/// The longest that a token is used.
const MAX_LIFETIME: Duration = Duration::from_hours(24);

/// What an endpoint may refuse with (5.2).
const ERROR_CODES: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

/// Why there is no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    #[error("the token endpoint did not answer within {0} ms")]
    Timeout(u128),
    #[error("the token endpoint cannot be reached: {0}")]
    Unreachable(String),
    #[error("the token endpoint answered {0}")]
    Status(StatusCode),
    #[error("the token endpoint answered {0}: {1}")]
    Refused(StatusCode, &'static str),
    #[error("the token endpoint's answer {0}")]
    NoToken(&'static str),
}

/// Where tokens come from.
pub(super) struct TokenSource {
    client: reqwest::Client,
    url: Url,
    /// Where the form does not hold the credentials.
    authorization: Option<HeaderValue>,
    form: Bytes,
    timeout: Duration,
    cache: TokenCache,
}

impl TokenSource {
    /// # Errors
    /// With the setting that cannot be used.
    pub(super) fn new(
        config: &model::OAuth2,
        client: reqwest::Client,
        timeout: Duration,
        addresses: &AddressPolicy,
    ) -> Result<Self, HttpSetupError> {
        let at_url = |problem: HttpProblem| problem.at("auth.oauth2.token_url");
        let url = Url::parse(&config.token_url).map_err(|_| at_url(HttpProblem::Url))?;
        addresses
            .judge_host(url.host_str().unwrap_or_default())
            .map_err(|refused| at_url(refused.into()))?;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "client_credentials");
        if let Some(scope) = &config.scope {
            form.append_pair("scope", scope);
        }
        let authorization = match config.credentials_in {
            CredentialsIn::Header => Some(basic(config)?),
            CredentialsIn::Body => {
                form.append_pair("client_id", &config.client_id);
                form.append_pair("client_secret", config.client_secret.expose());
                None
            }
        };
        Ok(Self {
            client,
            url,
            authorization,
            form: form.finish().into(),
            timeout,
            cache: TokenCache::default(),
        })
    }

    /// A token that has not expired: the one at hand, or a new one.
    pub(super) async fn token(&self) -> Result<Token, TokenError> {
        self.cache.get(|| self.fetch()).await
    }

    /// The receiver refused a token. Returns whether another one may be had.
    pub(super) async fn refused(&self, token: &Token) -> bool {
        self.cache.refused(token).await
    }

    async fn fetch(&self) -> Result<Grant, TokenError> {
        let fetched = tokio::time::timeout(self.timeout, self.ask()).await;
        fetched.map_err(|_| TokenError::Timeout(self.timeout.as_millis()))?
    }

    async fn ask(&self) -> Result<Grant, TokenError> {
        let mut request = reqwest::Request::new(Method::POST, self.url.clone());
        let headers = request.headers_mut();
        if let Some(authorization) = &self.authorization {
            headers.insert(header::AUTHORIZATION, authorization.clone());
        }
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded"),
        );
        *request.body_mut() = Some(self.form.clone().into());
        let answer = self.client.execute(request).await;
        let answer = answer.map_err(|error| TokenError::Unreachable(root_cause(&error)))?;
        let status = answer.status();
        let body = read(answer).await;
        if status.is_success() {
            grant(&body?)
        } else {
            Err(refusal(status, &body.unwrap_or_default()))
        }
    }
}

/// HTTP Basic, of texts that were encoded as for a form (2.3.1).
fn basic(config: &model::OAuth2) -> Result<HeaderValue, HttpSetupError> {
    let encode =
        |text: &str| -> String { form_urlencoded::byte_serialize(text.as_bytes()).collect() };
    let (id, secret) = (&config.client_id, config.client_secret.expose());
    let pair = format!("{}:{}", encode(id), encode(secret));
    let value = HeaderValue::try_from(format!("Basic {}", STANDARD.encode(pair)));
    let bad = |_| HttpProblem::Credential.at("auth.oauth2.client_secret");
    let mut value = value.map_err(bad)?;
    value.set_sensitive(true);
    Ok(value)
}

async fn read(mut answer: reqwest::Response) -> Result<Vec<u8>, TokenError> {
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(None) => return Ok(body),
            Ok(Some(chunk)) if body.len() + chunk.len() > MAX_ANSWER_BYTES => {
                return Err(TokenError::NoToken("is too long"));
            }
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Err(error) => return Err(TokenError::Unreachable(root_cause(&error))),
        }
    }
}

/// An answer with a token (5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: String,
    expires_in: Option<Seconds>,
}

/// Some endpoints say it as a text.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(u64),
    Text(String),
}

impl Seconds {
    fn duration(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(text) => text.trim().parse().ok()?,
        };
        Some(Duration::from_secs(seconds))
    }
}

fn grant(body: &[u8]) -> Result<Grant, TokenError> {
    let granted: Granted =
        serde_json::from_slice(body).map_err(|_| TokenError::NoToken("holds no token"))?;
    if !granted.token_type.eq_ignore_ascii_case("bearer") {
        return Err(TokenError::NoToken("holds a token that is no bearer token"));
    }
    if granted.access_token.is_empty() {
        return Err(TokenError::NoToken("holds an empty token"));
    }
    let value = HeaderValue::try_from(format!("Bearer {}", granted.access_token));
    let mut value =
        value.map_err(|_| TokenError::NoToken("holds a token that a header may not have"))?;
    value.set_sensitive(true);
    let said = granted.expires_in.as_ref().and_then(Seconds::duration);
    let lifetime = said.unwrap_or(DEFAULT_LIFETIME).min(MAX_LIFETIME);
    Ok(Grant { value, lifetime })
}

/// An answer with an error (5.2).
#[derive(Deserialize)]
struct Refusal {
    error: String,
}

fn refusal(status: StatusCode, body: &[u8]) -> TokenError {
    let said: Option<Refusal> = serde_json::from_slice(body).ok();
    let code = said.and_then(|said| ERROR_CODES.into_iter().find(|code| *code == said.error));
    match code {
        Some(code) => TokenError::Refused(status, code),
        None => TokenError::Status(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_with_and_without_a_token() {
        let lifetime = |body: &str| grant(body.as_bytes()).map(|it| it.lifetime.as_secs());
        let cases = [
            (
                r#"{"access_token":"t","token_type":"bearer","expires_in":90}"#,
                Ok(90),
            ),
            (
                r#"{"access_token":"t","token_type":"Bearer","expires_in":"90"}"#,
                Ok(90),
            ),
            (r#"{"access_token":"t","token_type":"Bearer"}"#, Ok(300)),
            (
                r#"{"access_token":"t","token_type":"Bearer","expires_in":18446744073709551615}"#,
                Ok(86400),
            ),
            (
                r#"{"access_token":"t","token_type":"mac"}"#,
                Err("holds a token that is no bearer token"),
            ),
            (
                r#"{"access_token":"","token_type":"bearer"}"#,
                Err("holds an empty token"),
            ),
            (
                r#"{"access_token":"a\nb","token_type":"bearer"}"#,
                Err("holds a token that a header may not have"),
            ),
            (r#"{"error":"invalid_client"}"#, Err("holds no token")),
            ("<html>", Err("holds no token")),
        ];
        for (body, expected) in cases {
            assert_eq!(
                lifetime(body),
                expected.map_err(TokenError::NoToken),
                "{body}"
            );
        }
    }

    #[test]
    fn only_codes_of_the_standard_are_repeated() {
        let status = StatusCode::BAD_REQUEST;
        let cases = [
            (
                r#"{"error":"invalid_scope"}"#,
                TokenError::Refused(status, "invalid_scope"),
            ),
            (
                r#"{"error":"secret hunter2 is wrong"}"#,
                TokenError::Status(status),
            ),
            ("", TokenError::Status(status)),
        ];
        for (body, expected) in cases {
            assert_eq!(refusal(status, body.as_bytes()), expected, "{body}");
        }
    }
}
