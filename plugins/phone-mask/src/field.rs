//! One value of a record: the numbers in it, and the value with something else
//! in their place.
//!
//! What stands around a number, and the separators between digits that are
//! replaced one by one, keep their shape.

use std::{borrow::Cow, cmp::Reverse, ops::Range};

use cdr_number::{
    Form, Found, Glyph, Identity, Scan, at_place, in_text, is_nested_json, json, rewrite,
};

use crate::{
    keep::Keep,
    known::{Known, Needle},
    removed::Removed,
    substitute::{Stead, Substitute},
};

/// What hides a digit.
const MASK: &str = "*";

/// How a plus sign is written.
const PLUS: [&str; 4] = ["+", "＋", "%2B", "%2b"];

/// One value.
#[derive(Debug)]
pub struct Field<'a> {
    text: Cow<'a, str>,
    shape: Shape,
    at_place: bool,
    scan: Scan,
    found: Vec<Found>,
}

/// What the text is in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// The content of a string, or a number's token; masked, it is a string.
    Scalar,
    /// The JSON text of an object or array, where the dialect promised a
    /// number.
    Container,
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// This JSON text takes its place.
    Set(String),
    /// It goes, and its member with it.
    Remove,
}

/// Digits of the scan, and what comes in their place.
type Piece = (Range<usize>, Stead);

impl<'a> Field<'a> {
    /// The value at a number place. None where it can hold no number.
    pub fn at_place(json: &'a str) -> Option<Self> {
        let mut field = Self::read(json, at_place)?;
        field.at_place = true;
        Some(field)
    }

    /// A value elsewhere. None where it can hold no number.
    pub fn of_text(json: &'a str) -> Option<Self> {
        Self::read(json, in_text)
    }

    /// A JSON number elsewhere. Most are amounts, times and ids, so of itself
    /// only a mobile number counts as one; the record's known numbers are
    /// looked for all the same. None where it can hold no number.
    pub fn of_number(json: &'a str) -> Option<Self> {
        let is_whole = json.parse().is_ok_and(|value: f64| value.fract() == 0.0);
        let is_mobile = |found: &Found| is_whole && found.number.form == Form::Mobile;
        Self::read(json, |scan| {
            let found = in_text(scan).into_iter();
            found.filter(is_mobile).collect()
        })
    }

    fn read(json: &'a str, find: impl FnOnce(&Scan) -> Vec<Found>) -> Option<Self> {
        if json == "\"\"" {
            return None;
        }
        let (text, shape) = match json.as_bytes().first()? {
            b'"' => (json::string(json)?, Shape::Scalar),
            b'-' | b'0'..=b'9' => (Cow::Borrowed(json), Shape::Scalar),
            b'{' | b'[' => (Cow::Borrowed(json), Shape::Container),
            _ => return None,
        };
        let scan = Scan::of(&text);
        if scan.digits().is_empty() {
            return None;
        }
        let found = find(&scan);
        Some(Self {
            text,
            shape,
            at_place: false,
            scan,
            found,
        })
    }

    /// Adds the numbers of this value to those of the record.
    pub fn teach(&self, known: &mut Known) {
        known.learn(&self.scan, &self.found);
    }

    /// What becomes of the value, with its own and the record's numbers replaced.
    /// None where there is nothing to be replaced.
    pub fn changed(&self, known: &Known, substitute: &Substitute) -> Option<Change> {
        match substitute {
            Substitute::Keep(keep) => self.masked(known, *keep),
            Substitute::Remove(removed) if self.at_place => self.removed(known, *removed),
            _ => self.substituted(known, substitute),
        }
    }

    fn masked(&self, known: &Known, keep: Keep) -> Option<Change> {
        let mut hidden = self.hidden(known, keep);
        hidden.sort_by_key(|digits| digits.start);
        let mut next = 0;
        let mut edits = Vec::new();
        for digits in hidden {
            let digits = digits.start.max(next)..digits.end;
            next = digits.end.max(next);
            edits.extend(digits.map(|digit| (self.scan.place(digit), Cow::Borrowed(MASK))));
        }
        (!edits.is_empty()).then(|| self.set(rewrite(&self.text, edits)))
    }

    /// Which digits are hidden: those that any number hides.
    fn hidden(&self, known: &Known, keep: Keep) -> Vec<Range<usize>> {
        let mut hidden = Vec::new();
        let mut hide = |national| hidden.push(keep.hidden(national));
        self.found.iter().map(Found::national).for_each(&mut hide);
        known.occurrences(&self.scan, |digits, _| {
            // What stays of a number's own subscriber part is decided by all
            // of that number.
            let subscriber = Some(digits.clone());
            if !self
                .found
                .iter()
                .any(|found| found.subscriber() == subscriber)
            {
                hide(digits);
            }
        });
        hidden
    }

    /// At a number place the whole value goes, also one that came masked: its
    /// visible digits are digits of a number.
    fn removed(&self, known: &Known, removed: Removed) -> Option<Change> {
        let mut holds = !self.found.is_empty() || self.scan.chains().iter().any(|it| it.masked);
        known.occurrences(&self.scan, |_, _| holds = true);
        holds.then(|| match removed {
            Removed::Empty => Change::Set("\"\"".to_owned()),
            Removed::Null => Change::Set("null".to_owned()),
            Removed::Member => Change::Remove,
        })
    }

