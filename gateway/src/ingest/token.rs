//! The token endpoint: OAuth 2 client credentials (RFC 6749, 4.4 and 5), for
//! senders that fetch a token before they send.
//!
//! A client shows itself by HTTP Basic or in the form, never by both. The answer
//! is JSON whatever the source's dialect, since it is a client of OAuth 2 that
//! reads it. Neither answers nor logs repeat anything that was shown.

use axum::body::Body;
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, PRAGMA, WWW_AUTHENTICATE},
    request::Parts,
};
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};
use url::form_urlencoded;

use super::{
    auth::{OAuth2Client, authorization},
    body,
    dialect::Answer,
    metrics,
    source::Source,
};

/// Largest form, in bytes: a few short parameters.
const MAX_FORM_BYTES: usize = 8 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Why no token is given: the error codes of RFC 6749, 5.2, and what the
/// standard leaves to HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TokenError {
    /// The method is not POST.
    #[error("this address takes POST only")]
    Method,
    /// The form cannot be read.
    #[error(
        "send a form of application/x-www-form-urlencoded with each parameter once, and the client's credentials once"
    )]
    InvalidRequest,
    /// Credentials are missing or wrong.
    #[error("client credentials are missing or wrong")]
    InvalidClient,
    /// Another grant is asked for.
    #[error("only the grant type client_credentials is known")]
    UnsupportedGrantType,
}

impl TokenError {
    fn code(self) -> &'static str {
        match self {
            Self::Method | Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::InvalidClient => StatusCode::UNAUTHORIZED,
            Self::InvalidRequest | Self::UnsupportedGrantType => StatusCode::BAD_REQUEST,
        }
    }
}

/// Gives a token, or says why not.
pub(super) async fn answer(
    source: &Source,
    client: &OAuth2Client,
    head: &Parts,
    body: Body,
    deadline: Instant,
) -> (Answer, HeaderMap) {
    let granted = grant(client, head, body, deadline).await;
    let outcome = granted
        .as_ref()
        .map_or_else(|error| error.code(), |_| "issued");
    metrics::token(&source.name, outcome);
    let mut headers = HeaderMap::new();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(PRAGMA, HeaderValue::from_static("no-cache"));
    let answer = match granted {
        Ok(token) => json_answer(
            StatusCode::OK,
            &json!({
                "access_token": token,
                "token_type": "Bearer",
                "expires_in": client.expires.as_secs(),
            }),
        ),
        Err(error) => {
            tracing::warn!(source = %source.name, reason = error.code(), "no token given");
            if error == TokenError::Method {
                headers.insert(ALLOW, HeaderValue::from_static("POST"));
            }
            if error == TokenError::InvalidClient {
                let challenge = HeaderValue::from_static(r#"Basic realm="cdr-gateway""#);
                headers.insert(WWW_AUTHENTICATE, challenge);
            }
            let body = json!({ "error": error.code(), "error_description": error.to_string() });
            json_answer(error.status(), &body)
        }
    };
    (answer, headers)
}

fn json_answer(status: StatusCode, body: &Value) -> Answer {
    Answer {
        status,
        content_type: JSON,
        body: body.to_string(),
    }
}

async fn grant(
    client: &OAuth2Client,
    head: &Parts,
    body: Body,
    deadline: Instant,
) -> Result<String, TokenError> {
    if head.method != Method::POST {
        return Err(TokenError::Method);
    }
    let media_type = head.headers.get(CONTENT_TYPE);
    let media_type = media_type.and_then(|value| value.to_str().ok());
    let media_type = media_type.and_then(|value| value.split(';').next());
    if !media_type.is_some_and(|value| value.trim().eq_ignore_ascii_case(FORM)) {
        return Err(TokenError::InvalidRequest);
    }
    let body = timeout_at(deadline, body::read(body, &head.headers, MAX_FORM_BYTES)).await;
    let body = body.ok().and_then(Result::ok);
    let body = body.ok_or(TokenError::InvalidRequest)?;
    let form = Form::parse(&body)?;
    let (id, secret) = form.credentials(&head.headers)?;
    // Who asks comes before what is asked for: strangers learn nothing.
    let now = Timestamp::now();
    let plain = client.grant(&id, &secret, now);
    // RFC 6749, 2.3.1 has both encoded as in a form, which not every client does.
    let decoded = || client.grant(&decode(&id), &decode(&secret), now);
    let token = plain.or_else(decoded).ok_or(TokenError::InvalidClient)?;
    if form.grant_type != "client_credentials" {
        return Err(TokenError::UnsupportedGrantType);
    }
    Ok(token)
}

/// The parameters that count; unknown ones are ignored, as the standard says.
#[derive(Default)]
struct Form {
    grant_type: String,
    id: Option<String>,
    secret: Option<String>,
}

impl Form {
    fn parse(body: &[u8]) -> Result<Self, TokenError> {
        let mut form = Self::default();
        let mut grant_type = None;
        for (name, value) in form_urlencoded::parse(body) {
            let place = match &*name {
                "grant_type" => &mut grant_type,
                "client_id" => &mut form.id,
                "client_secret" => &mut form.secret,
                _ => continue,
            };
            if place.replace(value.into_owned()).is_some() {
                return Err(TokenError::InvalidRequest);
            }
        }
        form.grant_type = grant_type.ok_or(TokenError::InvalidRequest)?;
        Ok(form)
    }

    /// Id and secret, shown in one way.
    fn credentials(&self, headers: &HeaderMap) -> Result<(Vec<u8>, Vec<u8>), TokenError> {
        if headers.contains_key(http::header::AUTHORIZATION) {
            if self.secret.is_some() {
                return Err(TokenError::InvalidRequest);
            }
            return basic(headers).ok_or(TokenError::InvalidClient);
        }
        match (&self.id, &self.secret) {
            (Some(id), Some(secret)) => Ok((id.clone().into_bytes(), secret.clone().into_bytes())),
            _ => Err(TokenError::InvalidClient),
        }
    }
}

fn basic(headers: &HeaderMap) -> Option<(Vec<u8>, Vec<u8>)> {
    let shown = STANDARD.decode(authorization(headers, "basic")?).ok()?;
    let colon = shown.iter().position(|&byte| byte == b':')?;
    let (id, secret) = shown.split_at(colon);
    Some((id.to_vec(), secret[1..].to_vec()))
}

/// One value of a form.
fn decode(value: &[u8]) -> Vec<u8> {
    // A form with one name and no value.
    let pairs = form_urlencoded::parse(value);
    let names = pairs.map(|(name, _)| name.into_owned().into_bytes());
    names.take(1).next().unwrap_or_default()
}
