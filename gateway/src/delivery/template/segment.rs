//! One segment of a path: text and values, and what a value may bring into it.
//!
//! Invariants, whatever a value says:
//! - A segment is one name: no separator, neither empty nor `.` nor `..`, no NUL
//!   and no control character, at most [`MAX_SEGMENT`] bytes.
//! - Values that are too long stay distinct: they are cut and end in a part of
//!   their SHA-256.
//! - No name is hidden, looks like an option, ends as an open part does, or is
//!   one that another system keeps for itself, so that a value can neither hide a
//!   file from who collects it nor make the file system refuse it.
//!
//! Values that differ only in what may not stand in a name share a file, and so
//! do those that differ only in case where the file system does not tell cases
//! apart. Their lines never mix: a part has one writer, and the next one gets
//! another number.

use sha2::{Digest, Sha256};

use super::{ABSENT, Facts, TemplateError, piece::Part};

/// Longest value in a segment, in bytes.
const MAX_VALUE: usize = 120;

/// Longest segment, in bytes. File systems allow 255; the rest is left for the
/// number and the endings of parts, manifests and what is being written.
pub(super) const MAX_SEGMENT: usize = 200;

/// What a value that was cut ends in: a tilde and so many hexadecimal digits.
const HASH_DIGITS: usize = 16;

/// Room that a value needs at least: the hash, and a little of itself.
const MIN_VALUE: usize = HASH_DIGITS + 7;

/// How an open part ends.
const OPEN: &str = ".open";

/// Names of devices where file names come from Windows, with any extension.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// One name of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    parts: Vec<Part>,
    /// Longest value in this segment, in bytes.
    max_value: usize,
}

impl Segment {
    /// A segment of these parts, which begins at this offset of the template.
    pub(super) fn new(offset: usize, parts: Vec<Part>) -> Result<Self, TemplateError> {
        let outside = |reason| Err(TemplateError::Outside { offset, reason });
        let wrong = |reason| Err(TemplateError::Path { offset, reason });
        match parts.as_slice() {
            [] if offset == 0 => return outside("it is empty or begins with `/`"),
            [] => return wrong("the path has an empty segment"),
            [Part::Text(text)] if text == ".." => return outside("a segment is `..`"),
            [Part::Text(text)] if text == "." => return wrong("the path has a segment `.`"),
            _ => {}
        }
        let mut text_bytes = 0;
        let mut values = 0;
        for part in &parts {
            match part {
                Part::Text(text) if text.contains(|c: char| c == '\\' || c.is_control()) => {
                    return wrong("the path has a backslash or a control character");
                }
                Part::Text(text) => text_bytes += text.len(),
                Part::Value(_) => values += 1,
            }
        }
        let room = MAX_SEGMENT.saturating_sub(text_bytes);
        if room < values * MIN_VALUE || text_bytes > MAX_SEGMENT {
            return wrong("a segment of the path is too long for a file name");
        }
        let max_value = room.checked_div(values).unwrap_or(room).min(MAX_VALUE);
        Ok(Self { parts, max_value })
    }

    /// Longest name that it can come to, in bytes.
    pub(super) fn max_bytes(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Value(_) => self.max_value,
        };
        self.parts.iter().map(length).sum()
    }

    /// The name for a record.
    pub(super) fn render(&self, facts: &Facts<'_>) -> String {
        let mut name = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => name.push_str(text),
                Part::Value(value) => match value.value(facts) {
                    Some(value) => push_value(&mut name, &value, self.max_value),
                    None => name.push_str(ABSENT),
                },
            }
        }
        if self.parts.iter().any(|it| matches!(it, Part::Value(_))) {
            let begins_with_text = matches!(self.parts.first(), Some(Part::Text(_)));
            tame(&mut name, begins_with_text);
        }
        name
    }

    /// Whether both can come to one name. A placeholder can be anything.
    pub(super) fn may_meet(&self, other: &Self) -> bool {
        meet(&self.pattern(), &other.pattern())
    }

    /// Its characters; none for any run of them.
    fn pattern(&self) -> Vec<Option<char>> {
        let mut pattern = Vec::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => pattern.extend(text.chars().map(Some)),
                Part::Value(_) => pattern.push(None),
            }
        }
        pattern
    }
}

