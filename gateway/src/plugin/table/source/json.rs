//! JSON: an object of keys and values, or a list of objects.

use std::{fmt, io::BufRead};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    object::{self, Members},
    open,
};
use crate::plugin::table::{TableError, build::Builder, error::Place};

pub(super) fn read(
    reader: impl BufRead,
    key: Option<&str>,
    values: &[String],
    builder: &mut Builder,
) -> Result<(), TableError> {
    let mut rows = Rows {
        key,
        values,
        builder,
        value: String::new(),
        failed: None,
    };
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    let read = (&mut rows).deserialize(&mut deserializer);
    let read = read.and_then(|()| deserializer.end());
    let Rows {
        builder, failed, ..
    } = rows;
    match (failed, read) {
        (Some(failed), _) => Err(failed),
        (None, Err(error)) if error.is_io() => Err(open::unreadable(builder, error.into())),
        (None, Err(error)) => Err(malformed(
            builder,
            error.line() as u64,
            error.column(),
            &error,
        )),
        (None, Ok(())) => Ok(()),
    }
}

/// What is wrong with JSON, without quoting it.
pub(super) fn malformed(
    builder: &Builder,
    line: u64,
    character: usize,
    error: &serde_json::Error,
) -> TableError {
    let problem = if error.is_data() {
        "is neither an object nor a list of objects".to_owned()
    } else {
        let said = error.to_string();
        let place = format!(" at line {} column {}", error.line(), error.column());
        let said = said.strip_suffix(&place).unwrap_or(&said);
        format!("is not JSON at character {character}: {said}")
    };
    TableError::Malformed {
        place: Place {
            path: builder.name.clone(),
            row: Some(format!("line {line}")),
            column: None,
        },
        problem,
    }
}

/// Takes rows as they are read, so that the document is never held as a whole.
struct Rows<'a> {
    key: Option<&'a str>,
    values: &'a [String],
    builder: &'a mut Builder,
    value: String,
    /// Why it ended early; serde's errors are but texts.
    failed: Option<TableError>,
}

impl Rows<'_> {
    /// A key and its value: as it stands, or members of it where they are named.
    fn entry(&mut self, key: &str, json: &RawValue) -> Result<(), TableError> {
        self.value.clear();
        if self.values.is_empty() {
            object::cell(json).append_alone(&mut self.value);
        } else {
            let members = Members::of(json).ok_or_else(|| TableError::Malformed {
                place: Place {
                    path: self.builder.name.clone(),
                    row: Some(format!("row {}", self.builder.rows() + 1)),
                    column: None,
                },
                problem: "is no object, so that it has none of the members in `value`".to_owned(),
            })?;
            members.append_value(&mut self.value, None, self.values);
        }
        self.builder.add(key, &self.value)
    }

    fn row(&mut self, json: &RawValue) -> Result<(), TableError> {
        let number = self.builder.rows() + 1;
        let place = || format!("row {number}");
        object::add(
            json,
            place,
            self.key,
            self.values,
            &mut self.value,
            self.builder,
        )
    }

    /// Remembers why it ends.
    fn go_on<E: serde::de::Error>(&mut self, result: Result<(), TableError>) -> Result<(), E> {
        result.map_err(|error| {
            self.failed = Some(error);
            E::custom("a row is refused")
        })
    }
}

impl<'de> DeserializeSeed<'de> for &mut Rows<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for &mut Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        if self.key.is_some() {
            self.failed = Some(TableError::KeyGiven {
                path: self.builder.name.clone(),
            });
            return Err(A::Error::custom("a key is named"));
        }
        while let Some((key, json)) = map.next_entry::<String, Box<RawValue>>()? {
            let added = self.entry(&key, &json);
            self.go_on(added)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while let Some(json) = list.next_element::<Box<RawValue>>()? {
            let added = self.row(&json);
            self.go_on(added)?;
        }
        Ok(())
    }
}
