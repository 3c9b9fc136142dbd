//! The lossless document: JSON that leaves as it came, save where it was
//! touched.
//!
//! Invariants:
//! - A document without an edit returns the very bytes that it was read from.
//! - An edit changes the touched place alone: order, whitespace, the spelling
//!   of keys and strings, number tokens and duplicate keys elsewhere survive.
//! - A container is scanned when it is first looked into, at most once, and
//!   clones share what was scanned.
//!
//! It fails only where it is read or edited; a document that exists is valid
//! JSON in UTF-8, nested at most [`MAX_DEPTH`] deep.

mod container;
mod depth;
mod edit;
mod find;
mod look;
mod open;
mod peek;
mod rename;
mod walk;

#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::BTreeSet,
    ops::ControlFlow,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use bytestring::ByteString;
use serde_json::value::RawValue;

pub use depth::MAX_DEPTH;
pub use peek::{Array, Object, Peek};
pub use walk::{Place, Token};

use super::{
    pattern::{NumberPlaces, Pattern, PatternTree},
    pointer::Pointer,
    string,
};
use container::{Piece, Value};
use find::At;

/// A JSON document. Clones are cheap and independent of each other.
#[derive(Debug, Clone)]
pub struct Document {
    source: ByteString,
    /// Whitespace around the root value.
    around: (Piece, Piece),
    root: Value,
    touched: BTreeSet<Pointer>,
    written: OnceLock<Bytes>,
}

/// Why a text is not a document.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// The bytes are not UTF-8; the offset of the first that is not.
    #[error("the document is not UTF-8 at byte {0}")]
    NotUtf8(usize),
    /// The text is not one JSON value.
    #[error("the document is not JSON at line {line}, column {column}")]
    NotJson {
        /// Line of the first error, from 1.
        line: usize,
        /// Column of the first error, in bytes from 1.
        column: usize,
    },
    /// The document nests more than [`MAX_DEPTH`] containers.
    #[error("the document nests more than {MAX_DEPTH} levels deep")]
    TooDeep,
    /// The document is longer than offsets of 32 bits reach.
    #[error("the document is longer than 4 GiB")]
    TooLong,
}

impl DocumentError {
    fn not_json(error: &serde_json::Error) -> Self {
        Self::NotJson {
            line: error.line(),
            column: error.column(),
        }
    }
}

/// Why an edit was refused. The document is as it was before.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The new value is not one JSON value, or would nest too deeply.
    #[error("the new value cannot stand in the document: {0}")]
    BadJson(DocumentError),
    /// The parent of the place does not exist or holds no such place.
    #[error("the parent of the place does not exist or holds no members")]
    NoParent,
    /// The finished document would be longer than the limit, in bytes.
    #[error("the document would be longer than the limit of {0} bytes")]
    TooLarge(usize),
    /// The object holds another member of that name.
    #[error("the object holds another member of that name")]
    NameTaken,
}

/// One place that was looked for, and what stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match<'a> {
    /// JSON Pointer of the place. Members with a duplicated key share one.
    pub pointer: String,
    /// The value there as JSON text, its tokens untouched.
    pub json: Cow<'a, str>,
}

impl Document {
    /// Reads a document: one JSON value with whitespace around it.
    pub fn parse(source: Bytes) -> Result<Self, DocumentError> {
        let end = u32::try_from(source.len()).map_err(|_| DocumentError::TooLong)?;
        let source = ByteString::try_from(source)
            .map_err(|error| DocumentError::NotUtf8(error.valid_up_to()))?;
        let text: &str = &source;
        let value = text.trim_matches([' ', '\t', '\n', '\r']);
        // Not more than `end`, which fits.
        let start = u32::try_from(value.as_ptr().addr() - text.as_ptr().addr()).unwrap_or(end);
        let stop = start + u32::try_from(value.len()).unwrap_or(end);

        let container = if value.starts_with(['{', '[']) {
            let scanned = open::scan(&source, start, value);
            Some(Arc::new(scanned.map_err(|_| not_json(text))?))
        } else {
            raw(text)?;
            None
        };
        if !depth::within(value, MAX_DEPTH) {
            return Err(DocumentError::TooDeep);
        }
        let read = |start, end| Piece::Read { start, end };
        Ok(Self {
            around: (read(0, start), read(stop, end)),
            root: Value::opened(read(start, stop), container),
            touched: BTreeSet::new(),
            written: OnceLock::new(),
            source,
        })
    }

