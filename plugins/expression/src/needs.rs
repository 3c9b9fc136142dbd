//! What a set of expressions looks at, and fetching it.

use std::collections::{BTreeMap, BTreeSet};

use cdr_plugin_sdk::Cdr;
use cel::Value;

use super::{
    Expression,
    names::{Names, Path},
    value::{Tree, parse},
};

/// What a set of expressions looks at.
#[derive(Debug, Default)]
pub struct Needs {
    /// Of two places, one within the other, only the outer one.
    places: Vec<Place>,
    tags: BTreeSet<String>,
    all_tags: bool,
    kind: bool,
    source: bool,
}

impl Needs {
    /// What all of these look at.
    #[must_use]
    pub fn of<'a>(expressions: impl Iterator<Item = &'a Expression>) -> Self {
        let mut needs = Self::default();
        let mut paths = BTreeSet::new();
        for names in expressions.map(Expression::names) {
            needs.add(names);
            paths.extend(names.paths.iter().cloned());
        }
        needs.places = outermost(paths).into_iter().map(Place::from).collect();
        needs
    }

    fn add(&mut self, names: &Names) {
        self.tags.extend(names.tags.iter().cloned());
        self.all_tags |= names.all_tags;
        self.kind |= names.kind;
        self.source |= names.source;
    }

    /// The variables that are used, with what the record has of them.
    pub(crate) fn fetch(&self, cdr: Cdr<'_>) -> Vec<(&'static str, Value)> {
        let mut variables = Vec::new();
        if !self.places.is_empty() {
            variables.push(("cdr", self.fetch_record(cdr)));
        }
        if self.all_tags || !self.tags.is_empty() {
            variables.push(("tags", self.fetch_tags(cdr)));
        }
        if self.kind {
            variables.push(("kind", cdr.kind().as_str().into()));
        }
        if self.source {
            variables.push(("source", cdr.source().into()));
        }
        variables
    }

    fn fetch_tags(&self, cdr: Cdr<'_>) -> Value {
        let present = if self.all_tags {
            cdr.tags()
        } else {
            let tags = self.tags.iter();
            tags.filter_map(|tag| Some((tag.clone(), cdr.tag(tag)?)))
                .collect()
        };
        let members = present.into_iter();
        let members = members.map(|(tag, value)| (tag, Tree::Value(value.into())));
        Tree::Members(members.collect()).into()
    }

    fn fetch_record(&self, cdr: Cdr<'_>) -> Value {
        let mut record = Tree::Members(BTreeMap::new());
        for place in &self.places {
            fetch_place(cdr, place, &mut record);
        }
        record.into()
    }
}

/// Puts a place into the tree: with its value, or where there is none, with
/// what stands above it, so that an expression fails or not as it would on the
/// whole record.
fn fetch_place(cdr: Cdr<'_>, place: &Place, record: &mut Tree) {
    let Some(json) = cdr.json(&place.pointer) else {
        return fetch_above(cdr, place, record);
    };
    let value = parse(&json).map_or(Tree::Value(Value::Null), Tree::Value);
    record.put(&place.path, value);
}

/// A record is an object, so its root need not be looked at.
fn fetch_above(cdr: Cdr<'_>, place: &Place, record: &mut Tree) {
    let ends = place.pointer.match_indices('/').skip(1);
    let above: Vec<_> = ends.map(|(end, _)| place.pointer.split_at(end).0).collect();
    for (depth, pointer) in above.iter().enumerate().rev() {
        let path = place.path.get(..=depth).unwrap_or_default();
        if let Some(json) = cdr.json(pointer) {
            let found = if json.starts_with('{') {
                Tree::Members(BTreeMap::new())
            } else {
                parse(&json).map_or(Tree::Value(Value::Null), Tree::Value)
            };
            return record.put(path, found);
        }
    }
}

/// A place of the record, as it is fetched.
#[derive(Debug)]
struct Place {
    path: Path,
    pointer: String,
}

impl From<Path> for Place {
    fn from(path: Path) -> Self {
        let tokens = path.iter();
        let tokens = tokens.map(|key| format!("/{}", key.replace('~', "~0").replace('/', "~1")));
        let pointer = tokens.collect();
        Self { path, pointer }
    }
}

/// A path sorts directly before those that go on from it.
fn outermost(paths: BTreeSet<Path>) -> Vec<Path> {
    let mut kept: Vec<Path> = Vec::new();
    for path in paths {
        let within = kept.last().is_some_and(|outer| path.starts_with(outer));
        if !within {
            kept.push(path);
        }
    }
    kept
}
