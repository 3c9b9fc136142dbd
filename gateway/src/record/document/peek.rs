//! Typed, read-only access to values, opened one step at a time: what routing
//! expressions look through.

use std::{borrow::Cow, sync::Arc};

use super::{
    container::{Container, Shape},
    find::At,
};
use crate::record::string;

/// A value, seen by its type.
#[derive(Debug, Clone)]
pub enum Peek<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number, as it was written.
    Number(&'a str),
    /// A string, decoded.
    String(Cow<'a, str>),
    /// An array.
    Array(Array),
    /// An object.
    Object(Object),
}

/// An object of a document. Cheap to clone; it shows the document as it was
/// when the object was taken from it.
#[derive(Debug, Clone)]
pub struct Object(Arc<Container>);

/// An array of a document. Cheap to clone; it shows the document as it was
/// when the array was taken from it.
#[derive(Debug, Clone)]
pub struct Array(Arc<Container>);

impl Object {
    /// The member of this name; of a duplicated key, the last.
    pub fn get(&self, name: &str) -> Option<Peek<'_>> {
        let item = self.0.last(name)?;
        Some(Peek::at(At::item(&self.0, item)))
    }

    /// The names of the members in order, each once.
    pub fn names(&self) -> Vec<Cow<'_, str>> {
        let mut names: Vec<Cow<'_, str>> = Vec::with_capacity(self.0.items.len());
        for item in &self.0.items {
            let name = string::decode(item.key.text(&self.0.source));
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

impl Array {
    /// The elements in order.
    pub fn iter(&self) -> impl Iterator<Item = Peek<'_>> {
        let container = &self.0;
        container
            .items
            .iter()
            .map(|item| Peek::at(At::item(container, item)))
    }
}

impl<'a> Peek<'a> {
    pub(super) fn at(at: At<'a>) -> Self {
        if let Some(container) = at.value.container(at.source) {
            let container = Arc::clone(container);
            return match container.shape {
                Shape::Object => Self::Object(Object(container)),
                Shape::Array => Self::Array(Array(container)),
            };
        }
        let text = at.value.text(at.source).unwrap_or_default();
        match text.as_bytes().first() {
            Some(b'"') => Self::String(string::decode(text)),
            Some(b't') => Self::Bool(true),
            Some(b'f') => Self::Bool(false),
            Some(b'n') => Self::Null,
            _ => Self::Number(text),
        }
    }
}
