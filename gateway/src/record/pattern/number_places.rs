//! Where numbers stand.

use super::{Pattern, PatternTree};

/// Where numbers stand in records of a kind: the patterns, and all of them at once.
#[derive(Debug, Clone, Default)]
pub struct NumberPlaces {
    patterns: Vec<Pattern>,
    tree: PatternTree<()>,
}

impl NumberPlaces {
    /// The patterns, as they were given.
    #[must_use]
    pub fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// The patterns at once.
    #[must_use]
    pub fn tree(&self) -> &PatternTree<()> {
        &self.tree
    }
}

impl FromIterator<Pattern> for NumberPlaces {
    fn from_iter<I: IntoIterator<Item = Pattern>>(patterns: I) -> Self {
        let patterns: Vec<_> = patterns.into_iter().collect();
        let tree = patterns.iter().map(|pattern| (pattern.clone(), ()));
        Self {
            tree: tree.collect(),
            patterns,
        }
    }
}

impl<'a> FromIterator<&'a Pattern> for NumberPlaces {
    fn from_iter<I: IntoIterator<Item = &'a Pattern>>(patterns: I) -> Self {
        patterns.into_iter().cloned().collect()
    }
}
