//! What a consumer knows of its place in the journal.

use std::collections::HashSet;

use crate::{
    journal::{Claim, SeqSet},
    record::Seq,
};

/// Positions between the cursor and the newest arrival that was started: what
/// may be sent again after a crash, and what is held in memory.
pub(super) const SPAN: u64 = 1024;

/// Cursor, what has passed beyond it, and what is under way.
#[derive(Debug)]
pub(super) struct Window {
    cursor: Seq,
    ahead: SeqSet,
    next: Seq,
    under_way: HashSet<Seq>,
}

impl Window {
    pub(super) fn new(claim: &Claim) -> Self {
        Self {
            cursor: claim.cursor,
            ahead: claim.ahead.clone(),
            next: claim.cursor.next(),
            under_way: HashSet::new(),
        }
    }

    /// The next position that was not started, if the window reaches that far.
    pub(super) fn next(&mut self, head: Seq) -> Option<Seq> {
        while self.ahead.contains(self.next) {
            self.next = self.next.next();
        }
        (self.next <= head && self.next.0 <= self.cursor.0 + SPAN).then_some(self.next)
    }

    /// Notes that the delivery of a position is under way. False if it was.
    pub(super) fn start(&mut self, seq: Seq) -> bool {
        self.skip(seq);
        self.under_way.insert(seq)
    }

    /// Notes that a started first attempt did not happen after all.
    pub(super) fn rewind(&mut self, seq: Seq) {
        self.under_way.remove(&seq);
        self.next = self.next.min(seq);
    }

    /// Notes that there is nothing to do for a position.
    pub(super) fn skip(&mut self, seq: Seq) {
        if seq == self.next {
            self.next = seq.next();
        }
    }

    /// Notes what was settled. Until then a delivery is under way, so that it is
    /// not started twice.
    pub(super) fn settled(&mut self, seqs: impl IntoIterator<Item = Seq>) {
        for seq in seqs {
            self.under_way.remove(&seq);
            if seq > self.cursor {
                self.ahead.insert(seq);
            }
        }
        self.cursor = self.ahead.advance(self.cursor);
    }

    pub(super) fn is_under_way(&self, seq: Seq) -> bool {
        self.under_way.contains(&seq)
    }

    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
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
            files: Vec::new(),
        })
    }

    #[test]
    fn positions_that_passed_are_not_started_again() {
        let mut window = window(2, &[4, 5]);
        let mut started = Vec::new();
        while let Some(seq) = window.next(Seq(7)) {
            window.start(seq);
            started.push(seq.0);
        }
        assert_eq!(started, [3, 6, 7]);
        assert_eq!(window.under_way(), 3);
    }

    #[test]
    fn the_window_waits_for_its_oldest_delivery() {
        let mut window = window(0, &[]);
        for _ in 0..SPAN {
            let seq = window.next(Seq(9999)).unwrap();
            window.start(seq);
        }
        assert_eq!(window.next(Seq(9999)), None);
        window.settled((2..=SPAN).map(Seq));
        assert_eq!(window.next(Seq(9999)), None);
        window.settled([Seq(1)]);
        assert_eq!(window.next(Seq(9999)), Some(Seq(SPAN + 1)));
    }
}
