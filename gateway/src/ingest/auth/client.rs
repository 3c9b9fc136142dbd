//! OAuth 2 client credentials: the client of a source, and the access tokens
//! that it gets.
//!
//! A token is an expiry and a MAC over it, by a key that is derived from the
//! client's secret and the source's name. So tokens survive restarts and reloads
//! without being stored, are worth nothing at another source, and end with the
//! secret that they were given for.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use ring::hmac;

use super::Credential;

/// What keys are derived for, so that no other use of a secret makes the same.
const PURPOSE: &str = "cdr-gateway access token 1";

/// Bytes of the expiry, in seconds since 1970.
const EXPIRY_BYTES: usize = 8;

/// A client that a source knows.
#[derive(Debug, Clone)]
pub struct OAuth2Client {
    id: Credential,
    secrets: Vec<ClientSecret>,
    /// Where it gets tokens.
    pub token_path: String,
    /// How long a token is worth something.
    pub expires: Duration,
}

#[derive(Clone)]
struct ClientSecret {
    shown: Credential,
    key: hmac::Key,
}

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

impl ClientSecret {
    fn new(secret: &str, source: &str) -> Self {
        let derive = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        // Names of sources hold no colon.
        let key = hmac::sign(&derive, format!("{PURPOSE}:{source}").as_bytes());
        Self {
            shown: Credential::new(secret.as_bytes()),
            key: hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()),
        }
    }
}

impl OAuth2Client {
    /// The client of a source, with one secret or, while one takes the place of
    /// another, several.
    pub fn new<'s>(
        source: &str,
        id: &str,
        secrets: impl IntoIterator<Item = &'s str>,
        token_path: String,
        expires: Duration,
    ) -> Self {
        let secrets = secrets.into_iter();
        Self {
            id: Credential::new(id.as_bytes()),
            secrets: secrets
                .map(|secret| ClientSecret::new(secret, source))
                .collect(),
            token_path,
            expires,
        }
    }

    /// A token, if these are the client's id and one of its secrets.
    pub fn grant(&self, id: &[u8], secret: &[u8], now: Timestamp) -> Option<String> {
        let id_fits = self.id.matches(id);
        let secret = self.secrets.iter().find(|one| one.shown.matches(secret))?;
        id_fits.then(|| token(&secret.key, now, self.expires))
    }

    /// Whether a token was given by this source for one of today's secrets, and
    /// has not expired.
    pub fn permits(&self, token: &[u8], now: Timestamp) -> bool {
        let Ok(token) = URL_SAFE_NO_PAD.decode(token) else {
            return false;
        };
        let Some((expiry, mac)) = token.split_first_chunk::<EXPIRY_BYTES>() else {
            return false;
        };
        let given = self
            .secrets
            .iter()
            .any(|secret| hmac::verify(&secret.key, expiry, mac).is_ok());
        given && now.as_second() < i64::from_be_bytes(*expiry)
    }
}

fn token(key: &hmac::Key, now: Timestamp, expires: Duration) -> String {
    let expires = i64::try_from(expires.as_secs()).unwrap_or(i64::MAX);
    let expiry = now.as_second().saturating_add(expires).to_be_bytes();
    let mac = hmac::sign(key, &expiry);
    URL_SAFE_NO_PAD.encode([&expiry[..], mac.as_ref()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(source: &str, secrets: &[&str]) -> OAuth2Client {
        let expires = Duration::from_mins(1);
        let secrets = secrets.iter().copied();
        OAuth2Client::new(source, "id", secrets, "/t".to_owned(), expires)
    }

    #[test]
    fn a_token_is_worth_something_at_its_source_for_its_time_and_its_secret() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let tccc = client("tccc", &["old"]);
        let token = tccc.grant(b"id", b"old", at(100)).unwrap();
        let rotating = client("tccc", &["new", "old"]);
        let rotated = client("tccc", &["new"]);
        let another = client("other", &["old"]);
        for (client, second, worth) in [
            (&tccc, 100, true),
            (&tccc, 159, true),
            (&tccc, 160, false),
            (&rotating, 159, true),
            (&rotated, 159, false),
            (&another, 159, false),
        ] {
            assert_eq!(
                client.permits(token.as_bytes(), at(second)),
                worth,
                "{second}"
            );
        }
        let mut forged = URL_SAFE_NO_PAD.decode(&token).unwrap();
        forged[7] += 1;
        for other in [
            URL_SAFE_NO_PAD.encode(&forged),
            URL_SAFE_NO_PAD.encode(&forged[..8]),
            token[1..].to_owned(),
            format!("{token}A"),
            "old".to_owned(),
            String::new(),
        ] {
            assert!(!tccc.permits(other.as_bytes(), at(100)), "{other}");
        }
    }

    #[test]
    fn only_the_client_gets_a_token() {
        let now = Timestamp::UNIX_EPOCH;
        let client = client("tccc", &["new", "old"]);
        for (id, secret, granted) in [
            ("id", "old", true),
            ("id", "new", true),
            ("id", "other", false),
            ("other", "old", false),
            ("id", "", false),
        ] {
            let token = client.grant(id.as_bytes(), secret.as_bytes(), now);
            assert_eq!(token.is_some(), granted, "{id} {secret}");
        }
        let printed = format!("{client:?}");
        assert!(
            !printed.contains("new") && !printed.contains("old"),
            "{printed}"
        );
    }
}
