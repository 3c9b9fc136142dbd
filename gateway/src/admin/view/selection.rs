//! Which deliveries a request means, as it is written.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
};

use super::Moment;
use crate::journal::State;

/// Which deliveries are meant: those for which everything holds that is said.
/// The same in requests to list, to try again and to discard.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selection {
    /// At this destination; else at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
    /// Of these arrivals; in a query separated by commas.
    #[serde(
        skip_serializing_if = "Vec::is_empty",
        deserialize_with = "list_or_commas"
    )]
    pub arrivals: Vec<String>,
    /// In this state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// With this reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Received at or after this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Moment>,
    /// Received before this time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Moment>,
    /// Of records for which this holds: CEL over kind, source, cdr and tags, the
    /// record as it is processed: as received, or as corrected since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
}

impl Selection {
    /// Whether anything is said at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn list_or_commas<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    deserializer.deserialize_any(ListOrCommas)
}

struct ListOrCommas;

impl<'de> Visitor<'de> for ListOrCommas {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of ids")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let ids = text.split(',').filter(|id| !id.is_empty());
        Ok(ids.map(str::to_owned).collect())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut ids = Vec::new();
        while let Some(id) = seq.next_element()? {
            ids.push(id);
        }
        Ok(ids)
    }
}

/// Nothing further: the last flattened member of a request, so that a misspelt
/// one is refused instead of widening what is meant. (`deny_unknown_fields` does
/// not go with `flatten`.)
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NoMore;

impl Serialize for NoMore {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_map(Some(0))?.end()
    }
}

impl<'de> Deserialize<'de> for NoMore {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Nothing)
    }
}

struct Nothing;

impl<'de> Visitor<'de> for Nothing {
    type Value = NoMore;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no further member")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_entry::<String, IgnoredAny>()? {
            None => Ok(NoMore),
            Some((name, _)) => Err(A::Error::custom(format!("unknown field `{name}`"))),
        }
    }
}
