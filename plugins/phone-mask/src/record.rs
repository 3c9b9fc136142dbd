//! A whole record: first learn which numbers it holds, then replace them
//! everywhere.

use std::cmp::Ordering;

use cdr_plugin_sdk::Match;

use crate::{
    field::{Change, Field},
    known::Known,
    substitute::Substitute,
};

/// Members that hold an id instead of a number: the sender puts one there
/// where number protection is on, and it must stay whole to be looked up.
const PROTECTED: [&str; 2] = ["/ProtectedCaller", "/ProtectedCallee"];

/// Digits of a mobile number.
const SHORTEST_MOBILE: usize = 11;

/// One edit of a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Edit<'a> {
    /// JSON Pointer of the place.
    pub pointer: &'a str,
    /// What is changed there.
    pub what: What,
    /// What becomes of it.
    pub change: Change,
}

/// What of a place is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The name of the member.
    Name,
    /// The value.
    Value,
}

/// What to change so that no number stands in the record, the last places first and
/// inner ones before those that they stand in: whatever is removed or renamed, the
/// pointers of what is still to come hold. `numbers` are the values at number places, `texts` all
/// others that may hold one, `names` the members whose names may.
pub fn edits<'a>(
    numbers: &'a [Match],
    texts: &'a [Match],
    names: &'a [Match],
    substitute: &Substitute,
) -> Vec<Edit<'a>> {
    let at_places = numbers.iter().map(|found| Field::at_place(&found.json));
    let elsewhere = texts.iter().map(elsewhere);
    let mut fields: Vec<Option<Field>> = at_places.chain(elsewhere).collect();
    let fields_of_names: Vec<Option<Field>> = names
        .iter()
        .map(|found| Field::of_text(&found.json))
        .collect();

    let mut known = Known::default();
    for field in fields.iter().chain(&fields_of_names).flatten() {
        field.teach(&mut known);
    }
    let of_texts = fields.iter_mut().skip(numbers.len());
    for (field, found) in of_texts.zip(texts) {
        if field.is_none() && is_short_number(found) && known.may_stand_in(&found.json) {
            *field = Field::of_number(&found.json);
        }
    }
    let changed = |field: &Option<Field>| field.as_ref()?.changed(&known, substitute);
    let matches: Vec<&Match> = numbers.iter().chain(texts).collect();
    let of_names = names.iter().zip(&fields_of_names);
    let renamed = of_names.filter_map(|(found, field)| {
        Some(Edit {
            pointer: &found.pointer,
            what: What::Name,
            change: changed(field)?,
        })
    });
    let mut edits = merged(&matches, fields.iter().map(changed).collect());
    edits.extend(renamed);
    edits.sort_by(|a, b| place_order(b.pointer, a.pointer).then(b.what.cmp(&a.what)));
    edits
}

/// Places in the order in which they stand, as far as arrays and what stands inside of
/// what are concerned.
fn place_order(a: &str, b: &str) -> Ordering {
    let mut tokens = (a.split('/'), b.split('/'));
    loop {
        let (a, b) = match (tokens.0.next(), tokens.1.next()) {
            (Some(a), Some(b)) if a == b => continue,
            (Some(a), Some(b)) => (a, b),
            (a, b) => return a.is_some().cmp(&b.is_some()),
        };
        return match (a.parse::<u64>(), b.parse::<u64>()) {
            (Ok(a), Ok(b)) => a.cmp(&b),
            _ => a.cmp(b),
        };
    }
}

/// What teaches the record's numbers. A short JSON number does not.
fn elsewhere(found: &Match) -> Option<Field<'_>> {
    if is_protected(found) || is_short_number(found) {
        None
    } else if found.json.starts_with('"') {
        Field::of_text(&found.json)
    } else {
        Field::of_number(&found.json)
    }
}

fn is_protected(found: &Match) -> bool {
    PROTECTED.iter().any(|name| found.pointer.ends_with(name))
}

/// A JSON number with fewer digits than a mobile number: a time, an amount, an id.
/// Records hold many, and most have nothing to do with the record's numbers.
fn is_short_number(found: &Match) -> bool {
    !is_protected(found) && !found.json.starts_with('"') && found.json.len() < SHORTEST_MOBILE
}

/// One edit for each pointer. Members with a duplicated key share a
/// pointer and are all replaced, so where any of them needs an edit, all of them become
/// what the last one does: the last is the one that receivers read.
fn merged<'a>(matches: &[&'a Match], changed: Vec<Option<Change>>) -> Vec<Edit<'a>> {
    let mut edits: Vec<Edit<'a>> = Vec::new();
    for (index, change) in changed.into_iter().enumerate().rev() {
        let Some((change, found)) = change.zip(matches.get(index)) else {
            continue;
        };
        let pointer = found.pointer.as_str();
        if edits.iter().any(|edit| edit.pointer == pointer) {
            continue;
        }
        let later = matches.iter().skip(index + 1);
        let last = later.rev().find(|later| later.pointer == pointer);
        let change = last.map_or(change, |last| Change::Set(last.json.clone()));
        edits.push(Edit {
            pointer,
            what: What::Value,
            change,
        });
    }
    edits
}
