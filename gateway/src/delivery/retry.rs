//! When a failed attempt is tried again, and when it is given up.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use crate::config::model::Retry;

/// How a receiver's answer is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It has the record.
    Accepted,
    /// It may take it later.
    Later,
    /// It will never take it.
    Refused,
}

/// Understands a status. 2xx is success. Timeouts, conflicts with a limit and
/// the receiver's own failures pass (408, 425, 429, 5xx), and so may a redirect,
/// which is never followed: it is a fault of the configuration on either side.
/// Whatever else is the receiver's last word.
#[must_use]
pub fn understand(status: StatusCode) -> Answer {
    match status.as_u16() {
        200..=299 => Answer::Accepted,
        300..=399 | 408 | 425 | 429 | 500..=599 => Answer::Later,
        _ => Answer::Refused,
    }
}

/// When the next attempt is due after `failures` failed ones: exponential with
/// full jitter, never sooner than the receiver's hint (up to the cap). None
/// when the budget, counted from the first failure, would be over by then.
#[must_use]
pub fn next_attempt(
    policy: &Retry,
    failures: u32,
    first_failed: Timestamp,
    now: Timestamp,
    hint: Option<Duration>,
) -> Option<Timestamp> {
    let hint = hint
        .unwrap_or_default()
        .min(Duration::from_millis(policy.retry_after_max_ms));
    let wait = Duration::from_millis(fastrand::u64(0..=ceiling_ms(policy, failures))).max(hint);
    let next = now.checked_add(wait).ok()?;
    let budget = Duration::from_secs(policy.budget_s);
    let given_up = first_failed.checked_add(budget).ok()?;
    (next <= given_up).then_some(next)
}

/// The longest wait after `failures` failed attempts, in milliseconds.
fn ceiling_ms(policy: &Retry, failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(63);
    policy
        .initial_ms
        .saturating_mul(1_u64 << doublings)
        .min(policy.max_ms)
}

/// Reads `Retry-After` (RFC 9110, 10.2.3): seconds, or an HTTP date.
#[must_use]
pub fn retry_after(value: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_732_240_000 + second).unwrap()
    }

    #[test]
    fn statuses() {
        let cases = [
            (200, Answer::Accepted),
            (204, Answer::Accepted),
            (301, Answer::Later),
            (400, Answer::Refused),
            (401, Answer::Refused),
            (404, Answer::Refused),
            (408, Answer::Later),
            (410, Answer::Refused),
            (425, Answer::Later),
            (429, Answer::Later),
            (500, Answer::Later),
            (503, Answer::Later),
        ];
        for (status, expected) in cases {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(understand(status), expected, "{status}");
        }
    }

    #[test]
    fn the_ceiling_doubles_up_to_the_maximum() {
        let policy = Retry {
            initial_ms: 5_000,
            max_ms: 60_000,
            ..Retry::default()
        };
        let cases = [
            (1, 5_000),
            (2, 10_000),
            (4, 40_000),
            (5, 60_000),
            (90, 60_000),
        ];
        for (failures, expected) in cases {
            assert_eq!(ceiling_ms(&policy, failures), expected, "{failures}");
        }
    }

    #[test]
    fn a_hint_is_honoured_up_to_the_cap_and_the_budget_ends_it() {
        let policy = Retry {
            initial_ms: 1,
            max_ms: 1,
            budget_s: 100,
            retry_after_max_ms: 30_000,
        };
        let next =
            |now, hint| next_attempt(&policy, 1, at(0), at(now), Some(Duration::from_secs(hint)));
        assert_eq!(next(0, 20), Some(at(20)));
        assert_eq!(next(0, 3_600), Some(at(30)), "capped");
        assert_eq!(next(80, 20), Some(at(100)));
        assert_eq!(next(81, 20), None, "over the budget");
    }

    #[test]
    fn retry_after_takes_seconds_and_dates() {
        let cases = [
            ("120", Some(120)),
            (" 5 ", Some(5)),
            ("Fri, 22 Nov 2024 01:46:50 GMT", Some(10)),
            ("Fri, 22 Nov 2024 01:46:30 GMT", Some(0)),
            ("soon", None),
            ("-3", None),
        ];
        for (value, expected) in cases {
            let expected = expected.map(Duration::from_secs);
            assert_eq!(retry_after(value, at(0)), expected, "{value}");
        }
    }
}
