//! A record as any sender may write it, and an edit as any plugin may make it.
//!
//! Input: a JSON Pointer in the first line, a JSON value in the second, then the
//! document.

use bytes::Bytes;
use serde::de::IgnoredAny;

use super::text_line;
use crate::record::{Document, Pointer};

/// Longest document that an edit may make.
const MAX: usize = 4096;

/// What is untouched leaves as it came; what was edited is a document that says
/// what was asked, within its limit, and nothing else of it changed.
pub fn record(data: &[u8]) {
    let Some((pointer, rest)) = text_line(data) else {
        return;
    };
    let Some((value, text)) = text_line(rest) else {
        return;
    };
    let Ok(document) = Document::parse(Bytes::copy_from_slice(text)) else {
        return;
    };
    let judged: Result<IgnoredAny, _> = serde_json::from_slice(text);
    assert!(judged.is_ok(), "serde_json refuses the document");
    assert_eq!(document.bytes(), text, "untouched, and not as it came");
    let Ok(pointer) = Pointer::parse(pointer) else {
        return;
    };
    set(&document, &pointer, value);
    remove(&document, &pointer);
    rename(&document, &pointer, value);
}

fn set(before: &Document, pointer: &Pointer, value: &str) {
    let mut after = before.clone();
    if after.set(pointer, value, MAX).is_err() {
        assert_eq!(after.bytes(), before.bytes(), "refused, and changed");
        return;
    }
    let again = read_again(&after);
    assert!(!after.is_touched() || after.len() <= MAX, "over the limit");
    if pointer.tokens().last().is_none_or(|token| token != "-") {
        let said = again.get(pointer);
        assert_eq!(said.as_deref(), Some(value.trim_matches(WHITESPACE)));
    }
    others_unchanged(before, &again, pointer);
}

fn remove(before: &Document, pointer: &Pointer) {
    let mut after = before.clone();
    if after.remove(pointer) {
        let again = read_again(&after);
        others_unchanged(before, &again, pointer);
    } else {
        assert_eq!(
            after.bytes(),
            before.bytes(),
            "nothing removed, and changed"
        );
    }
}

fn rename(before: &Document, pointer: &Pointer, name: &str) {
    let mut after = before.clone();
    if !matches!(after.rename(pointer, name, MAX), Ok(true)) {
        assert_eq!(after.bytes(), before.bytes(), "refused, and changed");
        return;
    }
    let again = read_again(&after);
    assert!(!after.is_touched() || after.len() <= MAX, "over the limit");
    let Some((_, parents)) = pointer.tokens().split_last() else {
        panic!("the whole document has no name");
    };
    if again.get(pointer).is_none() {
        let tokens = parents.iter().map(String::as_str).chain([name]);
        let place = tokens.fold(String::new(), |place, token| place + "/" + &escaped(token));
        let place = Pointer::parse(&place).unwrap();
        assert_eq!(again.get(&place), before.get(pointer), "the value changed");
    }
    if !parents.is_empty() {
        others_unchanged(before, &again, pointer);
    }
}

fn escaped(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// Whitespace of RFC 8259.
const WHITESPACE: [char; 4] = [' ', '\t', '\n', '\r'];

fn read_again(document: &Document) -> Document {
    let bytes = document.bytes();
    assert_eq!(bytes.len(), document.len(), "the length is another");
    match Document::parse(bytes) {
        Ok(document) => document,
        Err(error) => panic!("an edit made no document: {error}"),
    }
}

/// Members of the top level that the edit is not about.
fn others_unchanged(before: &Document, after: &Document, pointer: &Pointer) {
    let Some(touched) = pointer.tokens().first() else {
        return;
    };
    let crate::record::document::Peek::Object(object) = before.peek() else {
        return;
    };
    for name in object.names() {
        if *name != **touched {
            let place = Pointer::parse(&format!("/{}", escaped(&name))).unwrap();
            assert_eq!(
                before.get(&place),
                after.get(&place),
                "another member changed"
            );
        }
    }
}
