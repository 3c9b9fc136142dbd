//! Texts in texts: percent escapes and JSON's `\u` escapes inside a value.

use std::borrow::Cow;

/// How often a text is unescaped, before it counts as too deep to be inspected.
const ROUNDS: usize = 5;

/// Whether `holds` is true of a text or of what it means once unescaped, and
/// unescaped again. None if there is still something to unescape in the end.
///
/// Every form is asked, since a text may hold what looks like an escape.
pub(super) fn any_form(text: &str, mut holds: impl FnMut(&str) -> bool) -> Option<bool> {
    let mut form = Cow::Borrowed(text);
    for _ in 0..ROUNDS {
        if holds(&form) {
            return Some(true);
        }
        match unescape(&form) {
            Some(next) => form = Cow::Owned(next),
            None => return Some(false),
        }
    }
    None
}

/// Replaces each `%41` and `\u0041` by its character; none if there is none.
fn unescape(text: &str) -> Option<String> {
    if !text.contains(['%', '\\']) {
        return None;
    }
    let mut bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut changed = false;
    while let Some((&first, rest)) = bytes.split_first() {
        if let Some((escape, length)) = escape(bytes) {
            escape.push_to(&mut out);
            bytes = &bytes[length..];
            changed = true;
        } else {
            out.push(first);
            bytes = rest;
        }
    }
    changed.then(|| String::from_utf8_lossy(&out).into_owned())
}

enum Escape {
    Byte(u8),
    Char(char),
}

impl Escape {
    fn push_to(self, out: &mut Vec<u8>) {
        match self {
            Self::Byte(byte) => out.push(byte),
            Self::Char(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// The escape that a text begins with, and its length.
fn escape(bytes: &[u8]) -> Option<(Escape, usize)> {
    match bytes {
        [b'%', high, low, ..] => {
            let byte = hex(&[*high, *low])?;
            Some((Escape::Byte(u8::try_from(byte).ok()?), 3))
        }
        [b'\\', b'u', a, b, c, d, ..] => {
            let code = hex(&[*a, *b, *c, *d])?;
            // No digit is written with a pair of surrogates.
            let char = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
            Some((Escape::Char(char), 6))
        }
        _ => None,
    }
}

fn hex(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |value, &digit| {
        Some(value * 16 + char::from(digit).to_digit(16)?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unescapes_one_round() {
        let cases = [
            ("plain", None),
            ("100% \\n %zz \\u12", None),
            ("%31%33", Some("13")),
            ("\\u0031%EF%BC%91", Some("1１")),
            ("%2531", Some("%31")),
            ("%ff", Some("\u{fffd}")),
        ];
        for (text, expected) in cases {
            assert_eq!(unescape(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn asks_about_every_form() {
        let is = |wanted: &'static str| move |text: &str| text == wanted;
        assert_eq!(any_form("a", is("b")), Some(false));
        assert_eq!(any_form("%2531", is("%2531")), Some(true));
        assert_eq!(any_form("%2531", is("%31")), Some(true));
        assert_eq!(any_form("%2531", is("1")), Some(true));
        let deep = format!("%{}31", "25".repeat(9));
        assert_eq!(any_form(&deep, is("1")), None);
    }
}
