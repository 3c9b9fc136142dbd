//! From the config's JSON to a configured plugin. Every error says where it
//! is, as a JSON Pointer that the gateway turns into file and line.

use std::fmt;

use schemars::JsonSchema;
use serde::{
    Deserialize,
    de::{self, DeserializeOwned},
};
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::Plugin;

/// Something wrong with the config.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// JSON Pointer of the value, such as `/rules/0/when`; empty for all of it.
    pub pointer: String,
    /// What is wrong and what to do. Lower case, no full stop.
    pub message: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            return f.write_str(&self.message);
        }
        write!(f, "{}: {}", self.pointer, self.message)
    }
}

/// Everything that is wrong with the config.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// No error yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One error.
    pub fn at(pointer: impl Into<String>, message: impl Into<String>) -> Self {
        let mut errors = Self::new();
        errors.push(pointer, message);
        errors
    }

    /// Adds an error at a JSON Pointer.
    pub fn push(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(ConfigError {
            pointer: pointer.into(),
            message: message.into(),
        });
    }

    /// Adds an error at `at` where a text of the config is no JSON Pointer (RFC 6901) to
    /// something below the root. A pointer that cannot be read would find nothing,
    /// and say nothing. Whether it is one.
    pub fn check_pointer(&mut self, at: &str, pointer: &str) -> bool {
        let escapes = pointer.replace("~0", "").replace("~1", "");
        let problem = if !pointer.starts_with('/') {
            "must be a JSON Pointer, such as `/SeatUser/Name`"
        } else if escapes.contains('~') {
            "has a tilde that is followed by neither 0 nor 1"
        } else {
            return true;
        };
        self.push(at, problem);
        false
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The errors, in the order in which they were found.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }

    /// `Ok` of what `make` makes where nothing is wrong, else all errors.
    pub fn or_else_make<T>(self, make: impl FnOnce() -> T) -> Result<T, Self> {
        if self.is_empty() {
            Ok(make())
        } else {
            Err(self)
        }
    }
}

impl Extend<ConfigError> for ConfigErrors {
    fn extend<I: IntoIterator<Item = ConfigError>>(&mut self, errors: I) {
        self.0.extend(errors);
    }
}

impl IntoIterator for ConfigErrors {
    type Item = ConfigError;
    type IntoIter = std::vec::IntoIter<ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ConfigErrors {
    type Item = &'a ConfigError;
    type IntoIter = std::slice::Iter<'a, ConfigError>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The config of a plugin that has nothing to configure: an empty object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct NoConfig {}

impl<'de> Deserialize<'de> for NoConfig {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Nothing;

        impl<'de> de::Visitor<'de> for Nothing {
            type Value = NoConfig;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an empty object")
            }

            fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<NoConfig, A::Error> {
                match map.next_key::<String>()? {
                    None => Ok(NoConfig {}),
                    Some(_) => Err(de::Error::custom("this plugin takes no config")),
                }
            }
        }

        deserializer.deserialize_map(Nothing)
    }
}

/// Configures a plugin from JSON text.
pub(crate) fn configure<P: Plugin>(json: &str) -> Result<P, ConfigErrors> {
    P::configure(read(json)?)
}

/// Reads a config from JSON text.
pub(crate) fn read<C: DeserializeOwned>(json: &str) -> Result<C, ConfigErrors> {
    // By way of a `Value`, whose errors carry no line and column: those of the
    // JSON in between would mislead, the operator wrote TOML.
    let value: Value =
        serde_json::from_str(json).map_err(|error| ConfigErrors::at("", error.to_string()))?;
    serde_path_to_error::deserialize(value)
        .map_err(|error| ConfigErrors::at(pointer(error.path()), error.inner().to_string()))
}

/// The JSON Schema of a plugin's config.
pub(crate) fn schema<P: Plugin>() -> String {
    schema_of::<P::Config>()
}

/// The JSON Schema of a config.
pub(crate) fn schema_of<C: JsonSchema>() -> String {
    schemars::schema_for!(C).as_value().to_string()
}

fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.extend(["/", &index.to_string()]),
            Segment::Map { key } => {
                pointer.extend(["/", &key.replace('~', "~0").replace('/', "~1")]);
            }
            // Rust's own view of the value, not a place in the JSON.
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use super::{ConfigErrors, NoConfig};
    use crate::{Cdr, Fault, Plugin, Verdict, mock};
    use schemars::JsonSchema;
    use serde::Deserialize;

    struct Nested;

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields)]
    struct NestedConfig {
        rules: Vec<NestedRule>,
    }

    #[derive(Deserialize, JsonSchema)]
    #[serde(deny_unknown_fields, rename_all = "kebab-case")]
    struct NestedRule {
        at_most: u8,
        #[serde(rename = "a/b", default)]
        slashed: bool,
    }

    impl Plugin for Nested {
        type Config = NestedConfig;

        fn configure(config: NestedConfig) -> Result<Self, ConfigErrors> {
            let mut errors = ConfigErrors::new();
            for (index, rule) in config.rules.iter().enumerate() {
                if rule.at_most == 0 || rule.slashed {
                    errors.push(format!("/rules/{index}"), "rules out everything");
                }
            }
            errors.or_else_make(|| Self)
        }

        fn process(&self, _: Cdr<'_>) -> Result<Verdict, Fault> {
            Ok(Verdict::Keep)
        }
    }

    struct Plain;

    impl Plugin for Plain {
        type Config = NoConfig;

        fn configure(_: NoConfig) -> Result<Self, ConfigErrors> {
            Ok(Self)
        }

        fn process(&self, _: Cdr<'_>) -> Result<Verdict, Fault> {
            Ok(Verdict::Keep)
        }
    }

    #[test]
    fn errors_say_where_they_are() {
        for (config, expected) in [
            ("7", vec![("", "invalid type")]),
            ("{}", vec![("", "missing field `rules`")]),
            (r#"{"rules":7}"#, vec![("/rules", "expected a sequence")]),
            (
                r#"{"rules":[],"rule":1}"#,
                vec![("/rule", "unknown field `rule`")],
            ),
            (
                r#"{"rules":[{"at-most":1},{"at-most":300}]}"#,
                vec![("/rules/1/at-most", "expected u8")],
            ),
            (
                r#"{"rules":[{"at-most":1,"a/b":0}]}"#,
                vec![("/rules/0/a~1b", "expected a boolean")],
            ),
            (
                r#"{"rules":[{"at-most":0},{"at-most":1},{"at-most":2,"a/b":true}]}"#,
                vec![("/rules/0", "rules out"), ("/rules/2", "rules out")],
            ),
        ] {
            let errors = mock::configure::<Nested>(config).err().expect(config);
            assert_eq!(errors.iter().count(), expected.len(), "{config}");
            for (error, (pointer, message)) in errors.iter().zip(expected) {
                assert_eq!(error.pointer, pointer, "{config}");
                assert!(error.message.contains(message), "{config}: {error}");
                assert!(!error.message.contains(" line "), "{config}: {error}");
            }
        }
    }

    #[test]
    fn no_config_is_an_empty_object() {
        assert!(mock::configure::<Plain>("{}").is_ok());
        let errors = mock::configure::<Plain>(r#"{"a":1}"#)
            .err()
            .expect("refused");
        assert_eq!(errors.iter().count(), 1);
        assert!(mock::config_schema::<Plain>().contains(r#""additionalProperties":false"#));
    }

    #[test]
    fn the_schema_is_that_of_the_type() {
        let schema = mock::config_schema::<Nested>();
        assert!(schema.contains(r#""at-most""#), "{schema}");
    }
}
