//! Catching up: all retries are tried at once, after the destination came back.

use std::{collections::HashSet, sync::Arc, time::Duration};

use crate::record::Seq;

/// A round through all retries, if there is one.
#[derive(Debug, Default)]
pub(in super::super) struct CatchingUp {
    round: Option<Round>,
    /// The frozen batches that were tried: each once, though each of its members
    /// is met.
    tried: HashSet<Arc<str>>,
}

/// How far a round has come, and what it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Round {
    pub(super) after: Seq,
    /// How long the destination was away.
    pub(super) outage: Duration,
    /// Whether retries keep their times, and only get back what the outage took.
    pub(super) keep_times: bool,
}

impl CatchingUp {
    /// Begins with the first retry, whatever round there was.
    pub(in super::super) fn begin(&mut self, outage: Duration, keep_times: bool) {
        self.end();
        self.round = Some(Round {
            after: Seq(0),
            outage,
            keep_times,
        });
    }

    /// Ends the round: it is through, or the destination is away again.
    pub(in super::super) fn end(&mut self) {
        self.round = None;
        self.tried.clear();
    }

    pub(in super::super) fn is_on(&self) -> bool {
        self.round.is_some()
    }

    pub(super) fn round(&self) -> Option<Round> {
        self.round
    }

    /// Notes that a retry was met, and all before it.
    pub(super) fn passed(&mut self, seq: Seq) {
        if let Some(round) = &mut self.round {
            round.after = seq;
        }
    }

    /// Whether a retry may be tried: the first that is met of its batch.
    pub(super) fn is_first(&mut self, batch: Option<&Arc<str>>) -> bool {
        batch.is_none_or(|batch| self.tried.insert(batch.clone()))
    }

    /// Meets a retry again that came back as it was, although the time of the
    /// outage was given back to it. Where the breaker opened again, another round
    /// follows its return.
    pub(in super::super) fn put_back(&mut self, seq: Seq, outage: Duration) {
        if let Some(round) = &mut self.round
            && !outage.is_zero()
        {
            round.after = round.after.min(Seq(seq.0 - 1));
        }
    }

    /// Has a batch tried again of which a member came back.
    pub(in super::super) fn put_back_batch(&mut self, batch: &str) {
        self.tried.remove(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTAGE: Duration = Duration::from_secs(9);

    #[test]
    fn what_came_back_is_met_again() {
        for (outage, after) in [(OUTAGE, 3), (Duration::ZERO, 7)] {
            let mut catching_up = CatchingUp::default();
            catching_up.begin(OUTAGE, false);
            catching_up.passed(Seq(7));
            catching_up.put_back(Seq(4), outage);
            catching_up.put_back(Seq(9), outage);
            let after = Seq(after);
            assert_eq!(catching_up.round().map(|it| it.after), Some(after));
        }
    }

    #[test]
    fn a_batch_is_tried_once_a_round_unless_it_came_back() {
        let batch = Arc::from("b");
        let mut catching_up = CatchingUp::default();
        catching_up.begin(OUTAGE, true);
        let mut tries = Vec::new();
        for _ in 0..2 {
            tries.push(catching_up.is_first(Some(&batch)));
            tries.push(catching_up.is_first(Some(&batch)));
            catching_up.put_back_batch(&batch);
        }
        assert!(catching_up.is_first(Some(&batch)) && catching_up.is_first(None));
        catching_up.end();
        catching_up.begin(OUTAGE, true);
        tries.push(catching_up.is_first(Some(&batch)));
        assert_eq!(tries, [true, false, true, false, true]);
    }

    #[test]
    fn nothing_comes_back_to_a_round_that_ended() {
        let mut catching_up = CatchingUp::default();
        catching_up.begin(OUTAGE, false);
        catching_up.end();
        catching_up.put_back(Seq(4), OUTAGE);
        catching_up.passed(Seq(5));
        assert!(!catching_up.is_on() && catching_up.round().is_none());
    }
}