/// Whether some text matches both patterns.
fn meet(one: &[Option<char>], other: &[Option<char>]) -> bool {
    // Whether the rests from here on can meet, from the end backwards.
    let mut after = vec![false; other.len() + 1];
    for i in (0..=one.len()).rev() {
        let mut row = vec![false; other.len() + 1];
        for j in (0..=other.len()).rev() {
            row[j] = match (one.get(i), other.get(j)) {
                (None, None) => true,
                (Some(None), _) => after[j] || (j < other.len() && row[j + 1]),
                (_, Some(None)) => row[j + 1] || (i < one.len() && after[j]),
                (Some(a), Some(b)) => a == b && after[j + 1],
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
        after = row;
    }
    after[0]
}

/// Adds a value without what could end the name or be refused.
fn push_value(name: &mut String, value: &str, max: usize) {
    if value.len() <= max {
        name.extend(value.chars().map(harmless));
        return;
    }
    let kept = value.floor_char_boundary(max - HASH_DIGITS - 1);
    name.extend(value[..kept].chars().map(harmless));
    let hash = format!("{:x}", Sha256::digest(value));
    name.push('~');
    name.push_str(&hash[..HASH_DIGITS]);
}

/// What stands for a character. `_` where it separates, controls or is invisible,
/// or where some file systems refuse it.
fn harmless(c: char) -> char {
    let is_invisible = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    match c {
        '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' => '_',
        c if c.is_control() || is_invisible => '_',
        c => c,
    }
}

/// Takes from a name what it must not be as a whole. It does not grow.
fn tame(name: &mut String, begins_with_text: bool) {
    // Dots from several places may add up to what leaves the directory.
    if name.bytes().all(|byte| byte == b'.') {
        *name = ABSENT.repeat(name.len().max(1));
        return;
    }
    if name.starts_with(['.', '-']) && !begins_with_text {
        blank(name, 0);
    }
    let ending = name.len().saturating_sub(OPEN.len());
    if name
        .get(ending..)
        .is_some_and(|it| it.eq_ignore_ascii_case(OPEN))
    {
        blank(name, ending);
    }
    if name.ends_with(['.', ' ']) {
        blank(name, name.len() - 1);
    }
    if is_device(name) {
        blank(name, 0);
    }
}

/// Replaces an ASCII character.
fn blank(name: &mut String, at: usize) {
    name.replace_range(at..=at, ABSENT);
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default();
    let stem = stem.trim_end().to_ascii_lowercase();
    let numbered = |port: &str| {
        let number = stem.strip_prefix(port);
        number.is_some_and(|it| matches!(it.as_bytes(), [b'0'..=b'9']))
    };
    DEVICES.contains(&stem.as_str()) || numbered("com") || numbered("lpt")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Vec<Option<char>> {
        text.chars().map(|c| (c != '*').then_some(c)).collect()
    }

    #[test]
    fn patterns_meet_where_some_text_fits_both() {
        for (one, other, expected) in [
            ("a", "a", true),
            ("a", "b", false),
            ("a*", "*b", true),
            ("a*", "b*", false),
            ("*.csv", "*.ndjson", false),
            ("x-*.csv", "x-1-*.csv", true),
            ("*", "anything", true),
            ("a*c", "abbd", false),
            ("", "*", true),
            ("", "a", false),
        ] {
            assert_eq!(
                meet(&pattern(one), &pattern(other)),
                expected,
                "{one} {other}"
            );
            assert_eq!(
                meet(&pattern(other), &pattern(one)),
                expected,
                "{other} {one}"
            );
        }
    }

    #[test]
    fn names_that_systems_keep_for_themselves_are_known() {
        for (name, expected) in [
            ("con", true),
            ("CON.ndjson", true),
            ("Aux.1.csv", true),
            ("com7.ndjson", true),
            ("lpt1", true),
            ("com", false),
            ("com10", false),
            ("console", false),
        ] {
            assert_eq!(is_device(name), expected, "{name}");
        }
    }
}
