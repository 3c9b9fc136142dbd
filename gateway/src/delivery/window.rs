//! What a consumer knows of its place in the journal.

use std::collections::{HashMap, HashSet};

use crate::{
    journal::{Claim, SeqSet},
    record::Seq,
};

/// Positions between the cursor and the newest arrival that was started: what
/// may be sent again after a crash, and what is held in memory.
pub(super) const SPAN: u64 = 1024;

/// The same where deliveries go out in batches, in batches of the largest size:
/// some under way, some that fill.
const SPAN_BATCHES: u64 = 4;

/// Size of the arrivals under way at which no further one is started.
const MAX_BYTES_UNDER_WAY: usize = 16 * 1024 * 1024;

/// Cursor, what has passed beyond it, and what is under way.
#[derive(Debug)]
pub(super) struct Window {
    cursor: Seq,
    ahead: SeqSet,
    next: Seq,
    span: u64,
    /// With the size of the arrival's body.
    under_way: HashMap<Seq, usize>,
    /// What ended and is not settled yet.
    ended: HashSet<Seq>,
    /// Of all that is under way.
    bytes: usize,
}

impl Window {
    pub(super) fn new(claim: &Claim) -> Self {
        Self {
            cursor: claim.cursor,
            ahead: claim.ahead.clone(),
            next: claim.cursor.next(),
            span: SPAN,
            under_way: HashMap::new(),
            ended: HashSet::new(),
            bytes: 0,
        }
    }

    /// Reaches as far as batches of at most so many records need it to.
    pub(super) fn reach(&mut self, max_records: usize) {
        let records = u64::try_from(max_records).unwrap_or(u64::MAX);
        self.span = records.saturating_mul(SPAN_BATCHES).max(SPAN);
    }

    /// The next position that was not started, if the window reaches that far.
    pub(super) fn next(&mut self, head: Seq) -> Option<Seq> {
        self.next = self.next.max(self.cursor.next());
        while self.ahead.contains(self.next) || self.is_under_way(self.next) {
            self.next = self.next.next();
        }
        (self.next <= head && !self.is_spent()).then_some(self.next)
    }

    /// Whether it reaches no further until something at its cursor is settled.
    pub(super) fn is_spent(&self) -> bool {
        self.next.0 > self.cursor.0 + self.span
    }

    /// Notes that a delivery is under way, of an arrival of so many bytes.
    pub(super) fn start(&mut self, seq: Seq, bytes: usize) {
        self.skip(seq);
        self.bytes += bytes;
        if let Some(before) = self.under_way.insert(seq, bytes) {
            self.bytes -= before;
        }
    }

    /// Notes that there is nothing to do for a position.
    pub(super) fn skip(&mut self, seq: Seq) {
        if seq == self.next {
            self.next = seq.next();
        }
    }

    /// Notes that a delivery ended. It leaves its room to others, but is not
    /// started again before it is settled: until then the journal shows it as
    /// still to be done.
    pub(super) fn ended(&mut self, seq: Seq) {
        if let Some(bytes) = self.under_way.remove(&seq) {
            self.bytes -= bytes;
            self.ended.insert(seq);
        }
    }

    /// Notes that a delivery came back as it was. One that had not passed is the
    /// next one again.
    pub(super) fn put_back(&mut self, seq: Seq) {
        if let Some(bytes) = self.under_way.remove(&seq) {
            self.bytes -= bytes;
        }
        if seq > self.cursor {
            self.next = self.next.min(seq);
        }
    }

    /// Notes what was settled. Until then a delivery is under way, so that it is
    /// not started twice.
    pub(super) fn settled(&mut self, seqs: impl IntoIterator<Item = Seq>) {
        for seq in seqs {
            self.ended(seq);
            self.ended.remove(&seq);
            if seq > self.cursor {
                self.ahead.insert(seq);
            }
        }
        self.cursor = self.ahead.advance(self.cursor);
    }

    /// Whether a position was settled before, be it as an exception.
    pub(super) fn has_passed(&self, seq: Seq) -> bool {
        seq <= self.cursor || self.ahead.contains(seq)
    }

    /// Whether a position was neither started nor settled.
    pub(super) fn is_pending(&self, seq: Seq) -> bool {
        !self.has_passed(seq) && !self.is_under_way(seq)
    }

    /// Whether a delivery is under way or ended, and is not settled yet.
    pub(super) fn is_under_way(&self, seq: Seq) -> bool {
        self.under_way.contains_key(&seq) || self.ended.contains(&seq)
    }

