//! One value of a record: the numbers in it, and the value with them masked.
//!
//! Digits are replaced one by one, so separators, full-width forms and what
//! stands around a number keep their shape.

use cdr_number::{Form, Found, Scan, at_place, in_text};

use crate::{keep::Keep, needle::Needles, nested::bare_numbers};

/// What hides a digit.
const MASK: &str = "*";

/// One value.
#[derive(Debug)]
pub struct Field {
    text: String,
    shape: Shape,
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

impl Field {
    /// The value at a number place. None where it can hold no number.
    pub fn at_place(json: &str) -> Option<Self> {
        Self::read(json, at_place)
    }

    /// A value elsewhere. None where it can hold no number.
    pub fn of_text(json: &str) -> Option<Self> {
        Self::read(json, in_text)
    }

    /// A JSON number elsewhere. Most are amounts, times and ids, so of itself
    /// only a mobile number counts as one; the record's known numbers are
    /// looked for all the same. None where it can hold no number.
    pub fn of_number(json: &str) -> Option<Self> {
        let is_whole = json.parse().is_ok_and(|value: f64| value.fract() == 0.0);
        let is_mobile = |found: &Found| is_whole && found.number.form == Form::Mobile;
        Self::read(json, |scan| {
            let found = in_text(scan).into_iter();
            found.filter(is_mobile).collect()
        })
    }

    fn read(json: &str, find: impl FnOnce(&Scan) -> Vec<Found>) -> Option<Self> {
        let (text, shape) = match json.as_bytes().first()? {
            b'"' => (serde_json::from_str(json).ok()?, Shape::Scalar),
            b'-' | b'0'..=b'9' => (json.to_owned(), Shape::Scalar),
            b'{' | b'[' => (json.to_owned(), Shape::Container),
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
            scan,
            found,
        })
    }

    /// Adds the numbers of this value to those of the record.
    pub fn teach(&self, needles: &mut Needles) {
        needles.learn(&self.scan, &self.found);
    }

    /// The value as JSON with its own and the record's numbers masked. None
    /// where nothing is to be masked.
    pub fn masked(&self, needles: &Needles, keep: Keep) -> Option<String> {
        let hidden = self.hidden(needles, keep);
        if !hidden.contains(&true) {
            return None;
        }
        let text = self.render(&hidden);
        match self.shape {
            Shape::Scalar => Some(serde_json::Value::String(text).to_string()),
            Shape::Container => Some(text),
        }
    }

    /// Which digits are hidden: those that any number hides.
    fn hidden(&self, needles: &Needles, keep: Keep) -> Vec<bool> {
        let mut hidden = vec![false; self.scan.digits().len()];
        let mut hide = |national| {
            if let Some(digits) = hidden.get_mut(keep.hidden(national)) {
                digits.fill(true);
            }
        };
        self.found.iter().map(Found::national).for_each(&mut hide);
        needles.occurrences(&self.scan, |digits| {
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

    fn render(&self, hidden: &[bool]) -> String {
        let indices = (0..hidden.len()).filter(|&digit| hidden.get(digit) == Some(&true));
        let places: Vec<_> = indices.map(|digit| self.scan.place(digit)).collect();
        let mut edits: Vec<_> = places.iter().map(|place| (place.clone(), MASK)).collect();
        for number in bare_numbers(&self.text) {
            if places.iter().any(|place| number.contains(&place.start)) {
                edits.push((number.start..number.start, "\""));
                edits.push((number.end..number.end, "\""));
            }
        }
        edits.sort_unstable_by_key(|(place, _)| (place.start, place.end));

        let mut rendered = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (place, replacement) in edits {
            rendered.push_str(self.text.get(copied..place.start).unwrap_or_default());
            rendered.push_str(replacement);
            copied = place.end;
        }
        rendered.push_str(self.text.get(copied..).unwrap_or_default());
        rendered
    }
}
