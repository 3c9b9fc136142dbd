//! Places of a record, and putting something there.

use cdr_plugin_sdk::{Cdr, ConfigErrors, EditError};

/// A JSON Pointer that leads somewhere below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(String);

impl Pointer {
    /// As RFC 6901 writes it.
    pub fn text(&self) -> &str {
        &self.0
    }
}

/// Reads a pointer of the config; what is wrong with it is added to the errors.
pub fn parse(
    text: &str,
    may_have_every: bool,
    at: &str,
    errors: &mut ConfigErrors,
) -> Option<Pointer> {
    if !errors.check_pointer(at, text) {
        return None;
    }
    if !may_have_every && text.split('/').any(|token| token == "*") {
        errors.push(at, "names one place: `*` is for `drop`");
        return None;
    }
    Some(Pointer(text.to_owned()))
}

/// Puts a value at a place. The objects that lead there are made where there is
/// nothing, or null, in their place.
pub fn put(cdr: Cdr<'_>, at: &Pointer, json: &str) -> Result<(), EditError> {
    match cdr.set_json(at.text(), json) {
        Err(EditError::NoParent) => {}
        done => return done,
    }
    let ends = at.text().match_indices('/').skip(1).map(|(end, _)| end);
    for parent in ends.filter_map(|end| at.text().get(..end)) {
        if cdr.json(parent).is_none_or(|json| json == "null") {
            cdr.set_json(parent, "{}")?;
        }
    }
    cdr.set_json(at.text(), json)
}