    /// The JSON text at a place; of a duplicated key, the last.
    pub fn get(&self, pointer: &Pointer) -> Option<Cow<'_, str>> {
        self.at().last(pointer.tokens()).map(At::json)
    }

    /// Every match of a pattern, in the order of the text, duplicates included.
    pub fn select<'a>(&'a self, pattern: &Pattern) -> Vec<Match<'a>> {
        let mut matches = Vec::new();
        let mut found = |pointer: &str, at: At<'a>| {
            matches.push(Match {
                pointer: pointer.to_owned(),
                json: at.json(),
            });
        };
        self.at()
            .select(pattern.steps(), &mut String::new(), &mut found);
        matches
    }

    /// Every match of every pattern of a tree, in the order of the text,
    /// duplicates included, with its JSON text and what its pattern means.
    pub fn look<T>(
        &self,
        tree: &PatternTree<T>,
        mut found: impl FnMut(&Place<'_>, Cow<'_, str>, &T),
    ) {
        look::look(self.at(), &Place::ROOT, tree, &mut |place, at, meaning| {
            found(place, at.json(), meaning);
        });
    }

    /// Every string and every number with at least `min_digits` digits (ASCII
    /// or full-width) that stands at no place of `except`.
    pub fn texts(&self, min_digits: usize, except: &NumberPlaces) -> Vec<Match<'static>> {
        self.matching(|place, token| {
            let (Token::String(raw) | Token::Number(raw)) = token else {
                return None;
            };
            let wanted = string::has_digits(raw, min_digits) && !place.is_any_of(except.tree());
            wanted.then_some(raw)
        })
    }

    /// Every member whose name has at least `min_digits` digits (ASCII or
    /// full-width); what stands for its value is the name as it is written.
    pub fn names(&self, min_digits: usize) -> Vec<Match<'static>> {
        self.matching(|_, token| match token {
            Token::Key(raw) if string::has_digits(raw, min_digits) => Some(raw),
            _ => None,
        })
    }

    /// The places of a walk for which `wanted` has a text.
    fn matching(
        &self,
        wanted: impl for<'t> Fn(&Place<'_>, Token<'t>) -> Option<&'t str>,
    ) -> Vec<Match<'static>> {
        let mut matches = Vec::new();
        let _ = self.walk(&mut |place, token| {
            if let Some(text) = wanted(place, token) {
                matches.push(Match {
                    pointer: place.pointer(),
                    json: Cow::Owned(text.to_owned()),
                });
            }
            ControlFlow::Continue(())
        });
        matches
    }

    /// Visits every key and scalar in the order of the text, until told to
    /// break. A key is visited before what stands under it.
    pub fn walk<V>(&self, visit: &mut V) -> ControlFlow<()>
    where
        V: FnMut(&Place<'_>, Token<'_>) -> ControlFlow<()>,
    {
        walk::walk(self.at(), &Place::ROOT, visit)
    }

    /// The root value, to be looked into step by step.
    pub fn peek(&self) -> Peek<'_> {
        Peek::at(self.at())
    }

    /// Replaces the value at a place, or adds a member to an existing object;
    /// `-` adds to an array. Of a duplicated key every value is replaced, so
    /// that nothing masked survives beside the mask. The finished document may
    /// be `max_bytes` long.
    pub fn set(
        &mut self,
        pointer: &Pointer,
        json: &str,
        max_bytes: usize,
    ) -> Result<(), EditError> {
        let json = raw(json).map_err(EditError::BadJson)?;
        let room = MAX_DEPTH.saturating_sub(pointer.tokens().len());
        if !depth::within(json, room) {
            return Err(EditError::BadJson(DocumentError::TooDeep));
        }
        let mut same = true;
        let mut length = self.len();
        let mut hits = 0_usize;
        self.at().every(pointer.tokens(), &mut |at| {
            same &= at.value.text(at.source) == Some(json);
            length = (length + json.len()).saturating_sub(at.value.len());
            hits += 1;
        });
        let added = self.addition(pointer);
        if hits > 0 && same && added.is_none() {
            return Ok(());
        }
        length += added.map_or(0, |overhead| overhead + json.len());
        if length > max_bytes {
            return Err(EditError::TooLarge(max_bytes));
        }
        let json: Arc<str> = json.into();
        if !edit::set(&mut self.root, &self.source, pointer.tokens(), &json, true) {
            return Err(EditError::NoParent);
        }
        self.touch(pointer.clone());
        Ok(())
    }

    /// Removes everything that stands at a place; false where nothing did. The
    /// whole document cannot be removed.
    pub fn remove(&mut self, pointer: &Pointer) -> bool {
        let removed = edit::remove(&mut self.root, &self.source, pointer.tokens());
        if removed {
            self.touch(pointer.clone());
        }
        removed
    }

    /// Replaces the whole text. Costs a scan of the new one.
    pub fn replace(&mut self, json: &str, max_bytes: usize) -> Result<(), EditError> {
        if json.len() > max_bytes {
            return Err(EditError::TooLarge(max_bytes));
        }
        if *self.bytes() == *json.as_bytes() {
            return Ok(());
        }
        let source = Bytes::copy_from_slice(json.as_bytes());
        let mut replaced = Self::parse(source).map_err(EditError::BadJson)?;
        replaced.touched = std::mem::take(&mut self.touched);
        replaced.touch(Pointer::default());
        *self = replaced;
        Ok(())
    }

    /// The text. Without an edit these are the bytes that were read; otherwise
    /// they are put together once and kept.
    pub fn bytes(&self) -> Bytes {
        if !self.is_touched() {
            return self.source.as_bytes().clone();
        }
        self.written.get_or_init(|| self.write()).clone()
    }

    /// Length of the text in bytes.
    #[expect(clippy::len_without_is_empty, reason = "a JSON text is never empty")]
    pub fn len(&self) -> usize {
        self.around.0.len() + self.root.len() + self.around.1.len()
    }

    /// Whether any edit changed the document.
    pub fn is_touched(&self) -> bool {
        !self.touched.is_empty()
    }

    /// The places that were edited, sorted; the empty pointer where the whole
    /// document was replaced.
    pub fn touched(&self) -> impl Iterator<Item = &Pointer> {
        self.touched.iter()
    }

    fn at(&self) -> At<'_> {
        At {
            value: &self.root,
            source: &self.source,
        }
    }

    /// Bytes beside the value that `set` would add, where it would add.
    fn addition(&self, pointer: &Pointer) -> Option<usize> {
        let (token, parents) = pointer.tokens().split_last()?;
        let parent = self.at().last(parents)?.container()?;
        match parent.last(token) {
            Some(_) => None,
            None => Some(edit::overhead(parent, token)),
        }
    }

    fn touch(&mut self, pointer: Pointer) {
        self.touched.insert(pointer);
        self.written = OnceLock::new();
    }

    fn write(&self) -> Bytes {
        let mut out = Vec::with_capacity(self.len());
        out.extend_from_slice(self.around.0.text(&self.source).as_bytes());
        self.root.write(&self.source, &mut out);
        out.extend_from_slice(self.around.1.text(&self.source).as_bytes());
        out.into()
    }
}

/// The one JSON value of a text, without the whitespace around it.
fn raw(text: &str) -> Result<&str, DocumentError> {
    serde_json::from_str::<&RawValue>(text)
        .map(RawValue::get)
        .map_err(|error| DocumentError::not_json(&error))
}

/// Where a text that is not one JSON value goes wrong.
fn not_json(text: &str) -> DocumentError {
    match raw(text) {
        Err(error) => error,
        // Only reached if two scans of one text disagreed.
        Ok(_) => DocumentError::NotJson { line: 1, column: 1 },
    }
}
