//! The task that hands replays out, portion by portion.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::{Notify, watch},
    time::sleep,
};

use super::Chooser;
use crate::{
    delivery::{Fleet, fleet::AskError},
    journal::{Journal, JournalError, Portion, Replay, ReplayState, Share},
    record::Seq,
};

/// Deliveries in one portion.
const PORTION: usize = 256;

/// How many of a portion may still wait when the next is handed out, so that the
/// destination is never idle in between.
const STILL_WAITING: u64 = 64;

/// Time between two looks at a destination that takes what it is given …
const SHORTEST_REST: Duration = Duration::from_millis(25);

/// … and at one that does not.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// Hands out what replays mean, until the gateway stops. `wake` tells of a replay
/// that was started or cancelled.
pub async fn conduct(
    journal: Arc<dyn Journal>,
    fleet: Arc<Fleet>,
    wake: Arc<Notify>,
    mut stop: watch::Receiver<bool>,
) {
    let conductor = Conductor { journal, fleet };
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = conductor.run(&wake) => {}
    }
}

struct Conductor {
    journal: Arc<dyn Journal>,
    fleet: Arc<Fleet>,
}

/// How a share of a replay stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Another portion was handed out.
    HandedOut,
    /// The last portion is not tried yet, or the destination is away.
    Waits,
    /// Everything was handed out and tried.
    Ended,
}

impl Conductor {
    async fn run(&self, wake: &Notify) {
        let mut rest = SHORTEST_REST;
        loop {
            let moved = match self.go_on().await {
                Ok(None) => {
                    wake.notified().await;
                    continue;
                }
                Ok(Some(moved)) => moved,
                Err(error) => {
                    tracing::warn!(%error, "replays wait for the journal");
                    false
                }
            };
            rest = if moved {
                SHORTEST_REST
            } else {
                (rest * 2).min(LONGEST_REST)
            };
            tokio::select! {
                () = wake.notified() => {}
                () = sleep(rest) => {}
            }
        }
    }

    /// One step of every replay that runs, and whether one moved; none where no
    /// replay runs.
    async fn go_on(&self) -> Result<Option<bool>, JournalError> {
        let running = self.journal.replays(Some(ReplayState::Running)).await?;
        let mut moved = None;
        for replay in running {
            let step = self.go_on_with(&replay).await?;
            moved = Some(moved.unwrap_or(false) | step);
        }
        Ok(moved)
    }

    async fn go_on_with(&self, replay: &Replay) -> Result<bool, JournalError> {
        let Ok(chooser) = Chooser::new(replay.meant.clone()) else {
            // It was compiled when the replay was started, by another version.
            tracing::error!(
                replay = replay.id,
                "an expression is not understood any more"
            );
            return self.end(replay, ReplayState::Cancelled).await;
        };
        let (mut moved, mut ended) = (false, true);
        for share in &replay.shares {
            let step = self.hand_out(replay, share, &chooser).await?;
            moved |= step == Step::HandedOut;
            ended &= step == Step::Ended;
        }
        if ended {
            return self.end(replay, ReplayState::Done).await;
        }
        Ok(moved)
    }

    async fn end(&self, replay: &Replay, state: ReplayState) -> Result<bool, JournalError> {
        let ended = self.journal.end_replay(replay.id, state, Timestamp::now());
        if ended.await? {
            tracing::info!(replay = replay.id, %state, "a replay has ended");
        }
        Ok(true)
    }

    async fn hand_out(
        &self,
        replay: &Replay,
        share: &Share,
        chooser: &Chooser,
    ) -> Result<Step, JournalError> {
        let (journal, name) = (&self.journal, &share.destination);
        let handed_out = share.position >= replay.meant.last;
        let (since, may_wait) = if handed_out {
            (Seq(replay.meant.first.0.saturating_sub(1)), 0)
        } else {
            (share.portion_after, STILL_WAITING)
        };
        if journal.replaying(name, since, share.position).await? > may_wait {
            return Ok(Step::Waits);
        }
        if handed_out {
            return Ok(Step::Ended);
        }
        let choice = chooser
            .next(&**journal, name, share.position, PORTION)
            .await?;
        let portion = Portion {
            replay: replay.id,
            chosen: choice.chosen,
            through: choice.through,
            at: Timestamp::now(),
            revision: self.fleet.revision().number,
        };
        match self.fleet.reopen(name, portion).await {
            Ok(_) => Ok(Step::HandedOut),
            Err(AskError::Journal(error)) => Err(error),
            Err(AskError::Unknown(_) | AskError::Away(_)) => Ok(Step::Waits),
        }
    }
}
