//! The task of one stage: the one owner of its place in the journal.
//!
//! It claims the stage, does a turn, commits it, and does the next. When the journal
//! fails, or someone else has claimed the stage, it starts again from what is
//! committed.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    runtime::Handle,
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

use super::{
    Stage, StageFailure, StageHalt, Turn,
    run::{Stopped, Work, Worked, run},
    status::StatusCell,
};
use crate::{
    alert::{Alerts, Event},
    config::revision::Revision,
    journal::{Journal, JournalError, StageClaim, StageHeld, StageStep, StageTimer},
    plugin::stage::StageInstance,
    record::Seq,
};

/// Arrivals of one turn, and their size in bytes.
const MAX_ARRIVALS: usize = 256;
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// Timers that are looked at in one turn.
const MAX_TIMERS: usize = 256;

/// A cursor that moves over arrivals of others is committed once it has moved so
/// far, or has not been committed for so long.
const LAZY_ARRIVALS: u64 = 4096;
const LAZY: Duration = Duration::from_secs(1);

/// Time between steps of a stage that has nothing to do but holds values, which may
/// expire.
const TIDY: Duration = Duration::from_mins(1);

/// Time between claims that failed.
const CLAIM_BACKOFF: Duration = Duration::from_millis(500);

/// Rests after failures: each twice as long as the one before.
const FIRST_REST: Duration = Duration::from_secs(1);
const LONGEST_REST: Duration = Duration::from_mins(1);

/// Tries in vain after which others hear of it: a host that is away for a moment is
/// nobody's business.
const TOLD_AFTER: u32 = 3;

/// The owner of one stage.
pub(super) struct Consumer {
    pub(super) name: Arc<str>,
    pub(super) journal: Arc<dyn Journal>,
    pub(super) alerts: Alerts,
    pub(super) revision: watch::Receiver<Arc<Revision>>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) status: Arc<StatusCell>,
    /// How often the same was tried in vain.
    pub(super) tries: u32,
}

/// Why a session ended.
enum Ended {
    /// The gateway stops, or the revision has no such stage any more.
    Over,
    /// It is to be claimed again: another revision came, or it is not certain what
    /// was committed.
    Again,
}

/// The owner's view of the stage.
struct Session {
    stage: Arc<Stage>,
    revision: Arc<Revision>,
    epoch: u64,
    /// What was done with, of which the last may not be committed yet.
    cursor: Seq,
    committed: Seq,
    committed_at: Instant,
    held: StageHeld,
    instance: Option<StageInstance>,
}

impl Consumer {
    /// Runs until the gateway stops or a revision no longer has the stage.
    pub(super) async fn run(mut self) {
        self.show_halted(false);
        loop {
            match self.own().await {
                Ok(Ended::Over) => break,
                Ok(Ended::Again) => continue,
                Err(error) => {
                    tracing::error!(stage = &*self.name, %error, "cannot go on; claiming the stage again");
                }
            }
            self.status.update(|status| status.restarts += 1);
            tokio::select! {
                () = sleep(CLAIM_BACKOFF) => {}
                _ = self.stop.wait_for(|stop| *stop) => break,
            }
        }
    }

    async fn own(&mut self) -> Result<Ended, JournalError> {
        let revision = self.revision.borrow_and_update().clone();
        let Some(stage) = revision.stages.get(&self.name).cloned() else {
            if revision
                .config
                .stage
                .get(&*self.name)
                .is_none_or(|stage| stage.retired)
            {
                // It may have been claimed by this task after it was forgotten.
                self.journal.forget_stage(&self.name).await?;
            }
            return Ok(Ended::Over);
        };
        let claim = self.journal.claim_stage(&self.name, stage.start).await?;
        let mut session = Session::new(stage, revision, claim);
        let mut head = self.journal.watch();
        loop {
            let stops = *self.stop.borrow();
            if stops || self.revision.has_changed().unwrap_or(false) {
                session.commit_cursor(&*self.journal).await?;
                return Ok(if stops { Ended::Over } else { Ended::Again });
            }
            head.mark_unchanged();
            let timers = self.journal.stage_timers(&self.name, MAX_TIMERS).await?;
            let arrivals = self
                .journal
                .read(session.cursor.next(), MAX_ARRIVALS, MAX_BYTES)
                .await?;
            let now = Timestamp::now();
            let next_timer = timers.first().map(|timer| timer.at);
            if arrivals.is_empty() && next_timer.is_none_or(|at| at > now) {
                let quiet = session.quiet(next_timer, now);
                let is_quiet = tokio::select! {
                    _ = head.changed() => false,
                    () = sleep_until(quiet) => true,
                    _ = self.revision.changed() => {
                        self.revision.mark_changed();
                        false
                    }
                    _ = self.stop.wait_for(|stop| *stop) => false,
                };
                if is_quiet {
                    session.tidy(&*self.journal).await?;
                }
                continue;
            }
            let done = session
                .turn(&self.journal, timers, arrivals, &self.status)
                .await;
            match done {
                Ok(None) => self.recovered(),
                Ok(Some(Stopped::Failed(failure))) => {
                    self.halt(failure).await;
                    session.expire(&*self.journal).await?;
                }
                // Nothing of a turn is lost: it is done again from what is committed.
                Err(error @ (JournalError::Full { .. } | JournalError::Busy { .. })) => {
                    self.halt(StageFailure::of_journal(&error)).await;
                    return Ok(Ended::Again);
                }
                Ok(Some(Stopped::Broken(error))) | Err(error) => return Err(error),
            }
        }
    }

