//! JSON string tokens: from their text to what they mean.

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer, Visitor};

/// What a JSON string token (quotes included) means.
///
/// JSON allows an escaped half of a surrogate pair, which no Rust string can
/// hold: it is replaced by U+FFFD, so that the rest stays readable to those
/// who must see every digit. A text that is no JSON string is returned as it is.
pub fn decode(token: &str) -> Cow<'_, str> {
    let Some(inner) = token
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    else {
        return Cow::Borrowed(token);
    };
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    match serde_json::from_str::<String>(token) {
        Ok(text) => Cow::Owned(text),
        Err(_) => decode_lossy(token).map_or(Cow::Borrowed(inner), Cow::Owned),
    }
}

/// What a full-width character begins with in UTF-8.
const WIDE: u8 = 0xef;

/// Number of digits in a text, ASCII and full-width.
pub fn digits(text: &str) -> usize {
    let ascii = text.bytes().filter(u8::is_ascii_digit).count();
    if !text.as_bytes().contains(&WIDE) {
        return ascii;
    }
    // A full-width digit, and nothing else in UTF-8.
    let is_wide = |bytes: &&[u8]| matches!(bytes, [WIDE, 0xbc, 0x90..=0x99]);
    ascii + text.as_bytes().windows(3).filter(is_wide).count()
}

/// Whether a JSON token means a text with at least so many digits.
pub fn has_digits(token: &str, at_least: usize) -> bool {
    // No escape has fewer digits than the digit that it stands for.
    digits(token) >= at_least && (!token.contains('\\') || digits(&decode(token)) >= at_least)
}

/// The JSON string token for a text.
pub fn encode(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `serde_json` lets unpaired surrogates pass where bytes are asked for.
fn decode_lossy(token: &str) -> Option<String> {
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<String, E> {
            Ok(String::from_utf8_lossy(bytes).into_owned())
        }
    }

    serde_json::Deserializer::from_str(token)
        .deserialize_bytes(Bytes)
        .ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn digits_are_counted_by_what_a_token_means() {
        let cases = [
            (r#""1234567""#, 7, true),
            (r#""123456""#, 7, false),
            (r#""\u0031\u0032""#, 3, false),
            (r#""\u0031\u0032""#, 2, true),
            (r#""\uff11２""#, 2, true),
            ("1234567", 7, true),
            (r#""""#, 0, true),
        ];
        for (token, at_least, expected) in cases {
            assert_eq!(has_digits(token, at_least), expected, "{token}");
        }
    }

    #[test]
    fn decodes_tokens() {
        let cases = [
            (r#""plain 中""#, "plain 中"),
            (r#""""#, ""),
            (r#""\u0031\n\"\/""#, "1\n\"/"),
            (r#""\ud83d\ude00""#, "😀"),
            ("13123456789", "13123456789"),
        ];
        for (token, expected) in cases {
            assert_eq!(decode(token), expected, "{token}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_does_not_hide_the_rest() {
        let decoded = decode(r#""\ud800 \u0031\u0033""#);
        assert!(decoded.ends_with(" 13"), "{decoded}");
    }

    #[test]
    fn counts_digits() {
        for (text, expected) in [("", 0), ("a1-2", 2), ("１a2号", 2), ("٣", 0)] {
            assert_eq!(digits(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn digits_are_counted_as_characters_are(text in "[0-9０-９a号￿\u{f000}-\u{ffef}]{0,40}|.{0,40}") {
            let is_digit = |char: &char| matches!(char, '0'..='9' | '０'..='９');
            prop_assert_eq!(digits(&text), text.chars().filter(is_digit).count());
        }
    }

    #[test]
    fn encodes_what_it_decodes() {
        for text in ["", "a\"b\\c\n", "中😀"] {
            assert_eq!(decode(&encode(text)), text);
        }
    }
}
