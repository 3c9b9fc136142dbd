//! One delivery that is being settled.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;

use crate::{
    delivery::http::{Attempted, Failed},
    journal::{
        Attempt, AttemptedBatch, Exception, Outcome, Parking, Payload, Reason, Settlement, State,
    },
    record::Seq,
    route::Suspension,
};

/// A delivery, and under what circumstances it was attempted.
pub(super) struct Case {
    pub(super) seq: Seq,
    /// The number of the correction that was sent; 0 for the record as received.
    pub(super) correction: u32,
    /// As it was kept before.
    pub(super) exception: Option<Exception>,
    pub(super) revision: u32,
    pub(super) now: Timestamp,
    pub(super) probe: bool,
    pub(super) outage: Duration,
}

/// What follows a failed attempt.
#[derive(Debug, Clone)]
pub(super) enum Sequel {
    /// Nothing: the receiver's last word, or its retries are used up.
    Death,
    /// Another attempt; of a batch, with the same members.
    Retry(Timestamp, Option<Arc<str>>),
    /// Another attempt at once, in this half of its batch.
    Half(Arc<str>),
}

impl Case {
    fn attempts(&self) -> u32 {
        self.exception.as_ref().map_or(0, |kept| kept.attempts)
    }

    fn splits(&self) -> u32 {
        self.exception.as_ref().map_or(0, |kept| kept.splits)
    }

    /// The number of this attempt. Probes of a broken destination go on for as
    /// long as it is broken: they count once.
    fn number(&self) -> u32 {
        match self.attempts() {
            attempts if self.probe && attempts > 0 => attempts,
            attempts => attempts + 1,
        }
    }

    /// Failed attempts, this one included, that the schedule counts.
    pub(super) fn failures(&self) -> u32 {
        self.number().saturating_sub(self.splits()).max(1)
    }

    /// Where the budget begins: what an outage took of it is given back.
    pub(super) fn first_failed(&self) -> Timestamp {
        match &self.exception {
            Some(kept) if kept.attempts > 0 => {
                let given_back = kept.first_failed.checked_add(self.outage);
                given_back.unwrap_or(self.now).min(self.now)
            }
            _ => self.now,
        }
    }

    pub(super) fn suspend(&self, suspension: &Suspension) -> Parking {
        let suspended = Exception {
            reason: Reason::from(suspension.reason.as_str()),
            detail: suspension.detail.clone(),
            ..self.exception(State::Suspended)
        };
        Parking {
            exception: suspended,
            payload: Payload::Keep,
        }
    }

    pub(super) fn succeed(
        &self,
        settlement: &mut Settlement,
        attempted: &Attempted,
        batch: Option<&AttemptedBatch>,
    ) {
        settlement.outcomes.push(Outcome {
            seq: self.seq,
            state: State::Delivered,
            reason: Reason::none(),
            status: attempted.status,
            duration_ms: milliseconds(attempted.took),
            revision: self.revision,
        });
        if self.exception.is_some() {
            let attempt = self.attempt(self.number(), attempted, batch);
            settlement.attempts.push(attempt);
        }
    }

    pub(super) fn fail(
        &self,
        settlement: &mut Settlement,
        attempted: &Attempted,
        failed: &Failed,
        batch: Option<&AttemptedBatch>,
        sequel: Sequel,
        payload: Payload,
    ) {
        let (state, next_attempt, batch_then, splits) = match sequel {
            Sequel::Death => (State::Dead, None, None, 0),
            Sequel::Retry(at, batch) => (State::Retrying, Some(at), batch, 0),
            Sequel::Half(half) => (State::Retrying, Some(self.now), Some(half), 1),
        };
        let hint = failed
            .retry_after
            .filter(|_| state == State::Retrying && splits == 0);
        // What is found by halving is no repetition: it has a number of its own.
        let number = self.number().max(self.attempts() + splits);
        let exception = Exception {
            reason: Reason::from(failed.reason.as_str()),
            detail: failed.error.clone(),
            attempts: number,
            splits: self.splits() + splits,
            next_attempt,
            not_before: hint.and_then(|hint| self.now.checked_add(hint).ok()),
            batch: batch_then,
            ..self.exception(state)
        };
        let attempt = self.attempt(number, attempted, batch);
        settlement.attempts.push(attempt);
        settlement.parked.push(Parking { exception, payload });
    }

    /// The delivery as an exception, but for what it is one for.
    fn exception(&self, state: State) -> Exception {
        Exception {
            seq: self.seq,
            state,
            reason: Reason::none(),
            detail: String::new(),
            attempts: self.attempts(),
            splits: self.splits(),
            first_failed: self.first_failed(),
            next_attempt: None,
            not_before: None,
            revision: self.revision,
            batch: None,
            correction: self.correction,
        }
    }

    fn attempt(
        &self,
        number: u32,
        attempted: &Attempted,
        batch: Option<&AttemptedBatch>,
    ) -> Attempt {
        let failed = attempted.failed.as_ref();
        Attempt {
            seq: self.seq,
            number,
            at: attempted.at,
            outcome: Reason::from(match failed {
                None => "delivered",
                Some(failed) if failed.for_good => "refused",
                Some(_) => "failed",
            }),
            status: attempted.status,
            duration_ms: milliseconds(attempted.took),
            error: failed.map_or_else(String::new, |failed| failed.error.clone()),
            response: attempted.response.clone(),
            revision: self.revision,
            batch: batch.cloned(),
        }
    }
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(attempts: u32, splits: u32, probe: bool) -> Case {
        let mut case = Case {
            seq: Seq(1),
            correction: 0,
            exception: None,
            revision: 1,
            now: Timestamp::UNIX_EPOCH,
            probe,
            outage: Duration::ZERO,
        };
        let kept = Exception {
            attempts,
            splits,
            ..case.exception(State::Retrying)
        };
        case.exception = (attempts > 0).then_some(kept);
        case
    }

    #[test]
    fn halving_and_probing_are_no_steps_of_the_schedule() {
        for (attempts, splits, probe, number, failures) in [
            (0, 0, false, 1, 1),
            (0, 0, true, 1, 1),
            (2, 0, false, 3, 3),
            (2, 0, true, 2, 2),
            (10, 9, false, 11, 2),
            (9, 9, true, 9, 1),
        ] {
            let case = case(attempts, splits, probe);
            let found = (case.number(), case.failures());
            assert_eq!(found, (number, failures), "{attempts} {splits} {probe}");
        }
    }
}
