//! One value: what is found in it, and the value without.

use std::{borrow::Cow, ops::Range};

use cdr_number::{Scan, json, rewrite};

use crate::{FEWEST_DIGITS, card, email, kind::Kind};

/// The value with everything of these kinds replaced. None where nothing is
/// found. What was a number becomes a string.
pub fn redacted(
    json: &str,
    kinds: &[Kind],
    instead: &dyn Fn(Kind) -> String,
    note: &mut dyn FnMut(Kind),
) -> Option<String> {
    let text = if json.starts_with('"') {
        json::string(json)?
    } else {
        json.into()
    };
    let found = find(&text, kinds);
    if found.is_empty() {
        return None;
    }
    let edits = found.into_iter().map(|(place, kind)| {
        note(kind);
        (place, Cow::Owned(instead(kind)))
    });
    let text = rewrite(&text, edits.collect());
    let is_container = json.starts_with(['{', '[']);
    Some(if is_container {
        text
    } else {
        serde_json::Value::from(text).to_string()
    })
}

/// What is found, without overlaps: a card inside an address is the address's.
fn find(text: &str, kinds: &[Kind]) -> Vec<(Range<usize>, Kind)> {
    let mut found = Vec::new();
    if kinds.contains(&Kind::Email) {
        let places = email::in_text(text).into_iter();
        found.extend(places.map(|place| (place, Kind::Email)));
    }
    if kinds.iter().any(|kind| *kind != Kind::Email) && may_hold_number(text) {
        let overlaps = |one: &Range<usize>, found: &[(Range<usize>, Kind)]| {
            let mut others = found.iter().map(|(place, _)| place);
            others.any(|other| one.start < other.end && other.start < one.end)
        };
        for (place, kind) in card::in_text(text, &Scan::of(text)) {
            if kinds.contains(&kind) && !overlaps(&place, &found) {
                found.push((place, kind));
            }
        }
    }
    found
}

/// Whether a text may have as many digits as a card. However a digit is written, an
/// ASCII digit or the first byte of a full-width one is in it.
fn may_hold_number(text: &str) -> bool {
    let of_digit = |byte: &u8| byte.is_ascii_digit() || *byte == 0xef;
    text.bytes().filter(of_digit).count() >= FEWEST_DIGITS as usize
}
