//! A walk over every key and scalar of a document, for those who must see
//! everything. Pointers are only written out when asked for.

use std::ops::ControlFlow;

use super::{
    container::Shape,
    find::{At, push_key, push_token},
};
use crate::record::{
    pattern::{Pattern, Step},
    pointer, string,
};

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

    /// Whether a pattern matches the place.
    pub fn matches(&self, pattern: &Pattern) -> bool {
        self.matches_steps(pattern.steps())
    }

    fn matches_steps(&self, steps: &[Step]) -> bool {
        match (self.step, steps.split_last()) {
            (None, None) => true,
            (Some(leg), Some((last, rest))) => {
                leg.matches(last) && self.parent.is_some_and(|parent| parent.matches_steps(rest))
            }
            _ => false,
        }
    }
}

impl Leg<'_> {
    fn matches(self, step: &Step) -> bool {
        match (self, step) {
            (Leg::Index(_), Step::Every) => true,
            (Leg::Index(index), Step::Token(token)) => pointer::index(token) == Some(index),
            (Leg::Key(raw), Step::Token(token)) => string::decode(raw) == token.as_str(),
            (Leg::Key(_), Step::Every) => false,
        }
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
    let token = match at.value.first_byte(at.source) {
        Some(b'"') => Token::String(text),
        Some(b't' | b'f' | b'n') => Token::Literal(text),
        _ => Token::Number(text),
    };
    visit(place, token)
}
