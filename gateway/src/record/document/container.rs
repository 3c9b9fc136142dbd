//! An object or array that was looked into: its members in order, over raw
//! slices of the text that it was read from.
//!
//! Every byte of the container belongs to exactly one piece, so that writing
//! the pieces in order gives back the text, and an edit exchanges one piece.

use std::{ops::Range, sync::Arc, sync::OnceLock};

use bytestring::ByteString;

use super::open;
use crate::record::{pointer, string};

/// A piece of JSON text: as read, or put there by an edit.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    /// A range of the source of the container that holds the piece.
    Read { start: u32, end: u32 },
    /// Text of its own.
    Own(Arc<str>),
}

impl Piece {
    pub(super) fn own(text: &str) -> Self {
        Self::Own(text.into())
    }

    pub(super) fn text<'a>(&'a self, source: &'a str) -> &'a str {
        match self {
            // A range ends where a token ends, so it never cuts a character.
            Self::Read { start, end } => source.get(range(*start, *end)).unwrap_or_default(),
            Self::Own(text) => text,
        }
    }

    pub(super) fn len(&self) -> usize {
        match self {
            Self::Read { start, end } => range(*start, *end).len(),
            Self::Own(text) => text.len(),
        }
    }
}

fn range(start: u32, end: u32) -> Range<usize> {
    start as usize..end as usize
}

/// One value, opened when it is first looked into.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// The text, as long as nothing inside was changed.
    text: Piece,
    inside: OnceLock<Option<Arc<Container>>>,
    edited: bool,
}

impl Value {
    pub(super) fn new(text: Piece) -> Self {
        Self {
            text,
            inside: OnceLock::new(),
            edited: false,
        }
    }

    /// A value whose container is known already.
    pub(super) fn opened(text: Piece, inside: Option<Arc<Container>>) -> Self {
        Self {
            text,
            inside: OnceLock::from(inside),
            edited: false,
        }
    }

    /// The container that the value is; none for a scalar. `source` is the
    /// source of the container that holds the value.
    pub(super) fn container(&self, source: &ByteString) -> Option<&Arc<Container>> {
        self.inside
            .get_or_init(|| match &self.text {
                Piece::Read { start, end } => open::container(source, *start, *end),
                Piece::Own(text) => open::own(text),
            })
            .as_ref()
    }

    /// The container, to be changed: a copy of its own if others see it too.
    pub(super) fn container_mut(&mut self, source: &ByteString) -> Option<&mut Container> {
        self.container(source)?;
        self.inside.get_mut()?.as_mut().map(Arc::make_mut)
    }

    /// Says that the container was changed: the text is not read again.
    pub(super) fn mark_edited(&mut self) {
        self.edited = true;
    }

    /// The text, where it stands in one piece.
    pub(super) fn text<'a>(&'a self, source: &'a str) -> Option<&'a str> {
        (!self.edited).then(|| self.text.text(source))
    }

    pub(super) fn len(&self) -> usize {
        match self.edited_container() {
            Some(container) => container.len,
            None => self.text.len(),
        }
    }

    pub(super) fn write(&self, source: &str, out: &mut Vec<u8>) {
        match self.edited_container() {
            Some(container) => container.write(out),
            None => out.extend_from_slice(self.text.text(source).as_bytes()),
        }
    }

    fn edited_container(&self) -> Option<&Container> {
        if self.edited {
            self.inside.get()?.as_deref()
        } else {
            None
        }
    }
}

/// What a [`Container`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    Array,
}

/// An object or an array.
#[derive(Debug, Clone)]
pub(super) struct Container {
    pub(super) source: ByteString,
    pub(super) shape: Shape,
    pub(super) items: Vec<Item>,
    /// Whether a key may be written otherwise than it reads.
    pub(super) has_escaped_keys: bool,
    /// What follows the last item: whitespace and the closing bracket.
    pub(super) tail: Piece,
    /// Length of the text in bytes.
    pub(super) len: usize,
}

/// A member of an object or an element of an array.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// What separates it from the item before: comma and whitespace.
    pub(super) lead: Piece,
    /// The key as it was written; empty in an array.
    pub(super) key: Piece,
    /// What stands between key and value: colon and whitespace.
    pub(super) colon: Piece,
    pub(super) value: Value,
}

impl Container {
    /// The items that a token names: of an object every member of that name,
    /// in order; of an array at most one element.
    pub(super) fn positions<'a>(&'a self, token: &'a str) -> impl Iterator<Item = usize> + 'a {
        let (first, named) = match self.shape {
            Shape::Object => (0..self.items.len(), true),
            Shape::Array => match pointer::index(token) {
                Some(index) if index < self.items.len() => (index..index + 1, false),
                _ => (0..0, false),
            },
        };
        first.filter(move |&at| !named || self.key_is(at, token))
    }

    /// The item that a reader of JSON sees: of a duplicated key, the last.
    pub(super) fn last(&self, token: &str) -> Option<&Item> {
        let at = match self.shape {
            Shape::Object => (0..self.items.len())
                .rev()
                .find(|&at| self.key_is(at, token)),
            Shape::Array => pointer::index(token),
        };
        self.items.get(at?)
    }

    fn key_is(&self, at: usize, token: &str) -> bool {
        let Some(item) = self.items.get(at) else {
            return false;
        };
        // Most keys differ in length already.
        if !self.has_escaped_keys && item.key.len() != token.len() + 2 {
            return false;
        }
        string::decode(item.key.text(&self.source)) == token
    }

    /// Changes an item, and counts what that adds to the text or takes from it.
    pub(super) fn with_item<T: Default>(
        &mut self,
        at: usize,
        change: impl FnOnce(&mut Item, &ByteString) -> T,
    ) -> T {
        let Some(item) = self.items.get_mut(at) else {
            return T::default();
        };
        self.len -= item.len();
        let changed = change(item, &self.source);
        self.len += item.len();
        changed
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(match self.shape {
            Shape::Object => b'{',
            Shape::Array => b'[',
        });
        for item in &self.items {
            for piece in [&item.lead, &item.key, &item.colon] {
                out.extend_from_slice(piece.text(&self.source).as_bytes());
            }
            item.value.write(&self.source, out);
        }
        out.extend_from_slice(self.tail.text(&self.source).as_bytes());
    }
}

impl Item {
    pub(super) fn len(&self) -> usize {
        self.lead.len() + self.key.len() + self.colon.len() + self.value.len()
    }
}
