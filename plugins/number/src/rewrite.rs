//! A text with parts of it replaced.
//!
//! A text may be JSON that travels inside a string. What replaces a number is no
//! JSON number any more, so where one stood bare it becomes a string, and the
//! nested JSON can still be read.

use std::{borrow::Cow, ops::Range};

use serde::de::IgnoredAny;

/// One replacement: which bytes of the text, and what stands there instead.
pub type Edit<'a> = (Range<usize>, Cow<'a, str>);

/// The text with its edits made. They do not overlap; their order does not
/// matter. An edit whose bounds are inside a character is left out with what
/// follows it up to the next one.
#[must_use]
pub fn rewrite(text: &str, mut edits: Vec<Edit<'_>>) -> String {
    for number in bare_numbers(text) {
        if edits.iter().any(|(place, _)| number.contains(&place.start)) {
            edits.push((number.start..number.start, Cow::Borrowed("\"")));
            edits.push((number.end..number.end, Cow::Borrowed("\"")));
        }
    }
    edits.sort_by_key(|(place, _)| (place.start, place.end));

    let mut rewritten = String::with_capacity(text.len());
    let mut copied = 0;
    for (place, replacement) in edits {
        rewritten.push_str(text.get(copied..place.start).unwrap_or_default());
        rewritten.push_str(&replacement);
        copied = place.end;
    }
    rewritten.push_str(text.get(copied..).unwrap_or_default());
    rewritten
}

/// Whether a text is a JSON object or array.
#[must_use]
pub fn is_nested_json(text: &str) -> bool {
    let is_container = text.trim_start().starts_with(['{', '[']);
    is_container && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The number tokens outside strings, in bytes; none where the text is no JSON
/// object or array.
fn bare_numbers(text: &str) -> Vec<Range<usize>> {
    if !is_nested_json(text) {
        return Vec::new();
    }
    let bytes = text.as_bytes();
    let mut numbers = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at = match byte {
            b'"' => string_end(bytes, at),
            b'-' | b'0'..=b'9' => {
                let end = number_end(bytes, at);
                numbers.push(at..end);
                end
            }
            _ => at + 1,
        };
    }
    numbers
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let is_number = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
    start + bytes.iter().skip(start).take_while(is_number).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_strings() {
        let cases: &[(&str, &[&str])] = &[
            (
                r#"{"a":131,"b":"1, 2","c\"9":[-1.5e+3, 4]}"#,
                &["131", "-1.5e+3", "4"],
            ),
            ("[13123456789]", &["13123456789"]),
            (" [1] ", &["1"]),
            ("{13123456789}", &[]),
            ("[1] and more", &[]),
            ("13123456789", &[]),
            ("", &[]),
        ];
        for (text, expected) in cases {
            let found: Vec<&str> = bare_numbers(text)
                .into_iter()
                .map(|range| &text[range])
                .collect();
            assert_eq!(found, *expected, "{text}");
        }
    }

    #[test]
    fn edits_in_any_order() {
        type Edits = &'static [(Range<usize>, &'static str)];
        let cases: &[(&str, Edits, &str)] = &[
            ("abcdef", &[(4..5, "*"), (0..2, "")], "cd*f"),
            ("[12,34]", &[(1..2, "x")], r#"["x2",34]"#),
            ("[12]", &[(1..3, "")], r#"[""]"#),
            (r#"{"a":"12"}"#, &[(6..8, "x")], r#"{"a":"x"}"#),
            ("same", &[], "same"),
        ];
        for (text, edits, expected) in cases {
            let edits = edits
                .iter()
                .map(|(place, text)| (place.clone(), Cow::Borrowed(*text)));
            assert_eq!(rewrite(text, edits.collect()), *expected);
        }
    }
}
