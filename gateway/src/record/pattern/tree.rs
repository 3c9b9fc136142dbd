//! Many patterns at once: what they have in common is looked for once.

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
    /// Where names and indexes lead, sorted by [`order`].
    tokens: Vec<(String, PatternTree<T>)>,
}

impl<T> PatternTree<T> {
    /// Adds a pattern. One that is added again means both.
    pub fn add(&mut self, pattern: &Pattern, meaning: T) {
        let end = pattern.steps().iter().fold(self, |tree, step| match step {
            Step::Every => tree.every.get_or_insert_default(),
            Step::Token(token) => tree.inner(token),
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
        let at = self.position(token).ok()?;
        self.tokens.get(at).map(|(_, tree)| tree)
    }

    /// Where a token stands among those of this level, or would.
    fn position(&self, token: &str) -> Result<usize, usize> {
        let position = |(known, _): &(String, Self)| order(known).cmp(&order(token));
        self.tokens.binary_search_by(position)
    }

    fn inner(&mut self, token: &str) -> &mut Self {
        let at = self.position(token).unwrap_or_else(|at| {
            self.tokens.insert(at, (token.to_owned(), Self::default()));
            at
        });
        &mut self.tokens[at].1
    }

    /// Whether any name or index leads on.
    pub(in crate::record) fn has_tokens(&self) -> bool {
        !self.tokens.is_empty()
    }
}

/// Lengths are compared first: most names differ in that already.
fn order(token: &str) -> (usize, &str) {
    (token.len(), token)
}

impl<T> Default for PatternTree<T> {
    fn default() -> Self {
        Self {
            meanings: Vec::new(),
            every: None,
            tokens: Vec::new(),
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
