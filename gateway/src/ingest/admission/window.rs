//! The pushes of the last hours, by key.
//!
//! Bounded by time and by number; the oldest are forgotten first. A clock that
//! steps back keeps entries longer, never beyond the number.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};

use crate::record::ArrivalId;

type Key = [u8; 16];

/// Who holds a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Holder {
    /// The arrival.
    pub(super) id: ArrivalId,
    /// The digest of its body.
    pub(super) body: [u8; 16],
}

/// The remembered pushes.
#[derive(Debug)]
pub(super) struct Window {
    span: Duration,
    max_entries: usize,
    /// Who holds a key, and since when in Unix milliseconds.
    holders: HashMap<Key, (i64, Holder)>,
    /// The same keys and times, in the order in which they came.
    order: VecDeque<(i64, Key)>,
}

impl Window {
    pub(super) fn new(span: Duration, max_entries: usize) -> Self {
        Self {
            span,
            max_entries,
            holders: HashMap::new(),
            order: VecDeque::new(),
        }
    }

    pub(super) fn resize(&mut self, span: Duration, max_entries: usize) {
        self.span = span;
        self.max_entries = max_entries;
        self.shed();
        self.holders.shrink_to_fit();
        self.order.shrink_to_fit();
    }

    /// Who holds a key at a time.
    pub(super) fn holder(&mut self, key: &Key, now: Timestamp) -> Option<Holder> {
        let start = start(now, self.span).as_millisecond();
        while self.order.front().is_some_and(|(at, _)| *at < start) {
            self.forget_oldest();
        }
        self.holders.get(key).map(|(_, holder)| *holder)
    }

    /// Remembers the holder of a key that nobody holds. (Of a journal that
    /// holds a key twice, from before a smaller window, the later one stays.)
    pub(super) fn remember(&mut self, key: Key, holder: Holder, at: Timestamp) {
        let at = at.as_millisecond();
        self.holders.insert(key, (at, holder));
        self.order.push_back((at, key));
        self.shed();
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    fn shed(&mut self) {
        while self.order.len() > self.max_entries {
            self.forget_oldest();
        }
    }

    fn forget_oldest(&mut self) {
        let Some((at, key)) = self.order.pop_front() else {
            return;
        };
        if self
            .holders
            .get(&key)
            .is_some_and(|(since, _)| *since == at)
        {
            self.holders.remove(&key);
        }
    }
}

/// Where a window of this span starts.
pub(super) fn start(now: Timestamp, span: Duration) -> Timestamp {
    SignedDuration::try_from(span)
        .ok()
        .and_then(|span| now.checked_sub(span).ok())
        .unwrap_or(Timestamp::MIN)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn key(n: u8) -> Key {
        [n; 16]
    }

    fn holder(n: u8) -> Holder {
        Holder {
            id: ArrivalId(Uuid::from_bytes([n; 16])),
            body: [n; 16],
        }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A window of 10 seconds and 3 entries with entries 1, 2, … at the seconds.
    fn window(seconds: &[i64]) -> Window {
        let mut window = Window::new(Duration::from_secs(10), 3);
        for (n, second) in (1..).zip(seconds) {
            window.remember(key(n), holder(n), at(*second));
        }
        window
    }

    fn remembered(window: &mut Window, now: i64) -> Vec<u8> {
        let known = |n: &u8| window.holder(&key(*n), at(now)) == Some(holder(*n));
        (1..=9).filter(known).collect()
    }

    #[test]
    fn forgets_by_time_and_by_number() {
        for (seconds, now, expected) in [
            (&[0, 5, 9][..], 9, &[1, 2, 3][..]),
            (&[0, 5, 9], 10, &[1, 2, 3]),
            (&[0, 5, 9], 11, &[2, 3]),
            (&[0, 5, 9], 100, &[]),
            (&[0, 1, 2, 3, 4], 4, &[3, 4, 5]),
            (&[50, 0], 11, &[1, 2]),
            (&[50, 0], 61, &[]),
        ] {
            let mut window = window(seconds);
            assert_eq!(
                remembered(&mut window, now),
                expected,
                "{seconds:?} at {now}"
            );
            assert_eq!(window.len(), expected.len());
        }
    }

    #[test]
    fn a_smaller_window_forgets_at_once() {
        let mut window = window(&[0, 1, 2]);
        window.resize(Duration::from_secs(10), 1);
        assert_eq!(remembered(&mut window, 2), [3]);
    }

    #[test]
    fn the_later_holder_of_a_key_stays_as_long_as_it_should() {
        let mut window = window(&[0, 1]);
        window.remember(key(1), holder(9), at(5));
        assert_eq!(window.holder(&key(1), at(14)), Some(holder(9)));
    }

    #[test]
    fn a_span_beyond_time_itself_starts_at_its_beginning() {
        assert_eq!(start(at(0), Duration::MAX), Timestamp::MIN);
    }
}
