//! Turns jobs that ended into a settlement.

use std::time::Duration;

use jiff::Timestamp;

use super::job::{Done, JobEnd, Sent};
use crate::{
    config::model::Retry,
    delivery::{http::Failed, retry},
    journal::{Attempt, Exception, Outcome, Parking, Payload, Reason, Settlement, State},
    record::Seq,
    route::{Suspension, chain::PLUGIN_SUSPENDED},
};

/// What a destination's answer says about the destination itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It works, be it that it refused this record.
    Works,
    /// It failed, and may have said when to try again.
    Fails(Option<Duration>),
    /// Nothing was asked of it.
    None,
}

/// What the end of a job says about the plugins of its chains. What a plugin
/// suspends on purpose is no failure.
pub(super) fn sign_of_guests(done: &Done) -> Sign {
    match &done.ended {
        JobEnd::Suspended(suspension) if suspension.reason == PLUGIN_SUSPENDED => Sign::Works,
        JobEnd::Suspended(suspension) if suspension.reason.starts_with("plugin_") => {
            Sign::Fails(None)
        }
        JobEnd::Suspended(_) | JobEnd::Recalled => Sign::None,
        // What was frozen did not meet a plugin again.
        _ if done.exception.is_some() => Sign::None,
        JobEnd::Skipped(_) | JobEnd::Sent(_) | JobEnd::Line(_) => Sign::Works,
    }
}

/// Adds a skipped arrival.
pub(super) fn skip(settlement: &mut Settlement, seq: Seq, reason: &str, revision: u32) {
    settlement.outcomes.push(Outcome {
        seq,
        state: State::Skipped,
        reason: reason.into(),
        status: 0,
        duration_ms: 0,
        revision,
    });
}

/// Adds a line that was written.
pub(super) fn written(settlement: &mut Settlement, seq: Seq, revision: u32) {
    settlement.outcomes.push(Outcome {
        seq,
        state: State::Delivered,
        reason: Reason::none(),
        status: 0,
        duration_ms: 0,
        revision,
    });
}

/// Adds a job that ended with anything but a line.
pub(super) fn settle(settlement: &mut Settlement, done: Done, policy: &Retry) -> Sign {
    let now = settlement.at;
    let Done {
        arrival,
        exception,
        probe,
        outage,
        revision,
        ended,
    } = done;
    let case = Case {
        seq: arrival.seq,
        correction: arrival.correction(),
        exception,
        revision,
        now,
        probe,
        outage,
    };
    match ended {
        JobEnd::Line(_) | JobEnd::Recalled => Sign::None,
        JobEnd::Skipped(reason) => {
            skip(settlement, case.seq, &reason, revision);
            Sign::None
        }
        JobEnd::Suspended(suspension) => {
            settlement.parked.push(case.suspend(&suspension));
            Sign::None
        }
        JobEnd::Sent(sent) => case.sent(settlement, *sent, policy),
    }
}

/// One delivery that is being settled.
struct Case {
    seq: Seq,
    correction: u32,
    exception: Option<Exception>,
    revision: u32,
    now: Timestamp,
    probe: bool,
    outage: Duration,
}

impl Case {
    fn attempts(&self) -> u32 {
        self.exception.as_ref().map_or(0, |kept| kept.attempts)
    }

    fn suspend(&self, suspension: &Suspension) -> Parking {
        let reason = Reason::from(suspension.reason.as_str());
        let detail = suspension.detail.clone();
        self.park(
            State::Suspended,
            reason,
            detail,
            self.attempts(),
            None,
            Payload::Keep,
        )
    }

    /// The number of this attempt. Probes of a broken destination go on for as
    /// long as it is broken: they count once.
    fn number(&self) -> u32 {
        match self.attempts() {
            attempts if self.probe && attempts > 0 => attempts,
            attempts => attempts + 1,
        }
    }

    fn sent(self, settlement: &mut Settlement, sent: Sent, policy: &Retry) -> Sign {
        let mut attempted = sent.attempted;
        if let Some(failed) = &mut attempted.failed {
            failed.for_good |= retry::is_last_word(attempted.status, &policy.statuses);
        }
        let attempt = Attempt {
            seq: self.seq,
            number: self.number(),
            at: attempted.at,
            outcome: Reason::from(match &attempted.failed {
                None => "delivered",
                Some(failed) if failed.for_good => "refused",
                Some(_) => "failed",
            }),
            status: attempted.status,
            duration_ms: milliseconds(attempted.took),
            error: attempted
                .failed
                .as_ref()
                .map_or_else(String::new, |failed| failed.error.clone()),
            response: attempted.response,
            revision: self.revision,
            batch: None,
        };
        let Some(failed) = attempted.failed else {
            settlement.outcomes.push(Outcome {
                seq: self.seq,
                state: State::Delivered,
                reason: Reason::none(),
                status: attempt.status,
                duration_ms: attempt.duration_ms,
                revision: self.revision,
            });
            if self.exception.is_some() {
                settlement.attempts.push(attempt);
            }
            return Sign::Works;
        };
        let payload = sent
            .to_freeze
            .map_or(Payload::Keep, |frozen| Payload::Freeze(Box::new(frozen)));
        settlement.attempts.push(attempt);
        settlement.parked.push(self.fail(&failed, policy, payload));
        match failed.for_good {
            true if attempted.status == 0 => Sign::None,
            true => Sign::Works,
            false => Sign::Fails(failed.retry_after),
        }
    }

    fn fail(&self, failed: &Failed, policy: &Retry, payload: Payload) -> Parking {
        let attempts = self.number();
        let reason = Reason::from(failed.reason.as_str());
        let error = failed.error.clone();
        if failed.for_good {
            return self.park(State::Dead, reason, error, attempts, None, payload);
        }
        let first = self.first_failed();
        let next = retry::next_attempt(policy, attempts, first, self.now, failed.retry_after);
        // What a probe finds does not count against the record it was made with.
        let next = next.or_else(|| self.probe.then(|| later(self.now, policy)));
        let state = if next.is_some() {
            State::Retrying
        } else {
            State::Dead
        };
        self.park(state, reason, error, attempts, next, payload)
    }

    /// Where the budget begins: what an outage took of it is given back.
    fn first_failed(&self) -> Timestamp {
        match &self.exception {
            Some(kept) if kept.attempts > 0 => {
                let given_back = kept.first_failed.checked_add(self.outage);
                given_back.unwrap_or(self.now).min(self.now)
            }
            _ => self.now,
        }
    }

    fn park(
        &self,
        state: State,
        reason: Reason,
        detail: String,
        attempts: u32,
        next_attempt: Option<Timestamp>,
        payload: Payload,
    ) -> Parking {
        Parking {
            exception: Exception {
                seq: self.seq,
                state,
                reason,
                detail,
                attempts,
                splits: 0,
                first_failed: self.first_failed(),
                next_attempt,
                revision: self.revision,
                batch: None,
                correction: self.correction,
            },
            payload,
        }
    }
}

fn later(now: Timestamp, policy: &Retry) -> Timestamp {
    now.checked_add(Duration::from_millis(policy.max_ms))
        .unwrap_or(Timestamp::MAX)
}

fn milliseconds(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
