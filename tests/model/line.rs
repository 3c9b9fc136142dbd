//! What a receiver sees of the order per key: no record comes for the first time while
//! an earlier one of its key is still to be tried again.

use std::collections::{BTreeMap, BTreeSet};

use axum::http::StatusCode;
use serde_json::Value;

/// The records of each key that were answered with 503 last, by their numbers.
#[derive(Debug, Default)]
pub struct Line {
    holds: bool,
    seen: BTreeSet<usize>,
    retrying: BTreeMap<String, BTreeSet<usize>>,
}

impl Line {
    /// Whether it is looked at.
    pub fn hold(&mut self, holds: bool) {
        self.holds = holds;
    }

    /// Records that do not come any more.
    pub fn give_up(&mut self, records: &[(String, String)]) {
        for (id, _) in records {
            for retrying in self.retrying.values_mut() {
                retrying.remove(&number(id));
            }
        }
    }

    /// Notes a record and its answer. Returns the earlier one that it must not have
    /// passed, if there is one.
    pub fn pass(&mut self, record: &Value, status: StatusCode) -> Option<usize> {
        let number = number(record["id"].as_str()?);
        let retrying = self.retrying.entry(record["key"].as_str()?.to_owned());
        let retrying = retrying.or_default();
        let is_first = self.seen.insert(number);
        let earlier = retrying.range(..number).next().copied();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            retrying.insert(number);
        } else {
            retrying.remove(&number);
        }
        earlier.filter(|_| self.holds && is_first)
    }
}

/// The number of an id.
pub fn number(id: &str) -> usize {
    id[1..].parse().expect("a number")
}
