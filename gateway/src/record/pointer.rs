//! JSON Pointer (RFC 6901): the name of one place in a document.

use std::{fmt, str::FromStr};

/// One place in a document.
///
/// An array index is written without sign or leading zeros; `-`, the place
/// after an array's last element, can only be written to.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pointer {
    tokens: Vec<String>,
}

/// Why a text is not a JSON Pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PointerError {
    /// Only the empty pointer, the whole document, has no leading slash.
    #[error("a JSON Pointer is empty or begins with '/'")]
    NoSlash,
    /// `~` was not followed by `0` or `1`; the byte offset of the `~`.
    #[error("'~' at byte {0} of a JSON Pointer must be followed by 0 ('~') or 1 ('/')")]
    BadEscape(usize),
}

impl Pointer {
    /// Reads a pointer.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        parse_tokens(text).map(|tokens| Self { tokens })
    }

    /// The unescaped tokens, outermost first; none for the whole document.
    pub fn tokens(&self) -> &[String] {
        &self.tokens
    }
}

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens
            .iter()
            .try_for_each(|token| write_token(f, token))
    }
}

/// Splits and unescapes a pointer.
pub(super) fn parse_tokens(text: &str) -> Result<Vec<String>, PointerError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let rest = text.strip_prefix('/').ok_or(PointerError::NoSlash)?;
    let mut offset = 1;
    let mut tokens = Vec::new();
    for escaped in rest.split('/') {
        tokens.push(unescape(escaped, offset)?);
        offset += escaped.len() + 1;
    }
    Ok(tokens)
}

fn unescape(escaped: &str, offset: usize) -> Result<String, PointerError> {
    if !escaped.contains('~') {
        return Ok(escaped.to_owned());
    }
    let mut token = String::with_capacity(escaped.len());
    let mut chars = escaped.char_indices();
    while let Some((at, char)) = chars.next() {
        let plain = match char {
            '~' => match chars.next() {
                Some((_, '0')) => '~',
                Some((_, '1')) => '/',
                _ => return Err(PointerError::BadEscape(offset + at)),
            },
            other => other,
        };
        token.push(plain);
    }
    Ok(token)
}

/// Adds a token to the text of a pointer.
pub(crate) fn push_token(pointer: &mut String, token: &str) {
    // A text takes whatever is written to it.
    let _ = write_token(pointer, token);
}

/// Writes a slash and the escaped token.
pub(super) fn write_token(out: &mut impl fmt::Write, token: &str) -> fmt::Result {
    out.write_char('/')?;
    if !token.contains(['~', '/']) {
        return out.write_str(token);
    }
    for char in token.chars() {
        match char {
            '~' => out.write_str("~0")?,
            '/' => out.write_str("~1")?,
            other => out.write_char(other)?,
        }
    }
    Ok(())
}

/// The array index that a token stands for.
pub(super) fn index(token: &str) -> Option<usize> {
    let digits = token.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = token == "0" || !token.starts_with('0');
    if digits && canonical {
        token.parse().ok()
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_pointers() {
        let cases: [(&str, &[&str]); 7] = [
            ("", &[]),
            ("/", &[""]),
            ("/a/b", &["a", "b"]),
            ("/a~1b/m~0n", &["a/b", "m~n"]),
            ("/~01", &["~1"]),
            ("//x/", &["", "x", ""]),
            ("/中/0", &["中", "0"]),
        ];
        for (text, tokens) in cases {
            let pointer = Pointer::parse(text).unwrap();
            assert_eq!(pointer.tokens(), tokens, "{text}");
            assert_eq!(pointer.to_string(), text);
        }
    }

    #[test]
    fn refuses_what_is_not_a_pointer() {
        let cases = [
            ("a", PointerError::NoSlash),
            ("#/a", PointerError::NoSlash),
            ("/a~", PointerError::BadEscape(2)),
            ("/中/~2", PointerError::BadEscape(5)),
        ];
        for (text, error) in cases {
            assert_eq!(Pointer::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn an_index_is_canonical() {
        let cases = [
            ("0", Some(0)),
            ("10", Some(10)),
            ("01", None),
            ("-", None),
            ("+1", None),
            ("", None),
            ("99999999999999999999", None),
        ];
        for (token, expected) in cases {
            assert_eq!(index(token), expected, "{token}");
        }
    }
}
