//! The table of [`fields`](super::fields), compiled once for each kind.

use std::sync::LazyLock;

use super::fields::{self, Field, Shape};
use crate::{
    ingest::dialect::MAX_VIOLATIONS,
    record::{Document, Kind, Pattern, PatternTree, Pointer},
};

/// What the table says of one kind.
pub(super) struct Table {
    fields: PatternTree<Shape>,
    number_places: Vec<Pattern>,
}

static TABLES: LazyLock<[Table; Kind::ALL.len()]> = LazyLock::new(|| Kind::ALL.map(Table::new));

#[allow(clippy::expect_used, reason = "a constant")]
static SESSION_ID: LazyLock<Pointer> =
    LazyLock::new(|| Pointer::parse("/SessionId").expect("a constant that is a pointer"));

/// The table of a kind.
pub(super) fn of(kind: Kind) -> &'static Table {
    &TABLES[kind as usize]
}

/// The session id, where the record has one.
pub(super) fn session(document: &Document) -> Option<String> {
    let id: String = serde_json::from_str(&document.get(&SESSION_ID)?).ok()?;
    (!id.is_empty()).then_some(id)
}

impl Table {
    fn new(kind: Kind) -> Self {
        let of_kind = || {
            fields::ALL
                .iter()
                .filter(|field| field.kinds.contains(&kind))
        };
        Self {
            fields: of_kind()
                .filter(|field| field.shape != Shape::Any)
                .map(|field| (compile(field), field.shape))
                .collect(),
            number_places: of_kind()
                .filter(|field| field.number)
                .map(compile)
                .collect(),
        }
    }

    pub(super) fn number_places(&self) -> &[Pattern] {
        &self.number_places
    }

    /// Pointers of the values that do not fit, in the order of the record. All
    /// values of a duplicated key are looked at; they share one pointer.
    pub(super) fn violations(&self, document: &Document) -> Vec<String> {
        let mut violations = Vec::new();
        document.look(&self.fields, |place, json, shape| {
            if violations.len() < MAX_VIOLATIONS && !shape.fits(&json) {
                let pointer = place.pointer();
                if !violations.contains(&pointer) {
                    violations.push(pointer);
                }
            }
        });
        violations
    }
}

#[allow(clippy::expect_used, reason = "each row is compiled by a test")]
fn compile(field: &Field) -> Pattern {
    Pattern::parse(field.pattern).expect("a pattern of the table, each compiled by a test")
}
