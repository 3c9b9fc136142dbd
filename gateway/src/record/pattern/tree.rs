//! Many patterns at once: what they have in common is looked for once.

use std::collections::HashMap;

use super::{Pattern, Step};

/// Patterns, each with what it means, looked for in one pass over a document
/// ([`Document::look`](crate::record::Document::look)). Costs one lookup for each
/// member on the way, however many patterns there are, and opens only what some
/// pattern leads into.
#[derive(Debug, Clone)]
pub struct PatternTree<T> {
    /// What the patterns that end here mean.
    meanings: Vec<T>,
    /// Where `*` leads.
    every: Option<Box<PatternTree<T>>>,
    /// Where names and indexes lead.
    tokens: HashMap<String, PatternTree<T>>,
}

impl<T> PatternTree<T> {
    /// Adds a pattern. One that is added again means both.
    pub fn add(&mut self, pattern: &Pattern, meaning: T) {
        let end = pattern.steps().iter().fold(self, |tree, step| match step {
            Step::Every => tree.every.get_or_insert_default(),
            Step::Token(token) => tree.tokens.entry(token.clone()).or_default(),
        });
        end.meanings.push(meaning);
    }

    pub(in crate::record) fn meanings(&self) -> &[T] {
        &self.meanings
    }

    /// Whether patterns lead on from here.
    pub(in crate::record) fn leads_on(&self) -> bool {
        self.every.is_some() || !self.tokens.is_empty()
    }

    pub(in crate::record) fn every(&self) -> Option<&Self> {
        self.every.as_deref()
    }

    /// Where a name, or an index in digits, leads.
    pub(in crate::record) fn token(&self, token: &str) -> Option<&Self> {
        self.tokens.get(token)
    }

    /// Whether any name or index leads on.
    pub(in crate::record) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }
}

impl<T> Default for PatternTree<T> {
    fn default() -> Self {
        Self {
            meanings: Vec::new(),
            every: None,
            tokens: HashMap::new(),
        }
    }
}

impl<T> FromIterator<(Pattern, T)> for PatternTree<T> {
    fn from_iter<I: IntoIterator<Item = (Pattern, T)>>(patterns: I) -> Self {
        let mut tree = Self::default();
        for (pattern, meaning) in patterns {
            tree.add(&pattern, meaning);
        }
        tree
    }
}
