//! Originals: the numbers of an arrival, gathered once and shared by all of its
//! destinations.

use std::{borrow::Cow, ops::ControlFlow};

use bytes::Bytes;

use super::{
    needles::Needles,
    phone::{self, Reader},
    unescape,
};
use crate::record::{
    Document, Pattern,
    document::{Place, Token},
    string,
};

/// Bytes of text with digits that are read for numbers in one arrival. Beyond,
/// the originals are incomplete, and what has a contract is refused. Reading
/// costs up to a second for this much.
pub(super) const MAX_TEXT: usize = 1024 * 1024;

/// The numbers of an arrival. By default they are unknown, which lets nothing
/// pass.
#[derive(Debug, Clone, Default)]
pub struct Originals {
    needles: Needles,
    reader: Option<Reader>,
    complete: bool,
}

impl Originals {
    /// Gathers the numbers of a document, and of what it was before it was
    /// corrected: what stands at the number places, and every phone number in other
    /// strings and keys. What is not JSON is one text.
    ///
    /// `region` (ISO 3166-1 alpha-2) is that of numbers without a country code.
    pub fn gather<'a>(
        document: &Document,
        before: impl IntoIterator<Item = &'a Bytes>,
        number_places: &[Pattern],
        region: &str,
    ) -> Self {
        let Some(reader) = Reader::for_region(region) else {
            return Self::default();
        };
        let mut gathering = Gathering {
            reader,
            number_places,
            needles: Needles::default(),
            text: 0,
        };
        let complete = gathering.document(document).is_continue()
            && before
                .into_iter()
                .all(|body| gathering.text(body).is_continue());
        Self {
            needles: gathering.needles,
            reader: Some(reader),
            complete,
        }
    }

    /// Whether every number of the arrival is known.
    pub(super) fn is_complete(&self) -> bool {
        self.complete
    }

    /// Whether any of the numbers stands in a text.
    pub(super) fn stand_in(&self, text: &str) -> bool {
        self.needles.stand_in(text)
    }

    /// Whether a text holds anything that reads as a phone number.
    pub(super) fn reader_finds(&self, text: &str) -> bool {
        self.reader.is_none_or(|reader| reader.finds(text))
    }
}

struct Gathering<'a> {
    reader: Reader,
    number_places: &'a [Pattern],
    needles: Needles,
    text: usize,
}

impl Gathering<'_> {
    /// Breaks where the numbers cannot all be known, as do the others.
    fn document(&mut self, document: &Document) -> ControlFlow<()> {
        document.walk(&mut |place, token| self.token(place, token))
    }

    fn text(&mut self, body: &Bytes) -> ControlFlow<()> {
        match Document::parse(body.clone()) {
            Ok(document) => self.document(&document),
            Err(_) => self.read(&String::from_utf8_lossy(body), Reader::add_text),
        }
    }

    fn token(&mut self, place: &Place<'_>, token: Token<'_>) -> ControlFlow<()> {
        let at_place = |places: &[Pattern]| places.iter().any(|pattern| place.matches(pattern));
        // Most texts have too few digits for any number, whatever is escaped in
        // them: no escape has fewer digits than the digit that it stands for.
        if let Token::String(raw) | Token::Key(raw) = token
            && string::digits(raw) < phone::MIN_DIGITS
        {
            return ControlFlow::Continue(());
        }
        match token {
            Token::String(raw) if at_place(self.number_places) => {
                self.read(&string::decode(raw), Reader::add_place)
            }
            Token::Number(token) if at_place(self.number_places) => {
                self.read(&plain(token), Reader::add_place)
            }
            Token::String(raw) | Token::Key(raw) => {
                self.read(&string::decode(raw), Reader::add_text)
            }
            Token::Number(_) | Token::Literal(_) => ControlFlow::Continue(()),
        }
    }

    fn read(&mut self, text: &str, add: impl Fn(Reader, &str, &mut Needles)) -> ControlFlow<()> {
        if string::digits(text) >= phone::MIN_DIGITS {
            self.text += text.len();
        }
        if self.text > MAX_TEXT {
            return ControlFlow::Break(());
        }
        let read = unescape::any_form(text, |form| {
            add(self.reader, form, &mut self.needles);
            false
        });
        match read {
            Some(_) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        }
    }
}

/// A JSON number without point and exponent, where it is a whole one.
fn plain(token: &str) -> Cow<'_, str> {
    if !token.contains(['.', 'e', 'E']) {
        return Cow::Borrowed(token);
    }
    match token.parse::<f64>() {
        Ok(value) if value.fract() == 0.0 && value.abs() < 1e18 => {
            Cow::Owned(format!("{value:.0}"))
        }
        _ => Cow::Borrowed(token),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_is_read_in_any_notation() {
        let cases = [
            ("13123456789", "13123456789"),
            ("1.3123456789E10", "13123456789"),
            ("13123456789.0", "13123456789"),
            ("1.5", "1.5"),
            ("1e400", "1e400"),
        ];
        for (token, expected) in cases {
            assert_eq!(plain(token), expected, "{token}");
        }
    }
}
