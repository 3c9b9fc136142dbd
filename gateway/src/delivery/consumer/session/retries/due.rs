//! When the next retry is due, as far as known.

use jiff::Timestamp;

/// When the earliest retry is due that is not under way.
///
/// It is read from the journal when it is needed, and not again until something
/// may have changed it. Until then the old time stands.
#[derive(Debug, Default)]
pub(in super::super) struct Due {
    next: Option<Timestamp>,
    is_known: bool,
}

impl Due {
    /// Notes that exceptions changed, or may have.
    pub(in super::super) fn outdate(&mut self) {
        self.is_known = false;
    }

    pub(super) fn is_known(&self) -> bool {
        self.is_known
    }

    pub(super) fn found(&mut self, next: Option<Timestamp>) {
        self.next = next;
        self.is_known = true;
    }

    pub(in super::super) fn next(&self) -> Option<Timestamp> {
        self.next
    }

    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        self.next.is_some_and(|due| due <= now)
    }

    /// Notes that those that are due were gone through. Others may be due while
    /// these are under way. Where none could be started, the end of a task is what
    /// changes that.
    pub(super) fn went_through(&mut self, started: usize) {
        self.next = None;
        self.is_known = started == 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_read_again_when_something_may_have_changed_it() {
        let now = Timestamp::UNIX_EPOCH;
        let mut due = Due::default();
        assert!(!due.is_known() && !due.is_due(now));
        due.found(Some(now));
        assert!(due.is_known() && due.is_due(now));
        due.outdate();
        assert_eq!((due.is_known(), due.next()), (false, Some(now)));
        for (started, is_known) in [(0, true), (1, false)] {
            due.found(Some(now));
            due.went_through(started);
            assert_eq!((due.is_known(), due.next()), (is_known, None), "{started}");
        }
    }
}
