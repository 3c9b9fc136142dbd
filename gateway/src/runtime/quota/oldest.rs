//! Giving up the oldest of a backlog, until it is within its quota.
//!
//! What a replay reopened is left out until it was tried: it had its end before, and
//! the replay sees to it that only a little of it waits. It neither expires for its
//! age nor takes others' room.

use jiff::{SignedDuration, Timestamp};

use super::super::Runtime;
use crate::{
    config::model::Backlog as Quota,
    delivery::{
        consumer::{Chosen, Repair},
        fleet::{AskError, REPAIR_CHUNK},
    },
    journal::{Backlog, Waiting},
};

/// Reason of what has waited for too long.
const TOO_OLD: &str = "backlog_age";

/// Reason of what had to go to make room.
const TOO_MUCH: &str = "backlog_bytes";

/// Gives up step by step, and says how much in the end. What is under way stays,
/// and is looked at again if it waits afterwards.
pub(super) async fn expire(runtime: &Runtime, destination: &str, quota: &Quota) {
    let mut expired = 0;
    loop {
        match step(runtime, destination, quota).await {
            Ok(0) => break,
            Ok(count) => expired += count,
            Err(error) => {
                tracing::warn!(destination, %error, "cannot give up the oldest; trying again");
                break;
            }
        }
    }
    if expired > 0 {
        tracing::warn!(
            destination,
            expired,
            "gave up the oldest deliveries: the backlog exceeds its quota"
        );
    }
}

/// One step; how many it gave up.
async fn step(runtime: &Runtime, destination: &str, quota: &Quota) -> Result<usize, AskError> {
    let Some(backlog) = runtime.journal.backlog(destination).await? else {
        return Ok(0);
    };
    let status = runtime.fleet.status(destination);
    let under_way = status.map_or(0, |status| status.under_way);
    let waiting = runtime
        .journal
        .waiting(destination, REPAIR_CHUNK + under_way)
        .await?;
    let excess = Excess::new(quota, &backlog, Timestamp::now());
    let mut expired = 0;
    for (because, chosen) in excess.choose(&waiting) {
        if !chosen.is_empty() {
            let repair = Repair::Expire {
                because: because.into(),
            };
            let fleet = &runtime.fleet;
            expired += fleet.repair(destination, chosen, &repair).await?;
        }
    }
    Ok(expired)
}

/// What is beyond a quota.
#[derive(Debug)]
struct Excess {
    /// What was received before this is too old.
    cutoff: Option<Timestamp>,
    /// How much is too much.
    bytes: u64,
}

impl Excess {
    fn new(quota: &Quota, backlog: &Backlog, now: Timestamp) -> Self {
        let cutoff = quota.max_age_s.and_then(|age_s| {
            let age = SignedDuration::from_secs(i64::try_from(age_s).ok()?);
            now.checked_sub(age).ok()
        });
        let max_bytes = quota.max_bytes.unwrap_or(u64::MAX);
        Self {
            cutoff,
            bytes: backlog.bytes.saturating_sub(max_bytes),
        }
    }

    /// Those that are too old, and those that have to go for the rest to fit.
    fn choose(&self, oldest_first: &[Waiting]) -> [(&'static str, Vec<Chosen>); 2] {
        let is_replayed = |waiting: &&Waiting| waiting.is_replayed;
        let is_too_old =
            |waiting: &&Waiting| self.cutoff.is_some_and(|cutoff| waiting.received < cutoff);
        let bytes = |some: &[&Waiting]| some.iter().map(|waiting| waiting.bytes).sum::<u64>();
        let (replayed, others): (Vec<_>, Vec<_>) = oldest_first.iter().partition(is_replayed);
        let (old, rest): (Vec<_>, Vec<_>) = others.into_iter().partition(is_too_old);
        let mut left = self.bytes.saturating_sub(bytes(&replayed) + bytes(&old));
        let much = rest.into_iter().take_while(|waiting| {
            let is_needed = left > 0;
            left = left.saturating_sub(waiting.bytes);
            is_needed
        });
        let much = much.map(chosen).collect();
        let old = old.into_iter().map(chosen).collect();
        [(TOO_OLD, old), (TOO_MUCH, much)]
    }
}

fn chosen(waiting: &Waiting) -> Chosen {
    Chosen {
        seq: waiting.seq,
        state: waiting.state,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{journal::State, record::Seq};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).expect("a time")
    }

    #[test]
    fn the_oldest_go_until_the_rest_fits() {
        let waiting: Vec<_> = [(1, 0), (2, 5), (3, 3), (4, 8), (5, 9)]
            .map(|(seq, received)| Waiting {
                seq: Seq(seq),
                state: State::Pending,
                received: second(received),
                bytes: 100,
                is_replayed: false,
            })
            .into();
        let positions = |chosen: &[Chosen]| chosen.iter().map(|one| one.seq.0).collect::<Vec<_>>();
        for (max_age_s, max_bytes, old, much) in [
            (None, Some(500), vec![], vec![]),
            (None, Some(499), vec![], vec![1]),
            (None, Some(250), vec![], vec![1, 2, 3]),
            (Some(6), None, vec![1, 3], vec![]),
            (Some(6), Some(300), vec![1, 3], vec![]),
            (Some(6), Some(50), vec![1, 3], vec![2, 4, 5]),
            (Some(99), Some(1), vec![], vec![1, 2, 3, 4, 5]),
        ] {
            let quota = Quota {
                max_bytes,
                max_age_s,
                when_full: crate::config::model::WhenFull::Expire,
            };
            let backlog = Backlog {
                deliveries: 5,
                bytes: 500,
                oldest: Some(second(0)),
            };
            let excess = Excess::new(&quota, &backlog, second(10));
            let [(_, found_old), (_, found_much)] = excess.choose(&waiting);
            let found = (positions(&found_old), positions(&found_much));
            assert_eq!(found, (old, much), "{max_age_s:?}, {max_bytes:?}");
        }
    }

    #[test]
    fn what_a_replay_reopened_stays_and_takes_no_room() {
        let waiting: Vec<_> = [(1, true), (2, false), (3, true), (4, false)]
            .map(|(seq, is_replayed)| Waiting {
                seq: Seq(seq),
                state: State::Retrying,
                received: second(i64::try_from(seq).expect("small")),
                bytes: 100,
                is_replayed,
            })
            .into();
        for (max_age_s, max_bytes, expected) in [
            (None, Some(200), vec![]),
            (None, Some(150), vec![2]),
            (None, Some(1), vec![2, 4]),
            (Some(7), None, vec![2]),
            (Some(1), Some(1), vec![2, 4]),
        ] {
            let quota = Quota {
                max_bytes,
                max_age_s,
                when_full: crate::config::model::WhenFull::Expire,
            };
            let backlog = Backlog {
                deliveries: 4,
                bytes: 400,
                oldest: Some(second(1)),
            };
            let chosen = Excess::new(&quota, &backlog, second(10)).choose(&waiting);
            let chosen = chosen.iter().flat_map(|(_, chosen)| chosen);
            let found: Vec<_> = chosen.map(|one| one.seq.0).collect();
            assert_eq!(found, expected, "{max_age_s:?}, {max_bytes:?}");
        }
    }
}
