//! Giving up exceptions that were kept too long for a person to look at them.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::Runtime;
use crate::{
    config::revision::Revision,
    delivery::{
        Destination,
        consumer::{Chosen, Repair},
        fleet::{AskError, REPAIR_CHUNK},
    },
    journal::{Exception, State},
    record::Seq,
};

/// A sixtieth of the shortest time passes between looks, within these bounds.
const SHORTEST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(1);

/// The states that wait for a person, each with the reason of what expired in it.
const STATES: [(State, &str); 2] = [
    (State::Suspended, "kept_suspended"),
    (State::Dead, "kept_dead"),
];

/// How long exceptions of a state are kept; `None` for ever.
fn keep(destination: &Destination, state: State) -> Option<Duration> {
    match state {
        State::Suspended => destination.keep_suspended,
        State::Dead => destination.keep_dead,
        _ => None,
    }
}

/// Time until the next look.
pub(super) fn rest(revision: &Revision) -> Duration {
    let all = revision.destinations.values();
    let kept = all.flat_map(|one| STATES.map(|(state, _)| keep(one, state)));
    let shortest = kept.flatten().min();
    shortest.map_or(LONGEST_REST, |keep| {
        (keep / 60).clamp(SHORTEST_REST, LONGEST_REST)
    })
}

/// Gives up what was kept too long at every destination.
pub(super) async fn expire(runtime: &Runtime, revision: &Revision) {
    for destination in revision.destinations.values() {
        for (state, because) in STATES {
            let Some(keep) = keep(destination, state) else {
                continue;
            };
            let name = &*destination.name;
            match expire_at(runtime, name, state, keep, because).await {
                Ok(0) => {}
                Ok(expired) => tracing::warn!(
                    destination = name,
                    %state,
                    expired,
                    "gave up deliveries that nobody has looked after in time"
                ),
                Err(error) => {
                    tracing::warn!(destination = name, %error, "cannot give up what is old; trying again");
                }
            }
        }
    }
}

async fn expire_at(
    runtime: &Runtime,
    destination: &str,
    state: State,
    keep: Duration,
    because: &'static str,
) -> Result<usize, AskError> {
    let keep = SignedDuration::try_from(keep).unwrap_or(SignedDuration::MAX);
    let cutoff = Timestamp::now().checked_sub(keep);
    let cutoff = cutoff.unwrap_or(Timestamp::MIN);
    let repair = Repair::Expire {
        because: because.into(),
    };
    let (mut after, mut expired) = (Seq(0), 0);
    loop {
        let page = runtime
            .journal
            .exceptions(destination, Some(state), after, REPAIR_CHUNK)
            .await?;
        let Some(last) = page.last() else {
            return Ok(expired);
        };
        after = last.seq;
        let is_old = |kept: &&Exception| kept.first_failed < cutoff;
        let chosen = page.iter().filter(is_old).map(|kept| Chosen {
            seq: kept.seq,
            state,
        });
        let chosen: Vec<_> = chosen.collect();
        if !chosen.is_empty() {
            let fleet = &runtime.fleet;
            expired += fleet.repair(destination, chosen, &repair).await?;
        }
    }
}
