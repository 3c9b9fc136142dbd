//! A batch that is being formed.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::length;
use crate::config::model::Batch;

/// What closes a batch: the first limit that is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// It has as many members as it may.
    Records,
    /// Another member would make it longer than it may be.
    Bytes,
    /// Its first member has waited long enough.
    Wait,
    /// There is no room for what could join it.
    Room,
}

impl Trigger {
    /// As metrics write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Records => "records",
            Self::Bytes => "bytes",
            Self::Wait => "wait",
            Self::Room => "room",
        }
    }
}

/// Members that wait for company, in the order in which they came.
#[derive(Debug)]
pub struct Forming<T> {
    waiting: VecDeque<Waiting<T>>,
    bytes: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    member: T,
    bytes: usize,
    since: Instant,
}

impl<T> Default for Forming<T> {
    fn default() -> Self {
        Self {
            waiting: VecDeque::new(),
            bytes: 0,
        }
    }
}

impl<T> Forming<T> {
    /// Adds a member whose payload has so many bytes.
    pub fn join(&mut self, member: T, bytes: usize, since: Instant) {
        self.bytes += bytes;
        self.waiting.push_back(Waiting {
            member,
            bytes,
            since,
        });
    }

    /// How many wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether none waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Why a batch is to be sent now, if so.
    #[must_use]
    pub fn due(&self, limits: &Batch, now: Instant) -> Option<Trigger> {
        if self.len() >= limits.max_records {
            Some(Trigger::Records)
        } else if length(limits.format, self.len(), self.bytes) >= limits.max_bytes {
            (!self.is_empty()).then_some(Trigger::Bytes)
        } else {
            let due = self.due_at(limits).is_some_and(|due| due <= now);
            due.then_some(Trigger::Wait)
        }
    }

    /// When a batch is to be sent although no other limit is reached.
    #[must_use]
    pub fn due_at(&self, limits: &Batch) -> Option<Instant> {
        let first = self.waiting.front()?;
        Some(first.since + Duration::from_millis(limits.max_wait_ms))
    }

    /// The next batch: as many of the longest waiting as fit, and at least one.
    pub fn take(&mut self, limits: &Batch) -> Vec<T> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while taken.len() < limits.max_records
            && let Some(next) = self.waiting.front()
        {
            let longer = length(limits.format, taken.len() + 1, bytes + next.bytes);
            if !taken.is_empty() && longer > limits.max_bytes {
                break;
            }
            bytes += next.bytes;
            taken.extend(self.waiting.pop_front().map(|waiting| waiting.member));
        }
        self.bytes -= bytes;
        taken
    }

    /// Everything that waits, to be put back.
    pub fn take_all(&mut self) -> Vec<T> {
        self.bytes = 0;
        let waiting = std::mem::take(&mut self.waiting);
        waiting.into_iter().map(|waiting| waiting.member).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::BatchFormat;

    /// Sizes of members, the time, what closes the batch, and who is in it.
    type Case = (&'static [usize], Instant, Option<Trigger>, &'static [usize]);

    const LIMITS: Batch = Batch {
        format: BatchFormat::JsonArray,
        max_records: 4,
        max_bytes: 100,
        max_wait_ms: 1_000,
    };

    /// Members of these sizes, that joined a second apart.
    fn forming(sizes: &[usize], first: Instant) -> Forming<usize> {
        let mut forming = Forming::default();
        for (index, size) in sizes.iter().enumerate() {
            let since = first + Duration::from_secs(index as u64);
            forming.join(index, *size, since);
        }
        forming
    }

    #[test]
    fn the_first_limit_that_is_reached_closes_a_batch() {
        let start = Instant::now();
        let later = start + Duration::from_secs(1);
        let cases: [Case; 8] = [
            (&[], later, None, &[]),
            (&[10], start, None, &[0]),
            (&[10, 10, 10], start, None, &[0, 1, 2]),
            (&[10], later, Some(Trigger::Wait), &[0]),
            (&[10; 4], start, Some(Trigger::Records), &[0, 1, 2, 3]),
            (&[1; 5], start, Some(Trigger::Records), &[0, 1, 2, 3]),
            // "[", ",", "]" and 97 bytes are 100.
            (&[50, 47], start, Some(Trigger::Bytes), &[0, 1]),
            (&[50, 48], start, Some(Trigger::Bytes), &[0]),
        ];
        for (sizes, now, trigger, taken) in cases {
            let mut forming = forming(sizes, start);
            assert_eq!(forming.due(&LIMITS, now), trigger, "{sizes:?}");
            assert_eq!(forming.take(&LIMITS), taken, "{sizes:?}");
        }
    }

    #[test]
    fn what_is_too_long_by_itself_goes_alone() {
        let start = Instant::now();
        let mut forming = forming(&[10, 500, 10, 10], start);
        let mut batches = Vec::new();
        while !forming.is_empty() {
            batches.push(forming.take(&LIMITS));
        }
        assert_eq!(batches, [vec![0], vec![1], vec![2, 3]]);
        assert_eq!(forming.due(&LIMITS, start), None);
    }

    #[test]
    fn what_stays_has_waited_since_it_came() {
        let start = Instant::now();
        let mut forming = forming(&[1; 5], start);
        forming.take(&LIMITS);
        let due = start + Duration::from_secs(5);
        assert_eq!(forming.due_at(&LIMITS), Some(due));
        assert_eq!(forming.take_all(), [4]);
        assert_eq!(forming.due_at(&LIMITS), None);
    }
}
