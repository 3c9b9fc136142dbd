//! The record, as a plugin sees it.

mod error;
mod kind;

use std::{any::type_name, fmt};

use serde::{Serialize, de::DeserializeOwned};

use crate::{backend, tccc::Tccc};

pub use self::{
    error::{EditError, FieldError},
    kind::Kind,
};

/// One place that a pattern matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// JSON Pointer of the place. Members with a duplicated key share one.
    pub pointer: String,
    /// The value there, as JSON text with its tokens untouched.
    pub json: String,
}

impl Match {
    /// The value, where it is a string.
    pub fn text(&self) -> Option<String> {
        serde_json::from_str(&self.json).ok()
    }
}

/// A call detail record.
///
/// This is a handle, cheap to copy: the record itself is the gateway's, and is
/// opened only where a plugin looks. So reading costs by what is read, not by
/// the size of the record, and edits through one copy are seen through all.
///
/// Places are named by JSON Pointer (RFC 6901): `/SeatUser/Name`,
/// `/ServeParticipants/0/Phone`, and the empty string for the whole document.
/// A *pattern* is a pointer in which the token `*` stands for every element of
/// an array: `/ServeParticipants/*/Phone`.
///
/// The fields that Tencent Cloud Contact Center sends have names and types of
/// their own, see [`Cdr::tccc`].
#[derive(Clone, Copy)]
pub struct Cdr<'a> {
    record: backend::Handle<'a>,
}

impl<'a> Cdr<'a> {
    pub(crate) fn new(record: backend::Handle<'a>) -> Self {
        Self { record }
    }

    /// The value at a pointer; `None` where nothing or `null` is there. Of a
    /// duplicated key, the last.
    pub fn get<T: DeserializeOwned>(self, pointer: &str) -> Result<Option<T>, FieldError> {
        let Some(json) = self.json(pointer) else {
            return Ok(None);
        };
        // serde's own message may quote the value.
        serde_json::from_str(&json).map_err(|_| FieldError::new(pointer, type_name::<T>()))
    }

    /// The value at a pointer as JSON text, every token as the sender wrote it;
    /// `None` where nothing is there. Of a duplicated key, the last.
    pub fn json(self, pointer: &str) -> Option<String> {
        self.record.get(pointer)
    }

    /// Every match of a pattern, duplicated keys included, in one call.
    pub fn select(self, pattern: &str) -> Vec<Match> {
        self.record.select(pattern)
    }

    /// The places where the sender's dialect says that numbers stand, and that
    /// this record has.
    pub fn numbers(self) -> Vec<Match> {
        self.record.numbers()
    }

    /// Every string and every JSON number that is not at one of the places of
    /// [`Cdr::numbers`] and that holds at least so many digits, full-width ones
    /// included, in the order of the document: the candidates for telephone
    /// numbers elsewhere.
    pub fn texts(self, min_digits: u32) -> Vec<Match> {
        self.record.texts(min_digits)
    }

    /// Every member whose name holds at least so many digits, full-width ones
    /// included, in the order of the document, so that a member stands before
    /// those inside it. What stands in [`Match::json`] is the name.
    pub fn names(self, min_digits: u32) -> Vec<Match> {
        self.record.names(min_digits)
    }

    /// Replaces the value at a pointer, or adds a member to an existing object
    /// (as token, `-` adds to an array). Of a duplicated key every value is
    /// replaced.
    pub fn set<T: Serialize + ?Sized>(self, pointer: &str, value: &T) -> Result<(), EditError> {
        let json =
            serde_json::to_string(value).map_err(|error| EditError::BadJson(error.to_string()))?;
        self.set_json(pointer, &json)
    }

    /// [`Cdr::set`] with JSON text, for values whose tokens matter.
    pub fn set_json(self, pointer: &str, json: &str) -> Result<(), EditError> {
        self.record.set(pointer, json)
    }

    /// Removes what stands at a pointer, duplicates included; false where
    /// nothing did.
    pub fn remove(self, pointer: &str) -> bool {
        self.record.remove(pointer)
    }

    /// Gives the member at a pointer another name; false where nothing stands
    /// there. Its value and its position stay; of a duplicated key every member
    /// is renamed. Pointers to what is inside it lead by the new name from then
    /// on, so of several members the inner ones are renamed first.
    pub fn rename(self, pointer: &str, name: &str) -> Result<bool, EditError> {
        self.record.rename(pointer, name)
    }

    /// [`Cdr::rename`] where members may come to the same name, such as numbers that
    /// look alike once they are masked: a name that is taken gets `#2` at its end,
    /// or the next count that is free.
    pub fn rename_distinct(self, pointer: &str, name: &str) -> Result<bool, EditError> {
        let mut renamed = self.rename(pointer, name);
        for count in 2_u32.. {
            let Err(EditError::NameTaken) = renamed else {
                break;
            };
            renamed = self.rename(pointer, &format!("{name}#{count}"));
        }
        renamed
    }

    /// The whole document as JSON text. Costs a copy of it; `get` and `select`
    /// are cheaper where a few places are enough.
    pub fn text(self) -> String {
        self.record.text()
    }

    /// Replaces the whole document. What was not touched before does not
    /// survive as it came, so edits in place are better where they will do.
    pub fn replace(self, json: &str) -> Result<(), EditError> {
        self.record.replace(json)
    }

    /// The value of a tag. Tags travel beside the document.
    pub fn tag(self, name: &str) -> Option<String> {
        self.record.tag(name)
    }

    /// Every tag, ordered by name.
    pub fn tags(self) -> Vec<(String, String)> {
        self.record.all_tags()
    }

    /// Sets a tag.
    pub fn set_tag(self, name: &str, value: &str) {
        self.record.set_tag(name, value);
    }

    /// Removes a tag; false where there was none.
    pub fn remove_tag(self, name: &str) -> bool {
        self.record.remove_tag(name)
    }

    /// The arrival's id: the same for every run over the same arrival.
    pub fn id(self) -> String {
        self.record.id()
    }

    /// What the record reports.
    pub fn kind(self) -> Kind {
        Kind::parse(&self.record.kind())
    }

    /// Name of the source in the gateway's config.
    pub fn source(self) -> String {
        self.record.source()
    }

    /// When the record was committed to the gateway's journal: Unix time in
    /// milliseconds.
    pub fn received_ms(self) -> u64 {
        self.record.received_ms()
    }

    /// The fields of Tencent Cloud Contact Center, by name and with types.
    pub fn tccc(self) -> Tccc<'a> {
        Tccc::new(self)
    }
}

impl fmt::Debug for Cdr<'_> {
    /// The record's identity, never its content.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cdr").field(&self.id()).finish()
    }
}
