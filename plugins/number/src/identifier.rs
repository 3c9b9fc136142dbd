//! Identifiers that happen to hold digits: UUIDs and long hexadecimal words.
//! Numbers are not looked for in them, because a mangled identifier no longer
//! joins one record to another.

/// A hexadecimal word this long is a digest or an id, not a name with a number.
const SHORTEST_HEX: usize = 16;

/// Lengths of the words of a UUID.
const UUID: [usize; 5] = [8, 4, 4, 4, 12];

/// Follows a reader through a text.
#[derive(Debug, Default)]
pub struct Tracker {
    /// The last glyph was of a word.
    in_word: bool,
    /// Where the identifier ends that is being read, or was read last.
    end: usize,
}

impl Tracker {
    /// The length of the identifier that begins at an offset. `is_word` tells
    /// whether an ASCII letter or digit stands there.
    pub fn begins(&mut self, text: &str, offset: usize, is_word: bool) -> Option<usize> {
        let begins = is_word && !self.in_word && offset >= self.end;
        self.in_word = is_word;
        begins.then(|| at(text.as_bytes(), offset))?
    }

    /// Whether the identifier that was entered last ends at an offset.
    pub fn ends(&self, offset: usize) -> bool {
        offset == self.end && offset > 0
    }

    /// Goes into an identifier that ends at an offset.
    pub fn enter(&mut self, end: usize) {
        self.end = end;
    }

    /// Whether an offset, of what was read since the last border, is inside an
    /// identifier.
    pub fn covers(&self, offset: usize) -> bool {
        offset < self.end
    }
}

/// The length of the identifier that begins at an offset, which must be where
/// a word begins. The sender blanks characters of its ids with `x`.
fn at(text: &[u8], offset: usize) -> Option<usize> {
    let rest = text.get(offset..)?;
    uuid(rest).or_else(|| hex(rest))
}

fn uuid(text: &[u8]) -> Option<usize> {
    let mut length = 0;
    for (index, &expected) in UUID.iter().enumerate() {
        if index > 0 {
            text.get(length).filter(|&&byte| byte == b'-')?;
            length += 1;
        }
        let word = word(text.get(length..)?);
        if word.len() != expected || !word.iter().copied().all(is_id_byte) {
            return None;
        }
        length += expected;
    }
    has_letter(text.get(..length)?).then_some(length)
}

fn hex(text: &[u8]) -> Option<usize> {
    let word = word(text);
    let fits = word.len() >= SHORTEST_HEX && word.iter().all(u8::is_ascii_hexdigit);
    (fits && has_letter(word)).then_some(word.len())
}

fn word(text: &[u8]) -> &[u8] {
    let length = text
        .iter()
        .take_while(|byte| byte.is_ascii_alphanumeric())
        .count();
    text.get(..length).unwrap_or_default()
}

fn is_id_byte(byte: u8) -> bool {
    byte.is_ascii_hexdigit() || byte == b'x'
}

fn has_letter(text: &[u8]) -> bool {
    text.iter().any(u8::is_ascii_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        let cases = [
            ("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232", Some(36)),
            ("0d0b5f9e-1f5c-4e36-9d4b-013800138000/x", Some(36)),
            ("0d0b5f9e1f5c4e369d4b013800138000.mp3", Some(32)),
            ("0d0b5f9e-1f5c-4e36-9d4b-0138001380001", None),
            ("0d0b5f9e.mp3", None),
            ("13123456789-0001", None),
            ("1234567890123456", None),
            ("A20241122-0091", None),
            ("", None),
        ];
        for (text, length) in cases {
            assert_eq!(at(text.as_bytes(), 0), length, "{text}");
        }
    }
}
