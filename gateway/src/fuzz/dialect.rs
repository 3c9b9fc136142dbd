//! A record as a dialect looks at it, and the request line that brought it.
//!
//! Input: a query in the first line, then the document.

use std::collections::HashSet;

use bytes::Bytes;
use http::{HeaderMap, Method};

use super::text_line;
use crate::{
    ingest::dialect::{Dialect, Head, Json, MAX_VIOLATIONS, Tccc},
    record::{Document, Kind, Pattern, Pointer},
};

/// Violations are few, named once and point at something; number places select
/// what is there. Whatever the query says, it is a kind or a refusal.
pub fn dialect(data: &[u8]) {
    let Some((query, text)) = text_line(data) else {
        return;
    };
    let json = Json::new(
        Kind::Cdr,
        Pointer::parse("/SessionId").ok(),
        Pattern::parse("/legs/*/number").ok().into_iter().collect(),
    );
    let dialects: [&dyn Dialect; 2] = [&Tccc, &json];
    for dialect in dialects {
        let kind = dialect.admit(&Head {
            method: &Method::POST,
            query,
            headers: &HeaderMap::new(),
        });
        let document = Document::parse(Bytes::copy_from_slice(text));
        if let (Ok(kind), Ok(document)) = (kind, document) {
            examine(dialect, kind, &document);
        }
    }
}

fn examine(dialect: &dyn Dialect, kind: Kind, document: &Document) {
    let violations = dialect.examine(kind, document);
    assert!(violations.len() <= MAX_VIOLATIONS, "too many violations");
    let distinct: HashSet<_> = violations.iter().collect();
    assert_eq!(distinct.len(), violations.len(), "named twice");
    for violation in &violations {
        assert!(is_there(document, violation), "points at nothing");
    }
    for place in dialect.number_places(kind) {
        for found in document.select(place) {
            assert!(is_there(document, &found.pointer), "selects nothing");
        }
    }
    let _ = dialect.session(kind, document);
}

/// Whether something stands at a pointer, be it in an earlier member of a duplicated
/// key, which a reader of JSON does not see.
fn is_there(document: &Document, pointer: &str) -> bool {
    let pattern = Pattern::parse(pointer).unwrap();
    !document.select(&pattern).is_empty()
}
