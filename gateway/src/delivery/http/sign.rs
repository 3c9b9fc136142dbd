//! Signatures of Standard Webhooks, one by each secret, so that a receiver can
//! change over from one to another without missing a request.
//!
//! They are over the bytes that are sent, which a content coding makes anything
//! but text: the scheme's own library signs text only, and judges in tests.

use base64::{Engine, engine::general_purpose::STANDARD};
use ring::hmac::{Context, HMAC_SHA256, Key};

use super::{HttpSetupError, setup::HttpProblem};
use crate::config::model;

/// Begins a secret (Standard Webhooks, "Signature scheme").
const PREFIX: &str = "whsec_";

/// Names the scheme of a symmetric signature in the header.
const VERSION: &str = "v1";

/// A secret's length in bytes, by the same section.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// What signs the requests of a destination.
#[derive(Default)]
pub(super) struct Signers(Vec<Key>);

/// A secret that is none of Standard Webhooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// It begins otherwise.
    #[error("the secret does not begin with `whsec_`")]
    Prefix,
    /// The rest is something else.
    #[error("the secret is not Base64 after `whsec_`")]
    Encoding,
    /// It is too short or too long.
    #[error("the secret has {0} bytes, not 24 to 64")]
    Length(usize),
}

impl Signers {
    /// # Errors
    /// With every secret that cannot be used.
    pub(super) fn new(config: &model::Sign) -> Result<Self, Vec<HttpSetupError>> {
        let also = config.also.iter().enumerate();
        let keys = also.map(|(index, secret)| (format!("sign.also.{index}"), secret));
        let all = std::iter::once(("sign.secret".to_owned(), &config.secret)).chain(keys);
        let (mut signers, mut problems) = (Vec::new(), Vec::new());
        for (key, secret) in all {
            match signer(secret.expose()) {
                Ok(signer) => signers.push(signer),
                Err(bad) => problems.push(HttpProblem::from(bad).at(&key)),
            }
        }
        if problems.is_empty() {
            Ok(Self(signers))
        } else {
            Err(problems)
        }
    }

    /// The value of `webhook-signature`; none without a secret.
    pub(super) fn sign(&self, id: &str, second: i64, body: &[u8]) -> Option<String> {
        let signatures = self.0.iter().map(|key| {
            let mut signature = Context::with_key(key);
            signature.update(format!("{id}.{second}.").as_bytes());
            signature.update(body);
            format!("{VERSION},{}", STANDARD.encode(signature.sign()))
        });
        let signatures: Vec<_> = signatures.collect();
        (!signatures.is_empty()).then(|| signatures.join(" "))
    }
}

fn signer(secret: &str) -> Result<Key, BadSecret> {
    let encoded = secret.strip_prefix(PREFIX).ok_or(BadSecret::Prefix)?;
    let key = STANDARD.decode(encoded).map_err(|_| BadSecret::Encoding)?;
    if !SECRET_BYTES.contains(&key.len()) {
        return Err(BadSecret::Length(key.len()));
    }
    Ok(Key::new(HMAC_SHA256, &key))
}

#[cfg(test)]
mod tests {
    use standardwebhooks::Webhook;

    use super::*;
    use crate::config::model::{Secret, SecretRef};

    fn secret(value: &str) -> Secret {
        Secret::new(SecretRef::Env("SECRET".into()), value)
    }

    #[test]
    fn the_signature_is_that_of_the_reference_library() {
        let secrets = [24, 64].map(|bytes| format!("whsec_{}", STANDARD.encode(vec![7; bytes])));
        let config = model::Sign {
            secret: secret(&secrets[0]),
            also: vec![secret(&secrets[1])],
        };
        let signers = Signers::new(&config).expect("two secrets");
        for body in ["", "{}", "\u{5f00}"] {
            let expected = secrets.each_ref().map(|secret| {
                let reference = Webhook::new(secret).expect("a secret");
                reference.sign("id_crm", 7, body.as_bytes()).expect("text")
            });
            let signed = signers.sign("id_crm", 7, body.as_bytes());
            assert_eq!(signed, Some(expected.join(" ")), "{body}");
        }
        assert_eq!(Signers::default().sign("id_crm", 7, b"{}"), None);
    }

    #[test]
    fn secrets_are_those_of_standard_webhooks() {
        let of = |bytes: usize| format!("whsec_{}", STANDARD.encode(vec![7; bytes]));
        let cases = [
            (of(24), None),
            (of(64), None),
            (of(23), Some(BadSecret::Length(23))),
            (of(65), Some(BadSecret::Length(65))),
            (of(24).replace("whsec_", ""), Some(BadSecret::Prefix)),
            ("whsec_!".into(), Some(BadSecret::Encoding)),
        ];
        for (secret, expected) in cases {
            assert_eq!(signer(&secret).err(), expected, "{secret}");
        }
    }
}
