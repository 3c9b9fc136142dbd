//! Retention while the gateway runs: what is old and settled leaves the journal,
//! and someone hears of it when the journal fills up.
//!
//! It works in small steps and rests after each as long as the step took, so that
//! senders and destinations have at least half of the writer's time. It fails
//! softly: what it could not do now it tries again in a while. It may be given up
//! at any point, since each step is a transaction.

mod commits;

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep},
};

use self::commits::Commits;
use super::{
    alarm::{Alarm, Crossing},
    day_keys,
};
use crate::{
    alert::{Alerts, Event},
    config::model,
    delivery::Fleet,
    journal::{Journal, JournalError, Retention},
    record::Seq,
};

/// Time between looks at how full the journal is.
const TICK: Duration = Duration::from_secs(1);

/// A sixtieth of the time that arrivals are kept passes between searches for old
/// ones, but no more than this.
const LONGEST_REST: Duration = Duration::from_mins(1);

/// How long things are kept, as the configuration says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Keep {
    /// Arrivals that are settled everywhere.
    arrivals: SignedDuration,
    /// The keys of days, in days; 0 for ever.
    keys_days: u32,
}

impl Keep {
    pub(super) fn new(settings: &model::Journal) -> Self {
        let keep_s = i64::try_from(settings.keep_s).unwrap_or(i64::MAX);
        let encryption = settings.encryption.as_ref();
        Self {
            arrivals: SignedDuration::from_secs(keep_s),
            keys_days: encryption.map_or(0, |encryption| encryption.drop_after_days),
        }
    }
}

/// Starts the task. It ends when `stop` becomes true.
pub(super) fn start(
    journal: Arc<dyn Journal>,
    fleet: Arc<Fleet>,
    alerts: Alerts,
    keep: watch::Receiver<Keep>,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let mut keeper = Keeper {
        journal,
        fleet,
        alerts,
        keep,
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = keeper.run() => {}
        }
    })
}

struct Keeper {
    journal: Arc<dyn Journal>,
    fleet: Arc<Fleet>,
    alerts: Alerts,
    keep: watch::Receiver<Keep>,
}

impl Keeper {
    async fn run(&mut self) {
        let mut alarm = Alarm::default();
        let mut commits = Commits::default();
        let mut search_at = Instant::now();
        loop {
            let health = self.journal.health();
            let crossing = alarm.cross(health.used_bytes, health.max_bytes);
            let told = crossing.map(tell).into_iter();
            for event in told.chain(commits.look_at(&health)) {
                self.alerts.raise(event);
            }
            if search_at <= Instant::now() {
                let removed = self.remove_old().await;
                if let Err(error) = removed.and(self.drop_old_keys().await) {
                    tracing::warn!(%error, "retention did not get through; it tries again");
                }
                search_at = Instant::now() + self.rest();
            }
            tokio::select! {
                Ok(()) = self.keep.changed() => search_at = Instant::now(),
                () = sleep(TICK) => {}
            }
        }
    }

    fn rest(&self) -> Duration {
        let keep = self.keep.borrow().arrivals.unsigned_abs();
        (keep / 60).clamp(TICK, LONGEST_REST)
    }

    /// As of now: a reload holds from the next step on.
    fn retention(&self) -> Retention {
        Retention {
            now: Timestamp::now(),
            keep: self.keep.borrow().arrivals,
        }
    }

    async fn drop_old_keys(&self) -> Result<(), JournalError> {
        let days = self.keep.borrow().keys_days;
        match days {
            0 => Ok(()),
            days => day_keys::drop_old(&*self.journal, &self.fleet, Timestamp::now(), days).await,
        }
    }

    async fn remove_old(&self) -> Result<(), JournalError> {
        let (mut after, mut removed) = (Seq(0), 0);
        loop {
            let began = Instant::now();
            let step = self.journal.remove_settled(after, self.retention()).await?;
            removed += step.arrivals;
            metrics::counter!("cdr_gateway_journal_removed_arrivals_total")
                .increment(step.arrivals);
            let Some(next) = step.next else { break };
            after = next;
            sleep(began.elapsed()).await;
        }
        if removed > 0 {
            tracing::debug!(removed, "removed arrivals that are old and settled");
        }
        loop {
            let began = Instant::now();
            if !self.journal.tidy(self.retention()).await? {
                return Ok(());
            }
            sleep(began.elapsed()).await;
        }
    }
}

fn tell(crossing: Crossing) -> Event {
    match crossing {
        Crossing::Reached(share) => {
            tracing::warn!(
                percent = share.percent,
                used_bytes = share.used,
                max_bytes = share.max,
                "the journal fills up; at 100 % of journal.max_bytes senders are told to try again"
            );
            Event::JournalReached { share }
        }
        Crossing::Below(share) => {
            tracing::info!(
                percent = share.percent,
                used_bytes = share.used,
                max_bytes = share.max,
                "the journal has room again"
            );
            Event::JournalBelow { share }
        }
    }
}
