//! What has arrived at one destination.

use std::sync::atomic::{AtomicU8, Ordering};

use crate::record;

/// How often each record has been seen. Shared by all connections of a receiver,
/// without a lock.
pub struct Seen {
    name: String,
    times: Vec<AtomicU8>,
}

impl Seen {
    /// Nothing seen yet of records below this number.
    pub fn new(name: &str, records: u64) -> Self {
        let records = usize::try_from(records).unwrap_or(usize::MAX);
        Self {
            name: name.to_owned(),
            times: (0..records).map(|_| AtomicU8::new(0)).collect(),
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Counts the records that these bytes hold.
    pub fn note(&self, bytes: &[u8]) {
        for number in record::numbers(bytes) {
            if let Some(times) = self.of(number) {
                times.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// How many of these have not arrived.
    pub fn missing(&self, numbers: &[u64]) -> usize {
        let absent = |&&number: &&u64| {
            self.of(number)
                .is_none_or(|times| times.load(Ordering::Relaxed) == 0)
        };
        numbers.iter().filter(absent).count()
    }

    /// How many came more than once. At-least-once allows it.
    pub fn repeated(&self) -> usize {
        let again = |times: &&AtomicU8| times.load(Ordering::Relaxed) > 1;
        self.times.iter().filter(again).count()
    }

    fn of(&self, number: u64) -> Option<&AtomicU8> {
        self.times.get(usize::try_from(number).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_and_what_came_twice_is_told() {
        let seen = Seen::new("crm", 4);
        seen.note(&record::body(1));
        seen.note(&[record::body(2), record::body(2)].concat());
        assert_eq!(seen.missing(&[1, 2]), 0);
        assert_eq!(seen.missing(&[0, 1, 2, 9]), 2);
        assert_eq!(seen.repeated(), 1);
    }
}
