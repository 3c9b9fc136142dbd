//! The works, in the order of a record's journey.

mod chain;
mod fixture;
mod guard;
mod journal;
mod record;
mod table;
mod template;

use crate::work::Work;

/// Every work.
pub fn all() -> Vec<Work> {
    [
        record::WORKS,
        journal::WORKS,
        chain::WORKS,
        table::WORKS,
        guard::WORKS,
        template::WORKS,
    ]
    .into_iter()
    .flatten()
    .copied()
    .collect()
}
