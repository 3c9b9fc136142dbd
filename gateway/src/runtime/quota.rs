//! Backlog quotas, and how long exceptions are kept.
//!
//! A task looks a few times a second at what waits for each destination that has
//! a quota: it tells when a share of it is reached, and when all of it is, has the
//! sources of the destination shut (`block`) or its oldest deliveries given up
//! (`expire`). Once in a while it gives up exceptions that were kept too long.
//!
//! Only the consumer that owns a destination settles, so it is asked to; it leaves
//! alone what is under way at that moment. What arrives between two looks comes on
//! top of a quota.
//!
//! How it fails: softly. What cannot be found out or done now is tried again at the
//! next look, and no destination waits for another.

mod backlog;
mod kept;
mod oldest;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use self::backlog::Gauge;
use super::Runtime;
use crate::{
    config::{
        model::{Backlog as Quota, WhenFull},
        revision::Revision,
    },
    delivery::Destination,
};

/// Time between looks at what waits. No key: what arrives between two of them comes
/// on top of a quota, and a look costs a few look-ups a destination.
const TICK: Duration = Duration::from_millis(250);

/// Starts the task. It ends when `stop` becomes true.
pub(super) fn start(runtime: Arc<Runtime>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    let mut quotas = Quotas {
        runtime,
        watched: BTreeMap::new(),
        keeping: None,
        look_for_kept: Instant::now(),
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = quotas.run() => {}
        }
    })
}

struct Quotas {
    runtime: Arc<Runtime>,
    watched: BTreeMap<Arc<str>, Watched>,
    /// Giving up what was kept too long, until it is through.
    keeping: Option<JoinHandle<()>>,
    look_for_kept: Instant,
}

/// A destination with a quota.
#[derive(Default)]
struct Watched {
    gauge: Gauge,
    /// Giving up the oldest, until it is through.
    expiring: Option<JoinHandle<()>>,
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.expiring.take().inspect(JoinHandle::abort);
    }
}

impl Quotas {
    async fn run(&mut self) {
        loop {
            let revision = self.runtime.revision();
            self.look_at_backlogs(&revision).await;
            self.shut_sources(&revision);
            self.look_at_exceptions(&revision);
            tokio::time::sleep(TICK).await;
        }
    }

    async fn look_at_backlogs(&mut self, revision: &Revision) {
        let has_quota = |name: &Arc<str>| {
            let destination = revision.destinations.get(name);
            destination.is_some_and(|destination| destination.backlog.is_some())
        };
        self.watched.retain(|name, _| has_quota(name));
        for destination in revision.destinations.values() {
            if let Some(quota) = &destination.backlog {
                self.look_at_backlog(destination, quota).await;
            }
        }
    }

    async fn look_at_backlog(&mut self, destination: &Destination, quota: &Quota) {
        let name = &destination.name;
        let backlog = match self.runtime.journal.backlog(name).await {
            Ok(backlog) => backlog.unwrap_or_default(),
            Err(error) => {
                tracing::debug!(destination = &**name, %error, "cannot see what waits");
                return;
            }
        };
        let watched = self.watched.entry(name.clone()).or_default();
        for event in watched
            .gauge
            .look_at(name, quota, &backlog, Timestamp::now())
        {
            self.runtime.alerts.raise(event);
        }
        let is_through = watched
            .expiring
            .as_ref()
            .is_none_or(JoinHandle::is_finished);
        if quota.when_full == WhenFull::Expire && watched.gauge.is_exceeded() && is_through {
            let (runtime, name, quota) = (self.runtime.clone(), name.clone(), quota.clone());
            let expiring = async move { oldest::expire(&runtime, &name, &quota).await };
            watched.expiring = Some(tokio::spawn(expiring));
        }
    }

    /// Shuts the sources of destinations that are full and block, and opens the
    /// others.
    fn shut_sources(&self, revision: &Revision) {
        let is_full = |name: &Arc<str>| {
            let watched = self.watched.get(name);
            let quota = revision.destinations.get(name);
            let blocks = quota.and_then(|one| one.backlog.as_ref());
            watched.is_some_and(|watched| watched.gauge.is_full())
                && blocks.is_some_and(|quota| quota.when_full == WhenFull::Block)
        };
        let routes = revision.routes.iter();
        let shut: BTreeSet<&str> = routes
            .filter(|route| route.to.iter().any(is_full))
            .flat_map(|route| route.from.iter().flat_map(|from| revision.sources_of(from)))
            .collect();
        self.runtime.ingest.shut(|source| shut.contains(source));
    }

    fn look_at_exceptions(&mut self, revision: &Arc<Revision>) {
        let is_through = self.keeping.as_ref().is_none_or(JoinHandle::is_finished);
        if !is_through || self.look_for_kept > Instant::now() {
            return;
        }
        self.look_for_kept = Instant::now() + kept::rest(revision);
        let (runtime, revision) = (self.runtime.clone(), revision.clone());
        self.keeping = Some(tokio::spawn(async move {
            kept::expire(&runtime, &revision).await;
        }));
    }
}

impl Drop for Quotas {
    fn drop(&mut self) {
        self.keeping.take().inspect(JoinHandle::abort);
    }
}
