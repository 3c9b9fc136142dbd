//! Everything that runs, wired together: start, reload, stop.
//!
//! Invariants:
//! - Nothing half-starts: configuration, plugins, journal and both listeners are
//!   there before the first request is taken.
//! - A reload loads, verifies, compiles, configures and validates first, and
//!   then switches; on any error the old revision goes on.
//! - On stopping, ingest ends first, then deliveries under way, then what raises no
//!   more alerts has those committed that were raised.

mod alarm;
mod day_keys;
mod limits;
mod masters;
mod quota;
mod reload;
mod removal;
mod retention;
mod serve;
mod sources;
mod stages;
mod start;
mod tables;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::{Mutex, Notify, watch},
    task::JoinHandle,
};

use crate::{
    alert::Alerts,
    config::{Inputs, Loaded, revision::Revision},
    delivery::Fleet,
    ingest::Ingest,
    journal::Journal,
    plugin::Host,
    stage::Stages,
    tls,
};

pub use reload::{ReloadError, Reloaded};
use retention::Keep;
pub use start::StartError;
pub use tables::Refusals;

/// Time for alerts to be committed at a stop, also where what was under way took all
/// that there was. No key: a commit takes milliseconds.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// A running gateway.
pub struct Runtime {
    inputs: Inputs,
    host: Host,
    journal: Arc<dyn Journal>,
    ingest: Arc<Ingest>,
    fleet: Arc<Fleet>,
    stages: Arc<Stages>,
    alerts: Alerts,
    tls: tls::watch::Slots,
    /// How long arrivals are kept, for the task that removes them.
    keep: watch::Sender<Keep>,
    /// Wakes the task that hands out replays.
    replays: Arc<Notify>,
    /// What the revision that runs was made of; held while another is made.
    loaded: Mutex<Arc<Loaded>>,
    /// Why the newest versions of tables are not used.
    refusals: Refusals,
    stop: watch::Sender<bool>,
}

/// A running gateway with the listeners that it serves.
pub struct Running {
    /// The gateway.
    pub runtime: Arc<Runtime>,
    /// Where sources are served.
    pub ingest: SocketAddr,
    /// Where the admin API is served.
    pub admin: SocketAddr,
    tasks: Vec<JoinHandle<()>>,
    post: Post,
}

/// The task that commits alerts, and what ends it.
struct Post {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Runtime {
    /// The revision that runs.
    #[must_use]
    pub fn revision(&self) -> Arc<Revision> {
        self.fleet.revision()
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> &Arc<dyn Journal> {
        &self.journal
    }

    /// The consumers.
    #[must_use]
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// The stages.
    #[must_use]
    pub fn stages(&self) -> &Stages {
        &self.stages
    }

    /// Has the task that hands out replays look again: one was started or cancelled.
    pub fn wake_replays(&self) {
        self.replays.notify_one();
    }

    /// Why the newest versions of tables are not used.
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Whether the gateway is stopping.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }
}

impl Running {
    /// Stops: no more requests, then what is under way, at most as long as
    /// `drain.timeout_s` says. True if everything ended in time.
    pub async fn stop(self) -> bool {
        let limit = Duration::from_secs(self.runtime.revision().config.drain.timeout_s);
        let deadline = Instant::now() + limit;
        self.runtime.stop.send_replace(true);
        let tasks = async {
            for task in self.tasks {
                // One that panicked does no more.
                let _ = task.await;
            }
        };
        let ended = tokio::time::timeout(limit, tasks).await.is_ok();
        let left = deadline.saturating_duration_since(Instant::now());
        let ended = self.runtime.fleet.stop(left).await && ended;
        // Last: whatever ends may have something to tell.
        self.post.stop.send_replace(true);
        let left = deadline.saturating_duration_since(Instant::now());
        let left = left.max(LAST_WORDS);
        tokio::time::timeout(left, self.post.task).await.is_ok() && ended
    }
}
