//! Templates for file paths and URLs.
//!
//! ```text
//! archive/{received:%Y-%m-%d}/{SdkAppId}.ndjson
//! https://crm.example/hooks/{kind}?session={/SessionId}
//! ```
//!
//! | placeholder | stands for |
//! | --- | --- |
//! | `{received:FORMAT}` | when the arrival was accepted, in UTC, in strftime's words |
//! | `{source}` `{kind}` `{id}` | the arrival's source, kind and id |
//! | `{Member}` | a member of the document's top level |
//! | `{/json/pointer}` | any place of the document |
//! | `{{` `}}` | a brace itself |
//!
//! Invariants: whatever a record says, a rendered path stays below the
//! directory that it is joined to, a value stays in the segment where its
//! placeholder stands, and a rendered URL has the scheme, host and port that
//! the template says. What has no value (absent, null, an object, an array,
//! empty) stands as `_`.

mod error;
mod path;
mod piece;
mod segment;
mod trailer;
mod url;

pub use error::TemplateError;
pub use path::PathTemplate;
pub use piece::Facts;
pub use trailer::{Totals, TrailerTemplate};
pub use url::UrlTemplate;

/// What stands for a value that is absent or cannot be used.
const ABSENT: &str = "_";

/// Serialisation of a template as the text that it was parsed from.
macro_rules! as_text {
    ($template:ident, $format:literal) => {
        impl std::fmt::Display for $template {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.text())
            }
        }

        impl std::str::FromStr for $template {
            type Err = $crate::delivery::template::TemplateError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $template {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.text())
            }
        }

        impl<'de> serde::Deserialize<'de> for $template {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }

        impl schemars::JsonSchema for $template {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($template).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "format": $format })
            }
        }
    };
}
use as_text;
