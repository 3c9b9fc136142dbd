//! A row that is a JSON object.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::{
    plugin::table::{
        TableError,
        build::Builder,
        columns::{Cell, Object},
        error::Place,
    },
    record::string,
};

/// The members of an object in their order.
pub(super) struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// Of a JSON value; none where it is no object.
    pub(super) fn of(json: &'a RawValue) -> Option<Self> {
        // What serde_json says of another type would quote it.
        let is_object = json.get().starts_with('{');
        is_object.then(|| serde_json::from_str(json.get()).ok())?
    }

    /// Of a repeated name, the last.
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let mut members = self.0.iter().rev();
        members.find_map(|(known, value)| (known == name).then_some(*value))
    }

    /// The text or number of a member, as a key.
    pub(super) fn key(&self, name: &str) -> Result<String, &'static str> {
        let json = self.get(name).ok_or("is missing")?.get();
        match json.as_bytes() {
            [b'"', ..] => Ok(string::decode(json).into_owned()),
            [b'-' | b'0'..=b'9', ..] => Ok(json.to_owned()),
            _ => Err("is neither text nor a number"),
        }
    }

    /// Appends the value: what the only one of `values` holds, or a JSON object of
    /// several; of all but `key` where none is named.
    pub(super) fn append_value(&self, to: &mut String, key: Option<&str>, values: &[String]) {
        match values {
            [] => {
                let mut object = Object::begin(to);
                let others = self.0.iter().filter(|(name, _)| Some(name.as_str()) != key);
                for (name, value) in others {
                    object.member(name, &cell(value));
                }
                object.end();
            }
            [only] => self.cell(only).append_alone(to),
            several => {
                let mut object = Object::begin(to);
                for name in several {
                    object.member(name, &self.cell(name));
                }
                object.end();
            }
        }
    }

    fn cell(&self, name: &str) -> Cell<'a> {
        self.get(name).map_or(Cell::Nothing, cell)
    }
}

/// What a JSON value says.
pub(super) fn cell(value: &RawValue) -> Cell<'_> {
    let json = value.get();
    match json {
        "null" => Cell::Nothing,
        text if text.starts_with('"') => Cell::Text(string::decode(text)),
        other => Cell::Json(other.into()),
    }
}

/// Adds a row that is an object; `row` says where it is.
pub(super) fn add(
    json: &RawValue,
    row: impl Fn() -> String,
    key: Option<&str>,
    values: &[String],
    value: &mut String,
    builder: &mut Builder,
) -> Result<(), TableError> {
    let malformed =
        |builder: &Builder, column: Option<&str>, problem: &str| TableError::Malformed {
            place: Place {
                path: builder.name.clone(),
                row: Some(row()),
                column: column.map(str::to_owned),
            },
            problem: problem.to_owned(),
        };
    let Some(members) = Members::of(json) else {
        return Err(malformed(builder, None, "is no object"));
    };
    let Some(key) = key else {
        return Err(TableError::KeyNeeded {
            path: builder.name.clone(),
        });
    };
    let text = members.key(key);
    let text = text.map_err(|problem| malformed(builder, Some(key), problem))?;
    value.clear();
    members.append_value(value, Some(key), values);
    builder.add(&text, value)
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}
