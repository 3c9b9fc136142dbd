//! One character of a number, however it is written.
//!
//! Digits come as ASCII, full-width (`１`), percent-escaped (`%31`) and
//! JSON-escaped (`\u0031`, in JSON that travels inside a string); so do plus
//! signs and separators.

/// What a character means to someone who looks for phone numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyph {
    /// A decimal digit, as its ASCII byte.
    Digit(u8),
    /// `+`, the sign of an international number.
    Plus,
    /// What people put between the digits of one number.
    Separator,
    /// What may part the digits of a number that someone hides or lists: other
    /// white space, commas, colons.
    Loose,
    /// What stands for a hidden digit.
    Mask,
    /// `x`: two or more in a row are a mask, as the sender writes it; one may
    /// begin an extension.
    Cross,
    /// Any other ASCII letter.
    Letter,
    /// Anything else.
    Other,
}

impl Glyph {
    /// The glyph at a byte offset of a text and its length in bytes. None at
    /// the end, or where the offset is inside a character.
    #[must_use]
    pub fn at(text: &str, offset: usize) -> Option<(Self, usize)> {
        let rest = text.get(offset..)?;
        let glyph = match *rest.as_bytes().first()? {
            digit @ b'0'..=b'9' => (Self::Digit(digit), 1),
            b'a'..=b'w' | b'y' | b'z' | b'A'..=b'W' | b'Y' | b'Z' => (Self::Letter, 1),
            b'%' => escaped_percent(rest).unwrap_or((Self::Other, 1)),
            b'\\' => escaped_json(rest),
            byte if byte.is_ascii() => (Self::of(char::from(byte)), 1),
            _ => {
                let char = rest.chars().next()?;
                (Self::of(char), char.len_utf8())
            }
        };
        Some(glyph)
    }

    /// What an unescaped character means.
    fn of(char: char) -> Self {
        match char {
            '0'..='9' => Self::Digit(char as u8),
            '\u{ff10}'..='\u{ff19}' => {
                let [value, ..] = (u32::from(char) - 0xff10).to_le_bytes();
                Self::Digit(b'0' + value)
            }
            '+' | '\u{ff0b}' => Self::Plus,
            '*' | '#' | '\u{ff0a}' | '\u{2022}' | '\u{25cf}' => Self::Mask,
            'x' | 'X' | '\u{d7}' => Self::Cross,
            _ if is_separator(char) => Self::Separator,
            _ if is_loose(char) => Self::Loose,
            _ => Self::Other,
        }
    }
}

/// The punctuation that libphonenumber allows inside a number, but for the
/// letter `x`.
fn is_separator(char: char) -> bool {
    matches!(
        char,
        '-' | ' '
            | '.'
            | '('
            | ')'
            | '['
            | ']'
            | '/'
            | '~'
            | '\u{a0}'
            | '\u{ad}'
            | '\u{200b}'
            | '\u{2060}'
            | '\u{3000}'
            | '\u{2010}'
            ..='\u{2015}'
                | '\u{2212}'
                | '\u{30fc}'
                | '\u{ff0d}'
                | '\u{ff08}'
                | '\u{ff09}'
                | '\u{ff3b}'
                | '\u{ff3d}'
                | '\u{ff0e}'
                | '\u{ff0f}'
                | '\u{2053}'
                | '\u{223c}'
                | '\u{ff5e}'
    )
}

/// The gateway's egress contract reads on over these.
fn is_loose(char: char) -> bool {
    char.is_whitespace()
        || matches!(
            char,
            '_' | ',' | ';' | ':' | '\'' | '\u{b7}' | '\u{ff0c}' | '\u{ff1a}'
                | '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2061}'..='\u{2069}' | '\u{feff}'
        )
}

/// `%31`, or the three escapes of a three-byte character (`%EF%BC%91`).
fn escaped_percent(text: &str) -> Option<(Glyph, usize)> {
    let mut bytes = [0; 3];
    let first = escaped_byte(text, 0)?;
    let length = match first {
        0..=0x7f => 1,
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        _ => return None,
    };
    for (index, byte) in bytes.iter_mut().take(length).enumerate() {
        *byte = escaped_byte(text, index * 3)?;
    }
    let char = std::str::from_utf8(bytes.get(..length)?)
        .ok()?
        .chars()
        .next()?;
    Some((Glyph::of(char), length * 3))
}

fn escaped_byte(text: &str, offset: usize) -> Option<u8> {
    let digits = text.get(offset..offset + 3)?.strip_prefix('%')?;
    // A sign would pass from_str_radix.
    let plain = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

/// `\u0031`, or a two-character escape such as `\n`, which is no letter.
fn escaped_json(text: &str) -> (Glyph, usize) {
    let unicode = text
        .get(..6)
        .and_then(|escape| escape.strip_prefix("\\u"))
        .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .and_then(|digits| u32::from_str_radix(digits, 16).ok())
        .and_then(char::from_u32);
    match unicode {
        Some(char) => (Glyph::of(char), 6),
        None if text.as_bytes().get(1).is_some_and(u8::is_ascii_lowercase) => (Glyph::Other, 2),
        None => (Glyph::Other, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digit_is_a_digit_however_it_is_written() {
        let cases = [
            ("7", 1),
            ("７", 3),
            ("%37", 3),
            ("%EF%BC%97", 9),
            ("%ef%bc%97", 9),
            ("\\u0037", 6),
            ("\\uFF17", 6),
        ];
        for (text, length) in cases {
            assert_eq!(
                Glyph::at(text, 0),
                Some((Glyph::Digit(b'7'), length)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_digit() {
        use Glyph::{Cross, Letter, Loose, Mask, Other, Plus, Separator};
        let cases = [
            ("+", Plus, 1),
            ("＋", Plus, 3),
            ("%2B", Plus, 3),
            ("-", Separator, 1),
            ("%20", Separator, 3),
            ("\u{3000}", Separator, 3),
            ("（", Separator, 3),
            ("*", Mask, 1),
            ("#", Mask, 1),
            ("x", Cross, 1),
            ("a", Letter, 1),
            ("号", Other, 3),
            (":", Loose, 1),
            ("%0A", Loose, 3),
            ("\"", Other, 1),
            ("\\n1", Other, 2),
            ("\\\"", Other, 1),
            ("\\u00", Other, 2),
            ("%", Other, 1),
            ("%+1", Other, 1),
            ("%E4%BD%A0", Other, 9),
            ("%EF%BC", Other, 1),
            ("%号", Other, 1),
        ];
        for (text, glyph, length) in cases {
            assert_eq!(Glyph::at(text, 0), Some((glyph, length)), "{text}");
        }
        assert_eq!(Glyph::at("号", 1), None);
        assert_eq!(Glyph::at("", 0), None);
    }
}
