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
    /// The masked value, or name, as JSON text.
    pub json: String,
}

/// What to change so that no number stands in the record.
#[derive(Debug, Default)]
pub struct Edits<'a> {
    /// Values to set.
    pub values: Vec<Edit<'a>>,
    /// Members to rename, once the values are set; inner ones before those that
    /// they stand in, so that the pointers hold.
    pub names: Vec<Edit<'a>>,
}

/// What to change: `numbers` are the values at number places, `texts` all
/// others that may hold one, `names` the members whose names may.
pub fn edits<'a>(
    numbers: &'a [Match],
    texts: &'a [Match],
    names: &'a [Match],
    keep: Keep,
) -> Edits<'a> {
    let at_places = numbers.iter().map(|found| Field::at_place(&found.json));
    let elsewhere = texts.iter().map(elsewhere);
    let fields: Vec<Option<Field>> = at_places.chain(elsewhere).collect();
    let fields_of_names: Vec<Option<Field>> = names
        .iter()
        .map(|found| Field::of_text(&found.json))
        .collect();

    let mut needles = Needles::default();
    for field in fields.iter().chain(&fields_of_names).flatten() {
        field.teach(&mut needles);
    }
    let masked = |field: &Option<Field>| field.as_ref()?.masked(&needles, keep);
    let matches: Vec<&Match> = numbers.iter().chain(texts).collect();
    let renamed = names
        .iter()
        .zip(&fields_of_names)
        .filter_map(|(found, field)| {
            Some(Edit {
                pointer: &found.pointer,
                json: masked(field)?,
            })
        });
    Edits {
        values: merged(&matches, fields.iter().map(masked).collect()),
        names: renamed.rev().collect(),
    }
}

fn elsewhere(found: &Match) -> Option<Field> {
    if PROTECTED.iter().any(|name| found.pointer.ends_with(name)) {
        None
    } else if found.json.starts_with('"') {
        Field::of_text(&found.json)
    } else {
        Field::of_number(&found.json)
    }
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
