//! JSON strings, and what they mean.

use std::borrow::Cow;

/// The text that a JSON string means: borrowed where nothing in it is escaped, as in
/// most. None where it is no JSON string.
#[must_use]
pub fn string(json: &str) -> Option<Cow<'_, str>> {
    match json.strip_prefix('"')?.strip_suffix('"')? {
        plain if !plain.contains('\\') => Some(Cow::Borrowed(plain)),
        _ => serde_json::from_str(json).ok().map(Cow::Owned),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strings_mean() {
        let cases = [
            ("\"\"", Some("")),
            ("\"中 1\"", Some("中 1")),
            (r#""a\n\u0031\"""#, Some("a\n1\"")),
            (r#""\""#, None),
            ("\"", None),
            ("1", None),
        ];
        for (json, expected) in cases {
            assert_eq!(string(json).as_deref(), expected, "{json}");
        }
    }
}