    /// How many are under way and did not end.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// How many were started and are not settled.
    pub(super) fn unsettled(&self) -> usize {
        self.under_way.len() + self.ended.len()
    }

    /// Whether one that had passed before ended, and is not settled yet.
    pub(super) fn has_unsettled_retries(&self) -> bool {
        self.ended.iter().any(|seq| self.has_passed(*seq))
    }

    /// Whether what is under way is so much that nothing else is to be started.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= MAX_BYTES_UNDER_WAY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(cursor: u64, ahead: &[u64]) -> Window {
        Window::new(&Claim {
            epoch: 1,
            start: Seq(1),
            cursor: Seq(cursor),
            ahead: ahead.iter().copied().map(Seq).collect(),
            hold: None,
            files: Vec::new(),
        })
    }

    #[test]
    fn positions_that_passed_are_not_started_again() {
        let mut window = window(2, &[4, 5]);
        let mut started = Vec::new();
        while let Some(seq) = window.next(Seq(7)) {
            window.start(seq, 10);
            started.push(seq.0);
        }
        assert_eq!(started, [3, 6, 7]);
        assert_eq!((window.under_way(), window.bytes), (3, 30));
        window.settled([Seq(6)]);
        assert_eq!((window.under_way(), window.bytes), (2, 20));
    }

    #[test]
    fn what_came_back_is_next_and_nothing_is_started_twice() {
        let mut window = window(2, &[4]);
        for _ in 0..3 {
            let seq = window.next(Seq(9)).unwrap();
            window.start(seq, 10);
        }
        window.put_back(Seq(5));
        // An exception that was tried again.
        window.start(Seq(1), 10);
        window.put_back(Seq(1));
        assert_eq!((window.under_way(), window.bytes), (2, 20));
        assert_eq!(window.next(Seq(9)), Some(Seq(5)));
        window.start(Seq(5), 10);
        assert_eq!(window.next(Seq(9)), Some(Seq(7)));
    }

    #[test]
    fn what_ended_leaves_its_room_and_is_not_started_before_it_is_settled() {
        let mut window = window(0, &[]);
        window.start(Seq(1), 10);
        window.start(Seq(2), 10);
        window.ended(Seq(2));
        window.ended(Seq(9));
        assert_eq!((window.under_way(), window.bytes), (1, 10));
        assert_eq!(window.unsettled(), 2);
        assert!(window.is_under_way(Seq(2)) && !window.is_pending(Seq(2)));
        assert_eq!(window.next(Seq(9)), Some(Seq(3)));
        assert!(!window.has_unsettled_retries());
        window.settled([Seq(2)]);
        assert!(!window.is_under_way(Seq(2)));
        assert_eq!((window.unsettled(), window.bytes), (1, 10));
        // It was parked, and is tried again.
        window.start(Seq(2), 10);
        window.ended(Seq(2));
        assert!(window.has_unsettled_retries());
        window.settled([Seq(2)]);
        assert!(!window.has_unsettled_retries());
    }

    #[test]
    fn what_was_given_up_is_not_started() {
        let mut window = window(0, &[]);
        window.start(Seq(1), 1);
        assert!(!window.is_pending(Seq(1)) && window.is_pending(Seq(2)));
        window.settled([2, 3, 5].map(Seq));
        assert_eq!(window.next(Seq(9)), Some(Seq(4)));
        window.settled([Seq(1), Seq(4)]);
        assert!(!window.is_pending(Seq(4)) && window.is_pending(Seq(6)));
        assert_eq!(window.next(Seq(9)), Some(Seq(6)));
    }

    #[test]
    fn the_window_reaches_further_for_large_batches() {
        let mut window = window(0, &[]);
        for (max_records, span) in [(1, SPAN), (100, SPAN), (1000, 4000)] {
            window.reach(max_records);
            window.next = Seq(span);
            assert_eq!(window.next(Seq(9999)), Some(Seq(span)), "{max_records}");
            window.next = Seq(span + 1);
            assert!(window.is_spent());
            assert_eq!(window.next(Seq(9999)), None, "{max_records}");
        }
    }

    #[test]
    fn the_window_waits_for_its_oldest_delivery() {
        let mut window = window(0, &[]);
        for _ in 0..SPAN {
            let seq = window.next(Seq(9999)).unwrap();
            window.start(seq, 1);
        }
        assert_eq!(window.next(Seq(9999)), None);
        window.settled((2..=SPAN).map(Seq));
        assert_eq!(window.next(Seq(9999)), None);
        window.settled([Seq(1)]);
        assert_eq!(window.next(Seq(9999)), Some(Seq(SPAN + 1)));
    }
}
