//! Who may send.
//!
//! Checked on the request line and headers alone, before a byte of the body
//! is read. Secrets are held as digests: comparing digests takes the same time
//! whatever was sent, also when it has another length, and nothing that prints
//! a source can print its secret.

mod client;

use std::{fmt, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, header};
use jiff::Timestamp;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

pub use client::OAuth2Client;

use super::query;

/// The query parameter that carries a URL token.
const TOKEN_PARAMETER: &str = "token";

/// How a source tells its sender from strangers.
#[derive(Debug, Clone)]
pub enum Auth {
    /// Not at all: everybody may send.
    None,
    /// User name and password (RFC 7617).
    Basic(Credential),
    /// A bearer token (RFC 6750).
    Bearer(Credential),
    /// A token in the query parameter `token`, for senders that can set no
    /// header. Request targets must therefore never be logged.
    UrlToken(Credential),
    /// An access token that the source's token endpoint gave.
    OAuth2(Arc<OAuth2Client>),
    /// Any of these, while one takes the place of another.
    AnyOf(Vec<Self>),
}

impl Auth {
    /// Basic authentication with this user name and password.
    pub fn basic(username: &str, password: &str) -> Self {
        Self::Basic(Credential::new(format!("{username}:{password}").as_bytes()))
    }

    /// Authentication with this bearer token.
    pub fn bearer(token: &str) -> Self {
        Self::Bearer(Credential::new(token.as_bytes()))
    }

    /// Authentication with this token in the query.
    pub fn url_token(token: &str) -> Self {
        Self::UrlToken(Credential::new(token.as_bytes()))
    }

    /// Whether what passes is known to come from the configured sender.
    pub fn identifies(&self) -> bool {
        match self {
            Self::None => false,
            Self::AnyOf(all) => all.iter().all(Self::identifies),
            _ => true,
        }
    }

    /// Whether the request carries the right credentials.
    pub fn permits(&self, headers: &HeaderMap, query: &str) -> bool {
        match self {
            Self::None => true,
            Self::Basic(expected) => authorization(headers, "basic")
                .and_then(|encoded| STANDARD.decode(encoded).ok())
                .is_some_and(|given| expected.matches(&given)),
            Self::Bearer(expected) => {
                authorization(headers, "bearer").is_some_and(|given| expected.matches(given))
            }
            Self::UrlToken(expected) => query::parameter(query, TOKEN_PARAMETER)
                .is_some_and(|given| expected.matches(given.as_bytes())),
            Self::OAuth2(client) => authorization(headers, "bearer")
                .is_some_and(|given| client.permits(given, Timestamp::now())),
            Self::AnyOf(all) => all.iter().any(|one| one.permits(headers, query)),
        }
    }

    /// The clients that get access tokens.
    pub fn clients(&self) -> Vec<Arc<OAuth2Client>> {
        match self {
            Self::OAuth2(client) => vec![client.clone()],
            Self::AnyOf(all) => all.iter().flat_map(Self::clients).collect(),
            _ => Vec::new(),
        }
    }

    /// The value of `WWW-Authenticate` in the answer to wrong credentials.
    ///
    /// RFC 9110 wants a challenge with every 401, and RFC 6750 an error code in
    /// it where a token was shown. No scheme is registered for a token in the
    /// URL, so that one is named after what it is.
    pub fn challenge(&self, headers: &HeaderMap) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::AnyOf(all) => all.iter().find_map(|one| one.challenge(headers)),
            Self::Basic(_) => Some(r#"Basic realm="cdr-gateway", charset="UTF-8""#),
            Self::Bearer(_) | Self::OAuth2(_) => {
                Some(if authorization(headers, "bearer").is_some() {
                    r#"Bearer realm="cdr-gateway", error="invalid_token", error_description="the token is wrong or has expired""#
                } else {
                    r#"Bearer realm="cdr-gateway""#
                })
            }
            Self::UrlToken(_) => Some(r#"URL-Token realm="cdr-gateway""#),
        }
    }
}

/// What a sender has to present, as a digest.
#[derive(Clone)]
pub struct Credential([u8; 32]);

impl Credential {
    fn new(secret: &[u8]) -> Self {
        Self(Sha256::digest(secret).into())
    }

    fn matches(&self, given: &[u8]) -> bool {
        let given: [u8; 32] = Sha256::digest(given).into();
        self.0.ct_eq(&given).into()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(…)")
    }
}

/// What follows the scheme in `Authorization`; none with another scheme.
pub(super) fn authorization<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a [u8]> {
    let value = headers.get(header::AUTHORIZATION)?.as_bytes();
    let (given, rest) = value.split_at_checked(scheme.len())?;
    let rest = rest.strip_prefix(b" ")?;
    given
        .eq_ignore_ascii_case(scheme.as_bytes())
        .then(|| rest.trim_ascii())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn permits_the_right_credentials_only() {
        let basic = Auth::basic("tccc", "pass:word");
        let bearer = Auth::bearer("t0ken");
        let token = Auth::url_token("s3cret?&");
        // printf 'tccc:pass:word' | base64
        for (auth, authorization, query, permitted) in [
            (&Auth::None, "", "", true),
            (&basic, "Basic dGNjYzpwYXNzOndvcmQ=", "", true),
            (&basic, "bAsIc   dGNjYzpwYXNzOndvcmQ=", "", true),
            (&basic, "Basic dGNjYzpwYXNzOndvcmQ", "", false),
            (&basic, "Basic dGNjYzpwYXNzOndvcms=", "", false),
            (&basic, "Basic !", "", false),
            (&basic, "Basic", "", false),
            (&basic, "Bearer dGNjYzpwYXNzOndvcmQ=", "", false),
            (&basic, "", "", false),
            (&bearer, "Bearer t0ken", "", true),
            (&bearer, "Bearer t0ke", "", false),
            (&bearer, "Bearer ", "", false),
            (&bearer, "Bearert0ken", "", false),
            (&bearer, "", "token=t0ken", false),
            (&token, "", "token=s3cret%3F%26?action=cdr", true),
            (&token, "", "token=s3cret&action=cdr", false),
            (&token, "", "token=", false),
            (&token, "Bearer s3cret?&", "", false),
        ] {
            let mut headers = HeaderMap::new();
            if !authorization.is_empty() {
                headers.insert(
                    header::AUTHORIZATION,
                    HeaderValue::from_static(authorization),
                );
            }
            assert_eq!(
                auth.permits(&headers, query),
                permitted,
                "{auth:?} {authorization} {query}"
            );
        }
    }

    #[test]
    fn secrets_are_not_printed() {
        let printed = format!("{:?}", Auth::basic("tccc", "hush"));
        assert!(
            !printed.contains("hush") && !printed.contains("tccc"),
            "{printed}"
        );
    }
}
