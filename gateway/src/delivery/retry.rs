//! When a failed attempt is tried again, and when it is given up.

mod statuses;

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

pub use statuses::{NotStatuses, Statuses};

use crate::config::model::Retry;

/// Whether a status is the receiver's last word: neither success nor worth
/// another attempt. 0 stands for no answer at all.
#[must_use]
pub fn is_last_word(status: u16, retried: &Statuses) -> bool {
    StatusCode::from_u16(status)
        .is_ok_and(|status| !status.is_success() && !retried.contain(status))
}

/// How far a wait of a schedule is varied, in percent either way, so that
/// deliveries that failed together do not come back together.
const SCHEDULE_JITTER_PERCENT: u64 = 20;

/// When the next attempt is due after `failures` failed ones: exponential with
/// full jitter, or by the schedule, never sooner than the receiver's hint (up to
/// the cap). None when the budget, counted from the first failure, would be over
/// by then, or the schedule is.
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
    let wait = if policy.schedule_ms.is_empty() {
        fastrand::u64(0..=ceiling_ms(policy, failures))
    } else {
        scheduled_ms(policy, failures)?
    };
    let wait = Duration::from_millis(wait).max(hint);
    let next = now.checked_add(wait).ok()?;
    let budget = Duration::from_secs(policy.budget_s);
    let given_up = first_failed.checked_add(budget).ok()?;
    (next <= given_up).then_some(next)
}

/// The wait of the schedule after so many failures, varied.
fn scheduled_ms(policy: &Retry, failures: u32) -> Option<u64> {
    let index = usize::try_from(failures.saturating_sub(1)).ok()?;
    let wait = *policy.schedule_ms.get(index)?;
    let spread = wait * SCHEDULE_JITTER_PERCENT / 100;
    Some(fastrand::u64(wait - spread..=wait + spread))
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
    fn what_is_worth_another_attempt() {
        let last_words = [400, 401, 404, 410, 501];
        let policy: Statuses = "300-399, 408, 425, 429, 500-599, !501".parse().unwrap();
        for status in [
            0, 200, 204, 301, 400, 401, 404, 408, 410, 425, 429, 500, 501, 503,
        ] {
            let expected = last_words.contains(&status);
            assert_eq!(is_last_word(status, &policy), expected, "{status}");
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
            ..Retry::default()
        };
        let next =
            |now, hint| next_attempt(&policy, 1, at(0), at(now), Some(Duration::from_secs(hint)));
        assert_eq!(next(0, 20), Some(at(20)));
        assert_eq!(next(0, 3_600), Some(at(30)), "capped");
        assert_eq!(next(80, 20), Some(at(100)));
        assert_eq!(next(81, 20), None, "over the budget");
    }

    #[test]
    fn a_schedule_is_followed_to_its_end() {
        let policy = Retry {
            schedule_ms: vec![1_000, 60_000],
            ..Retry::default()
        };
        let wait = |failures| {
            let next = next_attempt(&policy, failures, at(0), at(0), None)?;
            Some(next.duration_since(at(0)).as_millis())
        };
        for _ in 0..100 {
            assert!((800..=1_200).contains(&wait(1).unwrap()));
            assert!((48_000..=72_000).contains(&wait(2).unwrap()));
        }
        assert_eq!(wait(3), None);
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
