//! The secrets of a plugin: they stand in the configuration that its `configure`
//! is given, and in nothing that it says afterwards.
//!
//! Invariants:
//! - A value goes to the guest and nowhere else. `Debug` shows references.
//! - Whatever a guest says to people (refusals, log lines, panics, reasons,
//!   counters) passes [`Secrets::hide`]. That catches mistakes, such as an error
//!   message that quotes the value it trips over, not malice: a plugin that is
//!   given a key could also spell it backwards.
//! - A revision knows the secrets of its plugins by [`Secrets::fingerprint`],
//!   since what a chain makes of a record depends on them: with another value
//!   under the same reference it is another revision.

use std::{collections::BTreeMap, num::NonZeroU32, sync::Arc};

use ring::pbkdf2;
use serde_json::{Map, Value};

use crate::config::model::Secret;

/// Rounds of a fingerprint: some ten milliseconds a try for someone who has a
/// revision's digest and guesses at a weak secret.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// The secrets of a plugin, by the names under which it is given them.
#[derive(Debug, Clone, Default)]
pub struct Secrets(Arc<BTreeMap<String, Secret>>);

impl Secrets {
    /// These secrets.
    #[must_use]
    pub fn new(secrets: BTreeMap<String, Secret>) -> Self {
        Self(Arc::new(secrets))
    }

    /// Whether there is one of this name.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The configuration with the secrets in it: what the guest gets.
    #[must_use]
    pub fn laid_over(&self, mut config: Map<String, Value>) -> Map<String, Value> {
        for (name, secret) in self.0.iter() {
            config.insert(name.clone(), secret.expose().into());
        }
        config
    }

    /// A text with the names of secrets in place of their values, also where
    /// those stand in it as Rust or JSON would quote them. Long ones first: a short
    /// one may stand in another.
    #[must_use]
    pub fn hide(&self, text: String) -> String {
        let mut secrets: Vec<_> = self.0.iter().collect();
        secrets.sort_by_key(|(_, secret)| std::cmp::Reverse(secret.expose().len()));
        secrets.into_iter().fold(text, |text, (name, secret)| {
            let quoted = Value::from(secret.expose()).to_string();
            let debug = format!("{:?}", secret.expose());
            [secret.expose(), inner(&quoted), inner(&debug)]
                .into_iter()
                .filter(|value| !value.is_empty())
                .fold(text, |text, value| {
                    if text.contains(value) {
                        text.replace(value, &format!("[secret {name}]"))
                    } else {
                        text
                    }
                })
        })
    }

    /// What tells one set of values from another, and nothing else: a slow hash of
    /// each value.
    #[must_use]
    pub fn fingerprint(&self) -> Vec<u8> {
        let mut fingerprint = Vec::new();
        for (name, secret) in self.0.iter() {
            let mut hash = [0; 32];
            let salt = format!("cdr-gateway plugin secret {name}");
            pbkdf2::derive(
                pbkdf2::PBKDF2_HMAC_SHA256,
                ROUNDS,
                salt.as_bytes(),
                secret.expose().as_bytes(),
                &mut hash,
            );
            fingerprint.extend_from_slice(&hash);
        }
        fingerprint
    }
}

/// What stands between the quotes.
fn inner(quoted: &str) -> &str {
    quoted.get(1..quoted.len() - 1).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::SecretRef;

    fn secret(value: &str) -> Secret {
        Secret::new(SecretRef::Env("KEY".into()), value)
    }

    fn secrets(value: &str) -> Secrets {
        Secrets::new(BTreeMap::from([("key".to_owned(), secret(value))]))
    }

    #[test]
    fn no_text_shows_a_value() {
        let cases = [
            (
                "hunter2",
                "bad key hunter2, hunter2",
                "bad key [secret key], [secret key]",
            ),
            ("a\"b\\c", r#"got "a\"b\\c""#, r#"got "[secret key]""#),
            ("schlüssel", "kein schlüssel", "kein [secret key]"),
            ("hunter2", "hunter", "hunter"),
            ("", "nothing", "nothing"),
        ];
        for (value, text, hidden) in cases {
            assert_eq!(secrets(value).hide(text.to_owned()), hidden, "{text}");
        }
        assert!(!format!("{:?}", secrets("hunter2")).contains("hunter2"));

        let one_in_another = [("a", "hunter"), ("b", "hunter2"), ("c", "unter")];
        let one_in_another = one_in_another.map(|(name, value)| (name.to_owned(), secret(value)));
        let hidden = Secrets::new(one_in_another.into()).hide("hunter2, hunter".to_owned());
        assert_eq!(hidden, "[secret b], [secret a]");
    }

    #[test]
    fn a_fingerprint_tells_values_apart() {
        let one = secrets("hunter2").fingerprint();
        assert_eq!(one, secrets("hunter2").fingerprint());
        assert_ne!(one, secrets("hunter3").fingerprint());
        assert!(Secrets::default().fingerprint().is_empty());
    }

    #[test]
    fn the_guest_gets_the_value_under_its_name() {
        let config = Map::from_iter([("mode".to_owned(), Value::from("pseudonym"))]);
        let given = Value::Object(secrets("hunter2").laid_over(config)).to_string();
        assert_eq!(given, r#"{"key":"hunter2","mode":"pseudonym"}"#);
    }
}
