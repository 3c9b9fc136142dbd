//! A whole record: first learn which numbers it holds, then mask them
//! everywhere.

use cdr_plugin_sdk::Match;

use crate::{field::Field, keep::Keep, needle::Needles};

/// Members that hold an id instead of a number: the sender puts one there
/// where number protection is on, and it must stay whole to be looked up.
const PROTECTED: [&str; 2] = ["/ProtectedCaller", "/ProtectedCallee"];

/// One edit of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// JSON Pointer of the place.
    pub pointer: &'a str,
    /// The masked value as JSON text.
    pub json: String,
}

/// What to change so that no number stands in the record: `numbers` are the
/// values at number places, `texts` all others that may hold one.
pub fn edits<'a>(numbers: &'a [Match], texts: &'a [Match], keep: Keep) -> Vec<Edit<'a>> {
    let matches: Vec<&Match> = numbers.iter().chain(texts).collect();
    let at_places = numbers.iter().map(|found| Field::at_place(&found.json));
    let elsewhere = texts.iter().map(|found| {
        let protected = PROTECTED.iter().any(|name| found.pointer.ends_with(name));
        (!protected).then(|| Field::of_text(&found.json)).flatten()
    });
    let fields: Vec<Option<Field>> = at_places.chain(elsewhere).collect();

    let mut needles = Needles::default();
    for field in fields.iter().flatten() {
        field.teach(&mut needles);
    }
    let masked = |field: &Option<Field>| field.as_ref()?.masked(&needles, keep);
    merged(&matches, fields.iter().map(masked).collect())
}

/// One edit for each pointer. Members with a duplicated key share a pointer and
/// are all replaced, so where any of them needs the mask, all of them become
/// the last one's masked value: the last is the one that receivers read.
fn merged<'a>(matches: &[&'a Match], masked: Vec<Option<String>>) -> Vec<Edit<'a>> {
    let mut edits: Vec<Edit<'a>> = Vec::new();
    for (index, json) in masked.into_iter().enumerate().rev() {
        let Some((json, found)) = json.zip(matches.get(index)) else {
            continue;
        };
        let pointer = found.pointer.as_str();
        if edits.iter().any(|edit| edit.pointer == pointer) {
            continue;
        }
        let later = matches.iter().skip(index + 1);
        let last = later.rev().find(|later| later.pointer == pointer);
        let json = last.map_or(json, |last| last.json.clone());
        edits.push(Edit { pointer, json });
    }
    edits
}
