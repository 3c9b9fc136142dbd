//! Turns jobs that ended into a settlement.

mod batch;
mod case;

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

pub(super) use self::batch::settle_batch;
use self::case::{Case, Sequel};
use super::job::{Done, JobEnd, Sent};
use crate::{
    config::model::{Gone, Retry},
    delivery::{
        http::{Attempted, Failed, Wish},
        payload::to_note,
        retry,
    },
    journal::{Outcome, Payload, Reason, Settlement, State},
    record::{Defect, Seq},
    route::chain::PLUGIN_SUSPENDED,
};

/// What a destination's answer says about the destination itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// It works, be it that it refused this record.
    Works,
    /// It failed, and may have said when to try again.
    Fails(Option<Duration>),
    /// It wants no more deliveries, and said it so.
    Stops(&'static str),
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
        JobEnd::Suspended(_) | JobEnd::Recalled | JobEnd::Halted(_) => Sign::None,
        _ if !done.met_plugins => Sign::None,
        JobEnd::Skipped(_) | JobEnd::Sent(_) | JobEnd::Line(_) | JobEnd::Made(_) => Sign::Works,
    }
}

/// Adds a skipped arrival.
pub(super) fn skip(settlement: &mut Settlement, seq: Seq, reason: &str, revision: u32) {
    let outcome = Outcome::without_attempt(seq, State::Skipped, reason.into(), revision);
    settlement.outcomes.push(outcome);
}

/// Adds an arrival that nothing can be read of any more.
pub(super) fn expire(settlement: &mut Settlement, seq: Seq, revision: u32) {
    let outcome = Outcome::without_attempt(
        seq,
        State::Expired,
        Defect::KeyDropped.as_str().into(),
        revision,
    );
    settlement.outcomes.push(outcome);
}

/// Adds a line that was written.
pub(super) fn written(settlement: &mut Settlement, seq: Seq, revision: u32) {
    let outcome = Outcome::without_attempt(seq, State::Delivered, Reason::none(), revision);
    settlement.outcomes.push(outcome);
}

/// Adds a job that ended with its delivery: with neither a line nor a payload
/// that is sent with others, and not put back.
pub(super) fn settle(settlement: &mut Settlement, done: Done, policy: &Retry) -> Sign {
    let now = settlement.at;
    let Done {
        arrival,
        exception,
        probe,
        outage,
        revision,
        ended,
        ..
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
        JobEnd::Line(_) | JobEnd::Recalled | JobEnd::Halted(_) | JobEnd::Made(_) => Sign::None,
        JobEnd::Skipped(reason) => {
            skip(settlement, case.seq, &reason, revision);
            Sign::None
        }
        JobEnd::Suspended(suspension) => {
            settlement.parked.push(case.suspend(&suspension));
            Sign::None
        }
        JobEnd::Sent(it) => sent(settlement, &case, *it, policy),
    }
}

/// Adds a delivery that was sent alone.
fn sent(settlement: &mut Settlement, case: &Case, sent: Sent, policy: &Retry) -> Sign {
    settlement.numbers.extend(
        (sent.to_freeze.as_ref())
            .and_then(|made| to_note(case.seq, &made.webhook_id, case.revision, case.correction)),
    );
    let mut attempted = sent.attempted;
    let stops = judge(&mut attempted, policy);
    let sign = sign_of(&attempted, stops);
    let Some(failed) = &attempted.failed else {
        case.succeed(settlement, &attempted, None);
        return sign;
    };
    let sequel = match next_attempt(case, case.first_failed(), failed, sign, policy) {
        Some(at) => Sequel::Retry(at, None),
        None => Sequel::Death,
    };
    let payload = sent
        .to_freeze
        .map_or(Payload::Keep, |frozen| Payload::Freeze(Box::new(frozen)));
    case.fail(settlement, &attempted, failed, None, sequel, payload);
    sign
}

/// Which failures are the receiver's last word, and for how long it may put off,
/// is the destination's policy. Tells how the receiver said that it wants no more,
/// if it did.
fn judge(attempted: &mut Attempted, policy: &Retry) -> Option<&'static str> {
    let stops = stops(attempted, policy);
    let Some(failed) = &mut attempted.failed else {
        return stops;
    };
    let longest = Duration::from_millis(policy.retry_after_max_ms);
    failed.retry_after = failed.retry_after.map(|hint| hint.min(longest));
    failed.for_good |= retry::is_last_word(attempted.status, &policy.statuses);
    if attempted.wish == Some(Wish::Abort) {
        failed.for_good = true;
        failed.reason = "aborted_by_receiver".into();
    } else if stops.is_some() {
        // It is sent again when a person resumes the destination.
        failed.for_good = false;
        failed.retry_after = None;
    }
    stops
}

fn stops(attempted: &Attempted, policy: &Retry) -> Option<&'static str> {
    match attempted.wish {
        Some(Wish::Disable) => Some("the receiver answered `webhook-delivery: disable`"),
        Some(Wish::Abort) => None,
        None => {
            let is_gone = attempted.status == StatusCode::GONE.as_u16();
            let is_final = retry::is_last_word(attempted.status, &policy.statuses);
            (is_gone && is_final && policy.gone == Gone::Stop)
                .then_some("the receiver answered 410 Gone")
        }
    }
}

fn sign_of(attempted: &Attempted, stops: Option<&'static str>) -> Sign {
    if let Some(how) = stops {
        return Sign::Stops(how);
    }
    match &attempted.failed {
        Some(failed) if !failed.for_good => Sign::Fails(failed.retry_after),
        Some(_) if attempted.status == 0 => Sign::None,
        _ => Sign::Works,
    }
}

/// When the next attempt is due; none if this one was the last.
fn next_attempt(
    case: &Case,
    first_failed: Timestamp,
    failed: &Failed,
    sign: Sign,
    policy: &Retry,
) -> Option<Timestamp> {
    if failed.for_good {
        return None;
    }
    if matches!(sign, Sign::Stops(_)) {
        // Due as soon as the destination is not held any more.
        return Some(case.now);
    }
    let (failures, hint) = (case.failures(), failed.retry_after);
    let next = retry::next_attempt(policy, failures, first_failed, case.now, hint);
    // What a probe finds does not count against the record it was made with.
    next.or_else(|| case.probe.then(|| later(case.now, policy)))
}

fn later(now: Timestamp, policy: &Retry) -> Timestamp {
    now.checked_add(Duration::from_millis(policy.max_ms))
        .unwrap_or(Timestamp::MAX)
}
