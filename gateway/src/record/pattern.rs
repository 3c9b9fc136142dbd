//! Patterns: JSON Pointers in which `*` stands for every element of an array.

mod number_places;
mod tree;

use std::{fmt, str::FromStr};

pub use number_places::NumberPlaces;
pub use tree::PatternTree;

use super::pointer::{self, PointerError};

/// The name of any number of places: a JSON Pointer in which the token `*`
/// stands for every element of an array. It does not stand for the members of
/// an object, so that a pattern says what shape it expects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern {
    steps: Vec<Step>,
}

/// One token of a [`Pattern`].
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Step {
    /// Every element of an array.
    Every,
    /// The member of this name, or the element of this index.
    Token(String),
}

impl Pattern {
    /// Reads a pattern.
    pub fn parse(text: &str) -> Result<Self, PointerError> {
        let steps = pointer::parse_tokens(text)?
            .into_iter()
            .map(|token| match token.as_str() {
                "*" => Step::Every,
                _ => Step::Token(token),
            })
            .collect();
        Ok(Self { steps })
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl FromStr for Pattern {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.steps.iter().try_for_each(|step| match step {
            Step::Every => f.write_str("/*"),
            Step::Token(token) => pointer::write_token(f, token),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_patterns() {
        for text in ["", "/a", "/list/*/Phone", "/a~1b/*", "/*"] {
            assert_eq!(Pattern::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn only_a_whole_token_is_a_star() {
        let pattern = Pattern::parse("/a*/*").unwrap();
        assert_eq!(pattern.steps(), [Step::Token("a*".into()), Step::Every]);
    }
}
