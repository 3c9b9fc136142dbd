//! Originals: the numbers of an arrival, gathered once and shared by all of its
//! destinations.

use std::{borrow::Cow, collections::HashSet, ops::ControlFlow};

use bytes::Bytes;

use super::{
    needles::Needles,
    phone::{self, Reader},
    unescape,
};
use crate::record::{
    Document, NumberPlaces,
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
        number_places: &NumberPlaces,
        region: &str,
    ) -> Self {
        let Some(reader) = Reader::for_region(region) else {
            return Self::default();
        };
        let mut gathering = Gathering {
            reader,
            number_places,
            needles: Needles::default(),
            read: [HashSet::new(), HashSet::new()],
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
    number_places: &'a NumberPlaces,
    needles: Needles,
    /// What was read already, as a text and at a number place: a record says a number
    /// in several places, and reading one costs more than all else.
    read: [HashSet<String>; 2],
    text: usize,
}

/// How a text is read.
#[derive(Clone, Copy)]
enum As {
    /// For the numbers that it holds.
    Text,
    /// As a number, valid or not, where it can be one.
    Number,
}

impl Gathering<'_> {
    /// Breaks where the numbers cannot all be known, as do the others.
    fn document(&mut self, document: &Document) -> ControlFlow<()> {
        document.walk(&mut |place, token| self.token(place, token))
    }

    fn text(&mut self, body: &Bytes) -> ControlFlow<()> {
        match Document::parse(body.clone()) {
            Ok(document) => self.document(&document),
            Err(_) => self.read(&String::from_utf8_lossy(body), As::Text),
        }
    }

    fn token(&mut self, place: &Place<'_>, token: Token<'_>) -> ControlFlow<()> {
        // Most texts have too few digits for any number, whatever is escaped in
        // them: no escape has fewer digits than the digit that it stands for.
        if let Token::String(raw) | Token::Key(raw) = token
            && string::digits(raw) < phone::MIN_DIGITS
        {
            return ControlFlow::Continue(());
        }
        match token {
            Token::String(raw) if place.is_any_of(self.number_places.tree()) => {
                self.read(&string::decode(raw), As::Number)
            }
            Token::Number(token)
                if may_be_long(token) && place.is_any_of(self.number_places.tree()) =>
            {
                self.read(&plain(token), As::Number)
            }
            Token::String(raw) | Token::Key(raw) => self.read(&string::decode(raw), As::Text),
            Token::Number(_) | Token::Literal(_) => ControlFlow::Continue(()),
        }
    }

    fn read(&mut self, text: &str, how: As) -> ControlFlow<()> {
        let known = &mut self.read[how as usize];
        if known.contains(text) {
            return ControlFlow::Continue(());
        }
        if string::digits(text) >= phone::MIN_DIGITS {
            self.text += text.len();
        }
        if self.text > MAX_TEXT {
            return ControlFlow::Break(());
        }
        let read = unescape::any_form(text, |form| {
            match how {
                As::Text => self.reader.add_text(form, &mut self.needles),
                As::Number => self.reader.add_place(form, &mut self.needles),
            }
            false
        });
        known.insert(text.to_owned());
        match read {
            Some(_) => ControlFlow::Continue(()),
            None => ControlFlow::Break(()),
        }
    }
}

/// Whether a JSON number can have enough digits for a phone number: it has no more
/// of them when it is written out, unless it has an exponent.
fn may_be_long(token: &str) -> bool {
    token.contains(['e', 'E']) || string::digits(token) >= phone::MIN_DIGITS
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
    use proptest::prelude::*;

    use super::*;
    use crate::record::Pattern;

    /// Every token read as it stands: nothing left out, nothing read only once.
    fn read_all(document: &Document, places: &NumberPlaces) -> Needles {
        let reader = Reader::for_region("CN").unwrap();
        let mut needles = Needles::default();
        let _ = document.walk(&mut |place, token| {
            let at_place = place.is_any_of(places.tree());
            let (text, at_place) = match token {
                Token::String(raw) => (string::decode(raw), at_place),
                Token::Key(raw) => (string::decode(raw), false),
                Token::Number(token) if at_place => (plain(token), true),
                Token::Number(_) | Token::Literal(_) => return ControlFlow::Continue(()),
            };
            unescape::any_form(&text, |form| {
                if at_place {
                    reader.add_place(form, &mut needles);
                } else {
                    reader.add_text(form, &mut needles);
                }
                false
            });
            ControlFlow::<()>::Continue(())
        });
        needles
    }

    /// Digits in any guise, and what stands around them.
    fn text() -> impl Strategy<Value = String> {
        "([0-9]{1,4}|[-+() .,:x*]{1,2}|１３|号|a|b@|\\\\u0031|%31|13800138000|0086184xxxx7605|138\\*{4}5678|\\+8613123456789|0755 8888 6666|[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}){0,7}"
    }

    fn number() -> impl Strategy<Value = String> {
        "-?(0|[1-9][0-9]{0,12})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?"
    }

    proptest! {
        #[test]
        fn what_is_left_out_holds_nothing(
            texts in prop::array::uniform4(text()),
            numbers in prop::array::uniform3(number()),
            is_escaped in any::<bool>(),
        ) {
            let token = |text: &String| {
                let token = string::encode(text);
                if is_escaped { token.replace('1', "\\u0031") } else { token }
            };
            let [a, b, c, d] = texts.each_ref().map(token);
            let [x, y, z] = &numbers;
            let json = format!(
                "{{\"a\":{a},\"b\":[{b},{a},{x},{y}],\"c\":[{a},{c},{z},{c}],{d}:{d},\"e\":{c}}}"
            );
            let document = Document::parse(Bytes::from(json)).unwrap();
            let places = ["/a", "/b/*", "/e"].map(|place| Pattern::parse(place).unwrap());
            let places = places.iter().collect();
            let gathered = Originals::gather(&document, [], &places, "CN");
            prop_assert_eq!(gathered.needles, read_all(&document, &places));
        }
    }

    #[test]
    fn what_is_said_twice_is_read_once() {
        let long = |digit: char| {
            format!(
                "{}{}",
                "a 1 ".repeat(MAX_TEXT / 6),
                digit.to_string().repeat(7)
            )
        };
        let (one, two) = (long('1'), long('2'));
        for (texts, is_complete) in [([&one, &one], true), ([&one, &two], false)] {
            let document = Document::parse(serde_json::to_vec(&texts).unwrap().into()).unwrap();
            let gathered = Originals::gather(&document, [], &NumberPlaces::default(), "CN");
            assert_eq!(gathered.is_complete(), is_complete);
        }
    }

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