    fn substituted(&self, known: &Known, substitute: &Substitute) -> Option<Change> {
        let pieces = self.pieces(known, substitute);
        if pieces.is_empty() {
            return None;
        }
        if let [(digits, Stead::Text(text))] = pieces.as_slice()
            && self.at_place
            && self.is_all(digits)
        {
            return Some(self.set(text.clone()));
        }
        let is_nested = is_nested_json(&self.text);
        let mut edits = Vec::new();
        for (digits, stead) in pieces {
            match stead {
                Stead::Text(text) => self.put(&digits, text, is_nested, &mut edits),
                Stead::Digits(steads) => {
                    let digits = digits.zip(steads);
                    edits.extend(digits.map(|(digit, stead)| self.put_digit(digit, stead)));
                }
            }
        }
        Some(self.set(rewrite(&self.text, edits)))
    }

    /// What is replaced, from left to right and without overlaps: of two numbers
    /// that share digits the first has them.
    fn pieces(&self, known: &Known, substitute: &Substitute) -> Vec<Piece> {
        let mut pieces: Vec<Piece> = Vec::new();
        for found in &self.found {
            let number = Identity::of(&self.scan, found);
            let from = number.code_len();
            match substitute.of(&Needle { number, from }) {
                Some(stead @ Stead::Text(_)) => pieces.push((found.digits.clone(), stead)),
                Some(stead) => pieces.push((found.national(), stead)),
                None => {}
            }
        }
        known.occurrences(&self.scan, |digits, needle| {
            pieces.extend(substitute.of(needle).map(|stead| (digits, stead)));
        });
        pieces.sort_by_key(|(digits, _)| (digits.start, Reverse(digits.end)));
        let mut covered = 0;
        pieces.retain_mut(|(digits, stead)| {
            let taken = covered.max(digits.start) - digits.start;
            if let Stead::Digits(steads) = stead {
                steads.drain(..taken.min(steads.len()));
            }
            digits.start += taken;
            covered = covered.max(digits.end);
            digits.start < digits.end
        });
        pieces
    }

    /// Whether digits are all that the text has, beside a sign and separators.
    fn is_all(&self, digits: &Range<usize>) -> bool {
        let place = self.place(digits);
        let is_sign = |part: Option<&str>| part.is_some_and(has_signs_only);
        *digits == (0..self.scan.digits().len())
            && is_sign(self.text.get(..place.start))
            && is_sign(self.text.get(place.end..))
    }

    /// Where digits stand in the text, with what stands between them and with the
    /// plus sign before them.
    fn place(&self, digits: &Range<usize>) -> Range<usize> {
        let first = self.scan.place(digits.start).start;
        let last = self.scan.place(digits.end.saturating_sub(1)).end;
        let mut groups = self.scan.groups().iter();
        let has_plus = groups.any(|group| group.plus && group.digits.start == digits.start);
        let start = if has_plus {
            self.plus_before(first)
        } else {
            first
        };
        start..last
    }

    fn plus_before(&self, start: usize) -> usize {
        let before = self.text.get(..start).unwrap_or_default();
        let before = before.trim_end_matches([' ', '(', '（', '-']);
        let plus = PLUS.iter().find_map(|plus| before.strip_suffix(plus));
        plus.map_or(start, str::len)
    }

    /// Puts a text in the place of digits. Where the text is JSON in a string and
    /// they are spread over several of its values, those stay apart.
    fn put(
        &self,
        digits: &Range<usize>,
        text: String,
        is_nested: bool,
        edits: &mut Vec<(Range<usize>, Cow<'_, str>)>,
    ) {
        let place = self.place(digits);
        let between = self.text.get(place.clone()).unwrap_or_default();
        if is_nested && between.contains(['[', ']', ',', ':']) {
            let mut text = Some(text);
            edits.extend(digits.clone().map(|digit| {
                let here = text.take().unwrap_or_default();
                (self.scan.place(digit), Cow::Owned(here))
            }));
        } else {
            edits.push((place, Cow::Owned(text)));
        }
    }

    fn put_digit(&self, digit: usize, stead: Option<u8>) -> (Range<usize>, Cow<'static, str>) {
        let place = self.scan.place(digit);
        let Some(stead) = stead else {
            return (place, Cow::Borrowed(MASK));
        };
        let written = self.text.get(place.clone()).unwrap_or_default();
        let is_wide = !written.is_ascii();
        let value = u32::from(stead.wrapping_sub(b'0'));
        let wide = char::from_u32(u32::from('０') + value).filter(|_| is_wide);
        let char = wide.unwrap_or(char::from(stead));
        (place, Cow::Owned(char.to_string()))
    }

    fn set(&self, text: String) -> Change {
        Change::Set(match self.shape {
            Shape::Scalar => serde_json::Value::String(text).to_string(),
            Shape::Container => text,
        })
    }
}

fn has_signs_only(text: &str) -> bool {
    let mut offset = 0;
    while let Some((glyph, length)) = Glyph::at(text, offset) {
        if !matches!(glyph, Glyph::Separator | Glyph::Loose | Glyph::Plus) {
            return false;
        }
        offset += length;
    }
    true
}
