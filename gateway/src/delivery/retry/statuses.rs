//! Which HTTP statuses of a receiver are worth another attempt.

use std::{borrow::Cow, fmt, str::FromStr};

use http::StatusCode;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Statuses as people write them: `408, 425, 429, 500-599, !501`. What stands
/// later counts more; 2xx is success whatever is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statuses {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Term {
    first: u16,
    last: u16,
    included: bool,
}

/// The text names no statuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no status from 300 to 599, no range such as 500-599 and neither after an exclamation mark"
)]
pub struct NotStatuses(pub String);

/// Timeouts, limits and the receiver's own failures pass; and so may a redirect,
/// which is never followed: it is a fault of configuration on either side.
const DEFAULT: &str = "300-399, 408, 425, 429, 500-599";

impl Statuses {
    /// Whether a status is worth another attempt.
    #[must_use]
    pub fn contain(&self, status: StatusCode) -> bool {
        let status = status.as_u16();
        let mut said = self.terms.iter().rev();
        said.find(|term| (term.first..=term.last).contains(&status))
            .is_some_and(|term| term.included)
    }
}

impl Default for Statuses {
    fn default() -> Self {
        // Read by a test; an empty list would retry nothing.
        DEFAULT.parse().unwrap_or(Self {
            text: String::new(),
            terms: Vec::new(),
        })
    }
}

impl FromStr for Statuses {
    type Err = NotStatuses;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let terms = text.split(',').map(|term| {
            let term = term.trim();
            Term::parse(term).ok_or_else(|| NotStatuses(term.to_owned()))
        });
        Ok(Self {
            terms: terms.collect::<Result<_, _>>()?,
            text: text.to_owned(),
        })
    }
}

impl Term {
    fn parse(text: &str) -> Option<Self> {
        let (included, range) = match text.strip_prefix('!') {
            Some(range) => (false, range),
            None => (true, text),
        };
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        let status = |text: &str| -> Option<u16> {
            let status = text.trim().parse().ok()?;
            (300..=599).contains(&status).then_some(status)
        };
        let term = Self {
            first: status(first)?,
            last: status(last)?,
            included,
        };
        (term.first <= term.last).then_some(term)
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Statuses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl JsonSchema for Statuses {
    fn schema_name() -> Cow<'static, str> {
        "Statuses".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "statuses" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_later_counts_more() {
        let cases = [
            (DEFAULT, 503, true),
            (DEFAULT, 404, false),
            (DEFAULT, 302, true),
            ("500-599, !501", 501, false),
            ("500-599, !501", 502, true),
            ("!501, 500-599", 501, true),
            (" 404 ", 404, true),
            ("404", 500, false),
        ];
        for (text, status, expected) in cases {
            let statuses: Statuses = text.parse().unwrap();
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(statuses.contain(status), expected, "{status} in {text}");
        }
        assert_eq!(Statuses::default().to_string(), DEFAULT);
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in ["", "5xx", "200", "599-500", "500-", "!", "404;500", "1000"] {
            assert!(text.parse::<Statuses>().is_err(), "{text}");
        }
    }
}
