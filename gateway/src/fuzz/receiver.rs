//! What a receiver says beside its status, and what an operator says of statuses.
//!
//! Input: a value of `Retry-After` in the first line, then status expressions.

use std::time::Duration;

use http::StatusCode;
use jiff::Timestamp;

use super::text_line;
use crate::{
    config::model::Retry,
    delivery::retry::{Statuses, next_attempt, retry_after},
};

/// A hint puts the next attempt off, within the cap and the budget, and never
/// into the past; expressions say the same after they were written down.
pub fn receiver(data: &[u8]) {
    let Some((value, rest)) = text_line(data) else {
        return;
    };
    let now = Timestamp::UNIX_EPOCH;
    put_off(retry_after(value, now), now);
    if let Ok(Ok(statuses)) = std::str::from_utf8(rest).map(str::parse::<Statuses>) {
        let again: Statuses = statuses.to_string().parse().unwrap();
        for status in (100..=999).filter_map(|code| StatusCode::from_u16(code).ok()) {
            assert_eq!(statuses.contain(status), again.contain(status), "{status}");
        }
    }
}

fn put_off(hint: Option<Duration>, now: Timestamp) {
    let policy = Retry::default();
    for failures in [1, 7, u32::MAX] {
        let Some(next) = next_attempt(&policy, failures, now, now, hint) else {
            continue;
        };
        let wait = Duration::try_from(next.duration_since(now)).unwrap();
        let longest = policy.max_ms.max(policy.retry_after_max_ms);
        assert!(wait <= Duration::from_millis(longest), "beyond the cap");
        let asked = hint.unwrap_or_default();
        let honoured = asked.min(Duration::from_millis(policy.retry_after_max_ms));
        assert!(wait >= honoured, "sooner than asked");
    }
}
