//! Finding places: by pointer, as a reader of JSON would see them, and by
//! pattern, duplicates included.

use std::borrow::Cow;

use bytestring::ByteString;

use super::container::{Container, Item, Shape, Value};
use crate::record::{pattern::Step, pointer::push_token, string};

/// A value together with the source that its text refers to.
#[derive(Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) value: &'a Value,
    pub(super) source: &'a ByteString,
}

impl<'a> At<'a> {
    pub(super) fn item(container: &'a Container, item: &'a Item) -> Self {
        Self {
            value: &item.value,
            source: &container.source,
        }
    }

    pub(super) fn container(self) -> Option<&'a Container> {
        self.value.container(self.source).map(AsRef::as_ref)
    }

    /// The JSON text of the value.
    pub(super) fn json(self) -> Cow<'a, str> {
        match self.value.text(self.source) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(self.written()),
        }
    }

    fn written(self) -> String {
        let mut out = Vec::with_capacity(self.value.len());
        self.value.write(self.source, &mut out);
        // Pieces are texts, so that their sum is one.
        String::from_utf8(out).unwrap_or_default()
    }

    /// The value at a path, of duplicated keys the last.
    pub(super) fn last(self, tokens: &[String]) -> Option<Self> {
        tokens.iter().try_fold(self, |at, token| {
            let container = at.container()?;
            Some(Self::item(container, container.last(token)?))
        })
    }

    /// Calls `found` with every value at a path, duplicates included.
    pub(super) fn every(self, tokens: &[String], found: &mut impl FnMut(Self)) {
        let Some((token, rest)) = tokens.split_first() else {
            return found(self);
        };
        let Some(container) = self.container() else {
            return;
        };
        for at in container.positions(token) {
            if let Some(item) = container.items.get(at) {
                Self::item(container, item).every(rest, found);
            }
        }
    }

    /// Calls `found` with the pointer and value of every match of a pattern.
    /// `path` is the pointer of this value; it is as before afterwards.
    pub(super) fn select(
        self,
        steps: &[Step],
        path: &mut String,
        found: &mut impl FnMut(&str, Self),
    ) {
        let Some((step, rest)) = steps.split_first() else {
            return found(path, self);
        };
        let Some(container) = self.container() else {
            return;
        };
        match step {
            Step::Every if container.shape == Shape::Array => {
                for (index, item) in container.items.iter().enumerate() {
                    let token = index.to_string();
                    Self::item(container, item).descend(&token, rest, path, found);
                }
            }
            Step::Every => {}
            Step::Token(token) => {
                for at in container.positions(token) {
                    if let Some(item) = container.items.get(at) {
                        Self::item(container, item).descend(token, rest, path, found);
                    }
                }
            }
        }
    }

    fn descend(
        self,
        token: &str,
        rest: &[Step],
        path: &mut String,
        found: &mut impl FnMut(&str, Self),
    ) {
        let length = path.len();
        push_token(path, token);
        self.select(rest, path, found);
        path.truncate(length);
    }
}

/// Appends an object's key, as written, to a pointer's text.
pub(super) fn push_key(path: &mut String, raw: &str) {
    push_token(path, &string::decode(raw));
}
