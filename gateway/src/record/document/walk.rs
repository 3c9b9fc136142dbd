//! A walk over every key and scalar of a document, for those who must see
//! everything. Pointers are only written out when asked for.

use std::ops::ControlFlow;

use super::{
    container::Shape,
    find::{At, push_key},
};
use crate::record::{pattern::PatternTree, pointer::push_token, string};

/// Where a token stands. A place lives on the walk's stack.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    parent: Option<&'a Place<'a>>,
    step: Option<Leg<'a>>,
}

#[derive(Debug, Clone, Copy)]
enum Leg<'a> {
    Key(&'a str),
    Index(usize),
}

/// What a walk meets, as it is written in the document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Token<'a> {
    /// The key of a member, quotes included. Its place is that of the member.
    Key(&'a str),
    /// A string, quotes included.
    String(&'a str),
    /// A number.
    Number(&'a str),
    /// `true`, `false` or `null`.
    Literal(&'a str),
}

impl<'a> Place<'a> {
    /// The place of a member, by its key as it is written.
    pub(super) fn member(&'a self, raw: &'a str) -> Self {
        self.inner(Leg::Key(raw))
    }

    /// The place of an element.
    pub(super) fn element(&'a self, index: usize) -> Self {
        self.inner(Leg::Index(index))
    }

    fn inner(&'a self, leg: Leg<'a>) -> Self {
        Self {
            parent: Some(self),
            step: Some(leg),
        }
    }
}

impl Place<'_> {
    /// The JSON Pointer of the place.
    pub fn pointer(&self) -> String {
        let mut text = self.parent.map(Place::pointer).unwrap_or_default();
        match self.step {
            Some(Leg::Key(raw)) => push_key(&mut text, raw),
            Some(Leg::Index(index)) => push_token(&mut text, &index.to_string()),
            None => {}
        }
        text
    }

    /// The JSON Pointer of the object or array that holds the place.
    pub fn parent_pointer(&self) -> String {
        self.parent.map(Place::pointer).unwrap_or_default()
    }

    /// Whether any pattern of a tree matches the place.
    pub fn is_any_of<T>(&self, tree: &PatternTree<T>) -> bool {
        self.leads(tree, &mut |end| !end.meanings().is_empty())
    }

    /// Whether the way to this place leads through a tree to where `is_end` holds.
    fn leads<T>(
        &self,
        tree: &PatternTree<T>,
        is_end: &mut dyn FnMut(&PatternTree<T>) -> bool,
    ) -> bool {
        let (Some(parent), Some(leg)) = (self.parent, self.step) else {
            return is_end(tree);
        };
        parent.leads(tree, &mut |tree| match leg {
            Leg::Key(raw) => tree.token(&string::decode(raw)).is_some_and(&mut *is_end),
            Leg::Index(index) => {
                tree.every().is_some_and(&mut *is_end)
                    || (tree.has_tokens()
                        && tree.token(&index.to_string()).is_some_and(&mut *is_end))
            }
        })
    }
}

/// Visits a value and everything in it, keys before their values.
pub(super) fn walk<V>(at: At<'_>, place: &Place<'_>, visit: &mut V) -> ControlFlow<()>
where
    V: FnMut(&Place<'_>, Token<'_>) -> ControlFlow<()>,
{
    let Some(container) = at.container() else {
        return scalar(at, place, visit);
    };
    for (index, item) in container.items.iter().enumerate() {
        let raw = item.key.text(&container.source);
        let inner = match container.shape {
            Shape::Object => place.member(raw),
            Shape::Array => place.element(index),
        };
        if container.shape == Shape::Object {
            visit(&inner, Token::Key(raw))?;
        }
        walk(At::item(container, item), &inner, visit)?;
    }
    ControlFlow::Continue(())
}

impl Place<'static> {
    /// The place of the whole document.
    pub(super) const ROOT: Self = Self {
        parent: None,
        step: None,
    };
}

fn scalar<V>(at: At<'_>, place: &Place<'_>, visit: &mut V) -> ControlFlow<()>
where
    V: FnMut(&Place<'_>, Token<'_>) -> ControlFlow<()>,
{
    let Some(text) = at.value.text(at.source) else {
        return ControlFlow::Continue(());
    };
    let token = match text.as_bytes().first() {
        Some(b'"') => Token::String(text),
        Some(b't' | b'f' | b'n') => Token::Literal(text),
        _ => Token::Number(text),
    };
    visit(place, token)
}