    /// Rests after a failure, unless another revision comes, which may have mended it.
    async fn halt(&mut self, failure: StageFailure) {
        let rest = FIRST_REST
            .saturating_mul(1 << self.tries.min(16))
            .min(LONGEST_REST);
        self.tries += 1;
        let tries = self.tries;
        let now = Timestamp::now();
        if tries == 1 {
            tracing::warn!(stage = &*self.name, reason = failure.reason, arrival = ?failure.arrival.map(|id| id.to_string()), "the stage halts, and tries again with growing rests");
        }
        if tries == TOLD_AFTER {
            self.alerts.raise(Event::StageHalted {
                stage: self.name.to_string(),
                reason: failure.reason.clone(),
            });
        }
        self.status.update(|status| {
            let since = status.halt.as_ref().map_or(now, |halt| halt.since);
            let rest = SignedDuration::try_from(rest).unwrap_or(SignedDuration::ZERO);
            status.last_failure = Some(failure.clone());
            status.halt = Some(StageHalt {
                since,
                tries,
                next_try: now.checked_add(rest).unwrap_or(now),
                failure,
            });
        });
        self.show_halted(true);
        tokio::select! {
            () = sleep(rest) => {}
            _ = self.revision.changed() => self.revision.mark_changed(),
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }

    fn recovered(&mut self) {
        if self.tries > 0 {
            if self.tries >= TOLD_AFTER {
                let stage = self.name.to_string();
                self.alerts.raise(Event::StageWorking { stage });
            }
            self.tries = 0;
            self.status.update(|status| status.halt = None);
            self.show_halted(false);
            tracing::info!(stage = &*self.name, "the stage goes on");
        }
    }

    fn show_halted(&self, halted: bool) {
        let value = if halted { 1.0 } else { 0.0 };
        metrics::gauge!("cdr_gateway_stage_halted", "stage" => self.name.to_string()).set(value);
    }
}

impl Session {
    fn new(stage: Arc<Stage>, revision: Arc<Revision>, claim: StageClaim) -> Self {
        Self {
            stage,
            revision,
            epoch: claim.epoch,
            cursor: claim.cursor,
            committed: claim.cursor,
            committed_at: Instant::now(),
            held: claim.held,
            instance: None,
        }
    }

    /// When there is something to do at the latest, though nothing arrives.
    fn quiet(&self, next_timer: Option<Timestamp>, now: Timestamp) -> Instant {
        let timer = next_timer.map(|at| at.duration_since(now).unsigned_abs());
        let lazy = (self.cursor > self.committed).then_some(LAZY);
        let tidy = (self.held.state_keys > 0).then_some(TIDY);
        // A day: there is nothing to do at all.
        let rest = [timer, lazy, tidy].into_iter().flatten().min();
        Instant::now()
            + rest
                .unwrap_or(Duration::from_hours(24))
                .min(Duration::from_hours(24))
    }

    /// Commits a cursor that was not worth a commit before, and removes values that
    /// have expired.
    async fn tidy(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        if self.committed_at.elapsed() >= TIDY {
            self.expire(journal).await?;
        }
        self.commit_cursor(journal).await
    }

    async fn commit_cursor(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        if self.cursor > self.committed {
            let step = StageStep::new(Timestamp::now(), self.cursor);
            self.commit(journal, step).await?;
        }
        Ok(())
    }

    /// Removes values that have expired, as every commit does. What a stage is short of
    /// may be what they take.
    async fn expire(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        if self.held.state_keys > 0 {
            let step = StageStep::new(Timestamp::now(), self.cursor);
            self.commit(journal, step).await?;
        }
        Ok(())
    }

    /// Does a turn, and commits it. Returns why it went no further.
    async fn turn(
        &mut self,
        journal: &Arc<dyn Journal>,
        timers: Vec<StageTimer>,
        arrivals: Vec<Arc<crate::record::Arrival>>,
        status: &StatusCell,
    ) -> Result<Option<Stopped>, JournalError> {
        let stage = self.stage.clone();
        let work = Work {
            turn: Turn::new(
                stage.name.clone(),
                journal.clone(),
                Handle::current(),
                stage.outgoing.clone(),
                stage.allowance.clone(),
                self.held,
            ),
            stage,
            revision: self.revision.clone(),
            instance: self.instance.take(),
            cursor: self.cursor,
            timers,
            arrivals,
        };
        let worked = tokio::task::spawn_blocking(move || run(work)).await;
        let Ok(Worked {
            instance,
            step,
            stopped,
            passed,
            called,
        }) = worked
        else {
            // A panic of the gateway's own: nothing of the turn is kept.
            return Ok(Some(Stopped::Failed(StageFailure::of_gateway())));
        };
        self.instance = instance;
        self.cursor = step.cursor;
        if let Some(failure) = passed {
            tracing::warn!(
                stage = &*self.stage.name,
                reason = failure.reason,
                "the stage goes on without what it failed on"
            );
            status.update(|status| status.last_failure = Some(failure));
        }
        let far = step.cursor.0 - self.committed.0 >= LAZY_ARRIVALS;
        let long = step.cursor > self.committed && self.committed_at.elapsed() >= LAZY;
        // What was asked of others is not asked again for want of a commit.
        if called || !step.is_idle() || far || long {
            self.commit(&**journal, step).await?;
        }
        Ok(stopped)
    }

    async fn commit(&mut self, journal: &dyn Journal, step: StageStep) -> Result<(), JournalError> {
        let cursor = step.cursor;
        let name = &self.stage.name;
        let advanced = journal.advance_stage(name, self.epoch, step).await?;
        self.held = advanced.held;
        self.committed = cursor;
        self.committed_at = Instant::now();
        let derived = advanced.derived.len() as u64;
        for (outcome, count) in [("derived", derived), ("repeated", advanced.repeated)] {
            metrics::counter!("cdr_gateway_stage_derived_total", "stage" => name.to_string(), "outcome" => outcome)
                .increment(count);
        }
        Ok(())
    }
}
