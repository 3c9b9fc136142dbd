//! The record that the host lends for one call.

use super::bindings::{Cdr, cdr::plugin::record};
use crate::{EditError, Match};

/// Forwards to the host, in the SDK's own types.
#[derive(Clone, Copy)]
pub struct Handle<'a>(&'a Cdr);

impl<'a> Handle<'a> {
    pub(super) fn new(cdr: &'a Cdr) -> Self {
        Self(cdr)
    }

    pub(crate) fn get(self, pointer: &str) -> Option<String> {
        self.0.get(pointer)
    }

    pub(crate) fn select(self, pattern: &str) -> Vec<Match> {
        matches(self.0.select(pattern))
    }

    pub(crate) fn numbers(self) -> Vec<Match> {
        matches(self.0.numbers())
    }

    pub(crate) fn texts(self, min_digits: u32) -> Vec<Match> {
        matches(self.0.texts(min_digits))
    }

    pub(crate) fn names(self, min_digits: u32) -> Vec<Match> {
        matches(self.0.names(min_digits))
    }

    pub(crate) fn set(self, pointer: &str, json: &str) -> Result<(), EditError> {
        self.0.set(pointer, json).map_err(edit_error)
    }

    pub(crate) fn remove(self, pointer: &str) -> bool {
        self.0.remove(pointer)
    }

    pub(crate) fn rename(self, pointer: &str, name: &str) -> Result<bool, EditError> {
        self.0.rename(pointer, name).map_err(edit_error)
    }

    pub(crate) fn text(self) -> String {
        self.0.text()
    }

    pub(crate) fn replace(self, json: &str) -> Result<(), EditError> {
        self.0.replace(json).map_err(edit_error)
    }

    pub(crate) fn tag(self, name: &str) -> Option<String> {
        self.0.tag(name)
    }

    pub(crate) fn all_tags(self) -> Vec<(String, String)> {
        self.0.tags()
    }

    pub(crate) fn set_tag(self, name: &str, value: &str) {
        self.0.set_tag(name, value);
    }

    pub(crate) fn remove_tag(self, name: &str) -> bool {
        self.0.remove_tag(name)
    }

    pub(crate) fn id(self) -> String {
        self.0.id()
    }

    pub(crate) fn kind(self) -> String {
        self.0.kind()
    }

    pub(crate) fn source(self) -> String {
        self.0.source()
    }

    pub(crate) fn received_ms(self) -> u64 {
        self.0.received_ms()
    }
}

fn matches(found: Vec<record::Match>) -> Vec<Match> {
    found
        .into_iter()
        .map(|found| Match {
            pointer: found.pointer,
            json: found.json,
        })
        .collect()
}

fn edit_error(error: record::EditError) -> EditError {
    match error {
        record::EditError::BadPointer(why) => EditError::BadPointer(why),
        record::EditError::BadJson(why) => EditError::BadJson(why),
        record::EditError::NoParent => EditError::NoParent,
        record::EditError::TooLarge(limit) => EditError::TooLarge(limit),
        record::EditError::NameTaken => EditError::NameTaken,
    }
}
