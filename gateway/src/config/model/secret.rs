//! Secrets: named in the configuration, never written into it.

use std::{borrow::Cow, fmt, path::PathBuf, sync::Arc};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Where a secret is read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretRef {
    /// Name of an environment variable.
    Env(String),
    /// Path of a file; one line end at its end does not count. Relative to
    /// the file that says so.
    File(PathBuf),
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "environment variable {name}"),
            Self::File(path) => write!(f, "file {}", path.display()),
        }
    }
}

/// A secret that has been read. Prints and serialises as its reference, so
/// that it cannot end up in a log, a digest or an answer by accident.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    reference: SecretRef,
    value: Arc<str>,
}

impl Secret {
    /// A secret with the value that its reference was read as.
    #[must_use]
    pub fn new(reference: SecretRef, value: impl Into<Arc<str>>) -> Self {
        Self {
            reference,
            value: value.into(),
        }
    }

    /// Where it came from.
    #[must_use]
    pub fn reference(&self) -> &SecretRef {
        &self.reference
    }

    /// The value, to be handed to what needs it and to nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.value
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.reference)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.reference.serialize(serializer)
    }
}

/// What the loader hands over: the reference with the value it was read as.
/// A file cannot say this, since the schema knows the reference alone.
#[derive(Deserialize)]
struct ReadSecret {
    reference: SecretRef,
    value: String,
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = ReadSecret::deserialize(deserializer)?;
        Ok(Self::new(read.reference, read.value))
    }
}

impl JsonSchema for Secret {
    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = SecretRef::json_schema(generator);
        schema.insert(
            "description".into(),
            "A secret by reference: env = \"NAME\" or file = \"PATH\".".into(),
        );
        schema.insert("format".into(), "secret".into());
        schema
    }
}

/// A secret of several lines: a private key in PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SecretPem(pub Secret);

impl JsonSchema for SecretPem {
    fn schema_name() -> Cow<'static, str> {
        "SecretPem".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut schema = Secret::json_schema(generator);
        schema.insert(
            "description".into(),
            "A secret in PEM by reference: env = \"NAME\" or file = \"PATH\".".into(),
        );
        schema.insert("format".into(), "secret-pem".into());
        schema
    }
}

/// User name and password.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BasicAuth {
    /// The user name.
    #[schemars(length(min = 1))]
    pub username: String,
    /// The password.
    pub password: Secret,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_debug_nor_serialisation_shows_the_value() {
        let secret = Secret::new(SecretRef::Env("TOKEN".into()), "hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(environment variable TOKEN)");
        let json = serde_json::to_string(&secret).expect("serialises");
        assert_eq!(json, r#"{"env":"TOKEN"}"#);
        assert_eq!(secret.expose(), "hunter2");
    }
}
