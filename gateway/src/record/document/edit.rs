//! Changing a document: one piece is exchanged, everything else stays as it
//! was written.

use std::sync::Arc;

use bytestring::ByteString;

use super::container::{Container, Item, Piece, Shape, Value};
use crate::record::string;

/// Token of the place after the last element of an array.
const APPEND: &str = "-";

/// Replaces every value at the path by `json`. Where the path that a reader
/// sees (`seen`: of duplicated keys the last) has no such member yet, it is
/// added. False, and nothing changed, where no parent exists.
pub(super) fn set(
    value: &mut Value,
    source: &ByteString,
    tokens: &[String],
    json: &Arc<str>,
    seen: bool,
) -> bool {
    let Some((token, rest)) = tokens.split_first() else {
        *value = Value::new(Piece::Own(Arc::clone(json)));
        return true;
    };
    change(value, source, |container| {
        let hits: Vec<usize> = container.positions(token).collect();
        let Some((&last, _)) = hits.split_last() else {
            return seen && rest.is_empty() && append(container, token, json);
        };
        let mut changed = false;
        for at in hits {
            let seen = seen && at == last;
            changed |= descend(container, at, |value, source| {
                set(value, source, rest, json, seen)
            });
        }
        changed
    })
}

/// Removes everything at the path, which is not empty. False where nothing was.
pub(super) fn remove(value: &mut Value, source: &ByteString, tokens: &[String]) -> bool {
    let Some((token, rest)) = tokens.split_first() else {
        return false;
    };
    change(value, source, |container| {
        let hits: Vec<usize> = container.positions(token).collect();
        let mut changed = false;
        for at in hits.into_iter().rev() {
            changed |= if rest.is_empty() {
                take_out(container, at);
                true
            } else {
                descend(container, at, |value, source| remove(value, source, rest))
            };
        }
        changed
    })
}

/// Edits the container that a value is; false where it is none, or where the
/// edit says that it changed nothing.
pub(super) fn change(
    value: &mut Value,
    source: &ByteString,
    edit: impl FnOnce(&mut Container) -> bool,
) -> bool {
    let Some(container) = value.container_mut(source) else {
        return false;
    };
    let changed = edit(container);
    if changed {
        value.mark_edited();
    }
    changed
}

/// Edits the value of an item.
pub(super) fn descend(
    container: &mut Container,
    at: usize,
    edit: impl FnOnce(&mut Value, &ByteString) -> bool,
) -> bool {
    container.with_item(at, |item, source| edit(&mut item.value, source))
}

/// Adds a member to an object, or an element to the end of an array.
fn append(container: &mut Container, token: &str, json: &Arc<str>) -> bool {
    let (key, colon) = match container.shape {
        Shape::Object => (string::encode(token), ":"),
        Shape::Array if token == APPEND => (String::new(), ""),
        Shape::Array => return false,
    };
    let lead = if container.items.is_empty() { "" } else { "," };
    let item = Item {
        lead: Piece::own(lead),
        key: Piece::own(&key),
        colon: Piece::own(colon),
        value: Value::new(Piece::Own(Arc::clone(json))),
    };
    container.has_escaped_keys |= key.contains('\\');
    container.len += item.len();
    container.items.push(item);
    true
}

/// Takes an item out, with the comma that parted it from its neighbour.
fn take_out(container: &mut Container, at: usize) {
    let removed = container.items.remove(at);
    container.len -= removed.len();
    if at == 0 {
        container.with_item(at, |first, _| first.lead = removed.lead);
    }
}

/// Bytes that adding the last token of a path to its parent takes, beside the
/// value.
pub(super) fn overhead(parent: &Container, token: &str) -> usize {
    let comma = usize::from(!parent.items.is_empty());
    match parent.shape {
        Shape::Object => comma + string::encode(token).len() + 1,
        Shape::Array => comma,
    }
}
