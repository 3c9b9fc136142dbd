//! What a correction changes, place by place.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::ControlFlow,
};

use bytes::Bytes;

use crate::record::{Document, document::Token};

/// Values by their places; a duplicated key has several.
type Values = BTreeMap<String, Vec<String>>;

/// The lines that tell one text from the other.
pub(super) fn between(before: &str, after: &str) -> Vec<String> {
    let Some(after) = values(after) else {
        // The gateway says what is wrong with it.
        return Vec::new();
    };
    let Some(before) = values(before) else {
        return vec!["the record was not JSON; the new one takes its place".to_owned()];
    };
    let none = Vec::new();
    let mut lines = Vec::new();
    let places: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    for place in places {
        let old = before.get(place).unwrap_or(&none);
        let new = after.get(place).unwrap_or(&none);
        if old != new {
            lines.push(place.clone());
            lines.extend(old.iter().map(|value| format!("  - {value}")));
            lines.extend(new.iter().map(|value| format!("  + {value}")));
        }
    }
    if lines.is_empty() {
        lines.push("only order, white space or empty containers change".to_owned());
    }
    lines
}

fn values(text: &str) -> Option<Values> {
    let document = Document::parse(Bytes::copy_from_slice(text.as_bytes())).ok()?;
    let mut values = Values::new();
    let _ = document.walk(&mut |place, token| {
        if let Token::String(value) | Token::Number(value) | Token::Literal(value) = token {
            let at = values.entry(place.pointer()).or_default();
            at.push(value.to_owned());
        }
        ControlFlow::Continue(())
    });
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::between;

    #[test]
    fn changes_are_told_by_place() {
        let record = r#"{"a":1.0,"b":["x",null]}"#;
        for (after, expected) in [
            (r#"{"a":1,"b":["x",null]}"#, &["/a", "  - 1.0", "  + 1"][..]),
            (r#"{"b":["x"],"a":1.0}"#, &["/b/1", "  - null"]),
            (
                r#"{"a":1.0,"b":["x",null],"c":{"d":"e"}}"#,
                &["/c/d", "  + \"e\""],
            ),
            (
                r#"{"b":["x",null],"a":1.0}"#,
                &["only order, white space or empty containers change"],
            ),
        ] {
            assert_eq!(between(record, after), expected, "{after}");
        }
        assert_eq!(between("{", record).len(), 1);
        assert!(between(record, "{").is_empty());
    }
}
