//! Named places of a record: a pointer and the type of what stands there.

use std::{borrow::Cow, marker::PhantomData};

use serde::{Serialize, de::IgnoredAny};

use crate::{Cdr, EditError, FieldError};

/// Something that stands at a place of a record.
pub trait Located<'a> {
    /// What stands at this pointer of the record.
    fn at(cdr: Cdr<'a>, pointer: Cow<'static, str>) -> Self;
}

/// One value of a record, read and written as `S`.
#[derive(Debug, Clone)]
pub struct Place<'a, S> {
    cdr: Cdr<'a>,
    pointer: Cow<'static, str>,
    shape: PhantomData<S>,
}

impl<'a, S> Located<'a> for Place<'a, S> {
    fn at(cdr: Cdr<'a>, pointer: Cow<'static, str>) -> Self {
        Self {
            cdr,
            pointer,
            shape: PhantomData,
        }
    }
}

impl<S: Shape> Place<'_, S> {
    /// JSON Pointer of the place.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// The value; `None` where nothing or `null` is there.
    pub fn get(&self) -> Result<Option<S::Value>, FieldError> {
        match self.cdr.json(&self.pointer) {
            None => Ok(None),
            Some(json) if json == "null" => Ok(None),
            Some(json) => S::read(&json)
                .map(Some)
                .ok_or_else(|| FieldError::new(&self.pointer, S::NAME)),
        }
    }

    /// Replaces or adds the value.
    pub fn set(&self, value: &S::Input) -> Result<(), EditError> {
        self.cdr.set(&self.pointer, value)
    }

    /// Removes the value; false where nothing was there.
    pub fn remove(&self) -> bool {
        self.cdr.remove(&self.pointer)
    }
}

impl Place<'_, Text> {
    /// The text; `None` also where it is empty, which is how the sender writes
    /// that there is none.
    pub fn filled(&self) -> Result<Option<String>, FieldError> {
        Ok(self.get()?.filter(|text| !text.is_empty()))
    }
}

impl Place<'_, Moment> {
    /// The time; `None` also where it is 0, which is how the sender writes that
    /// it never came.
    pub fn happened(&self) -> Result<Option<i64>, FieldError> {
        Ok(self.get()?.filter(|&seconds| seconds != 0))
    }
}

/// The elements of an array.
#[derive(Debug, Clone)]
pub struct Each<'a, T> {
    cdr: Cdr<'a>,
    pointer: Cow<'static, str>,
    element: PhantomData<T>,
}

impl<'a, T> Located<'a> for Each<'a, T> {
    fn at(cdr: Cdr<'a>, pointer: Cow<'static, str>) -> Self {
        Self {
            cdr,
            pointer,
            element: PhantomData,
        }
    }
}

impl<'a, T: Located<'a>> Each<'a, T> {
    /// JSON Pointer of the array.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }

    /// Every element, in order; none where nothing or `null` is there.
    pub fn all(&self) -> Result<Vec<T>, FieldError> {
        let elements: Vec<IgnoredAny> = self.cdr.get(&self.pointer)?.unwrap_or_default();
        let pointers = (0..elements.len()).map(|index| format!("{}/{index}", self.pointer));
        Ok(pointers
            .map(|pointer| T::at(self.cdr, pointer.into()))
            .collect())
    }
}

/// How a value is read from JSON and written to it.
pub trait Shape {
    /// What reading gives.
    type Value;
    /// What writing takes.
    type Input: Serialize + ?Sized;
    /// The shape's name in errors.
    const NAME: &'static str;

    /// Reads JSON text that is not `null`; `None` where it has another shape.
    fn read(json: &str) -> Option<Self::Value>;
}

/// A string. A JSON number is read as its token, because the sender writes
/// some telephone numbers so.
#[derive(Debug, Clone, Copy)]
pub enum Text {}

impl Shape for Text {
    type Value = String;
    type Input = str;
    const NAME: &'static str = "string";

    fn read(json: &str) -> Option<String> {
        match json.as_bytes().first()? {
            b'"' => serde_json::from_str(json).ok(),
            b'-' | b'0'..=b'9' => Some(json.to_owned()),
            _ => None,
        }
    }
}

/// A whole number.
#[derive(Debug, Clone, Copy)]
pub enum Integer {}

impl Shape for Integer {
    type Value = i64;
    type Input = i64;
    const NAME: &'static str = "integer";

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str(json).ok()
    }
}

/// A point in time: Unix time in seconds, 0 for one that never came.
#[derive(Debug, Clone, Copy)]
pub enum Moment {}

impl Shape for Moment {
    type Value = i64;
    type Input = i64;
    const NAME: &'static str = "unix time in seconds";

    fn read(json: &str) -> Option<i64> {
        serde_json::from_str(json).ok()
    }
}

/// A list of strings.
#[derive(Debug, Clone, Copy)]
pub enum Texts {}

impl Shape for Texts {
    type Value = Vec<String>;
    type Input = [String];
    const NAME: &'static str = "list of strings";

    fn read(json: &str) -> Option<Vec<String>> {
        serde_json::from_str(json).ok()
    }
}

/// Which side began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The user called: 0.
    Inbound,
    /// An agent or a campaign called the user: 1.
    Outbound,
    /// A code that the sender does not document.
    Other(i64),
}

impl Serialize for Direction {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(match *self {
            Self::Inbound => 0,
            Self::Outbound => 1,
            Self::Other(code) => code,
        })
    }
}

/// A [`Direction`], written as its code.
#[derive(Debug, Clone, Copy)]
pub enum DirectionCode {}

impl Shape for DirectionCode {
    type Value = Direction;
    type Input = Direction;
    const NAME: &'static str = "direction code";

    fn read(json: &str) -> Option<Direction> {
        Some(match serde_json::from_str(json).ok()? {
            0 => Direction::Inbound,
            1 => Direction::Outbound,
            code => Direction::Other(code),
        })
    }
}
