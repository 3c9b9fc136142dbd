//! What a request shows its receiver: nothing, a secret of the configuration, or
//! an access token that is fetched.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    HttpSetupError,
    address::AddressPolicy,
    oauth2::{Token, TokenError, TokenSource},
    setup::HttpProblem,
};
use crate::config::model::DestinationAuth;

/// How a destination is convinced.
pub(super) enum Auth {
    Open,
    Fixed(HeaderName, HeaderValue),
    Fetched(Box<TokenSource>),
}

/// What one request shows.
pub(super) enum Credential<'a> {
    Nothing,
    Fixed(&'a HeaderName, &'a HeaderValue),
    Token(Token),
}

impl Auth {
    /// # Errors
    /// With the setting that cannot be used.
    pub(super) fn new(
        config: Option<&DestinationAuth>,
        client: &reqwest::Client,
        timeout: Duration,
        addresses: &AddressPolicy,
    ) -> Result<Self, HttpSetupError> {
        Ok(match config {
            None => Self::Open,
            Some(DestinationAuth::Basic(basic)) => {
                let pair = format!("{}:{}", basic.username, basic.password.expose());
                let text = format!("Basic {}", STANDARD.encode(pair));
                Self::Fixed(header::AUTHORIZATION, secret(&text, "auth.basic.password")?)
            }
            Some(DestinationAuth::Bearer(token)) => {
                let text = format!("Bearer {}", token.expose());
                Self::Fixed(header::AUTHORIZATION, secret(&text, "auth.bearer")?)
            }
            Some(DestinationAuth::ApiKey(key)) => {
                let name = HeaderName::try_from(key.header.as_str());
                let name = name.map_err(|_| {
                    HttpProblem::Header(key.header.clone()).at("auth.api_key.header")
                })?;
                Self::Fixed(name, secret(key.value.expose(), "auth.api_key.value")?)
            }
            Some(DestinationAuth::Oauth2(config)) => {
                let source = TokenSource::new(config, client.clone(), timeout, addresses);
                Self::Fetched(Box::new(source?))
            }
        })
    }

    /// What the next request shows.
    ///
    /// # Errors
    /// When there is no token to be had: nothing may be sent then.
    pub(super) async fn credential(&self) -> Result<Credential<'_>, TokenError> {
        Ok(match self {
            Self::Open => Credential::Nothing,
            Self::Fixed(name, value) => Credential::Fixed(name, value),
            Self::Fetched(source) => Credential::Token(source.token().await?),
        })
    }

    /// The receiver refused a credential. Returns whether another one may be
    /// had.
    pub(super) async fn refused(&self, credential: &Credential<'_>) -> bool {
        match (self, credential) {
            (Self::Fetched(source), Credential::Token(token)) => source.refused(token).await,
            _ => false,
        }
    }
}

impl Credential<'_> {
    /// Shows it.
    pub(super) fn put(&self, headers: &mut HeaderMap) {
        let (name, value) = match self {
            Self::Nothing => return,
            Self::Fixed(name, value) => ((*name).clone(), (*value).clone()),
            Self::Token(token) => (header::AUTHORIZATION, token.value().clone()),
        };
        headers.insert(name, value);
    }

    /// The receiver accepted it.
    pub(super) fn accepted(&self) {
        if let Self::Token(token) = self {
            token.accepted();
        }
    }
}

fn secret(text: &str, key: &str) -> Result<HeaderValue, HttpSetupError> {
    let value = HeaderValue::try_from(text);
    let mut value = value.map_err(|_| HttpProblem::Credential.at(key))?;
    value.set_sensitive(true);
    Ok(value)
}
