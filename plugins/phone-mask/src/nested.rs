//! JSON that travels inside a string.
//!
//! A masked number is no JSON number any more. Where it stood bare in nested
//! JSON, it becomes a string, so that the nested JSON can still be read.

use std::ops::Range;

use serde::de::IgnoredAny;

/// The number tokens outside strings, in bytes; none where the text is no JSON
/// object or array.
pub fn bare_numbers(text: &str) -> Vec<Range<usize>> {
    let is_container = text.trim_start().starts_with(['{', '[']);
    if !is_container || serde_json::from_str::<IgnoredAny>(text).is_err() {
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
}
