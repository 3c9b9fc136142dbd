//! The task that commits what was raised.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use super::{Event, Queue, Raised, SOURCE, document, quiet::Quiet};
use crate::{config::revision::Revision, journal::Journal};

/// Time before a commit that failed is tried again.
const COMMIT_BACKOFF: Duration = Duration::from_secs(1);

/// Starts the task. When `stop` becomes true it commits what was raised until then,
/// and ends.
pub fn start(
    queue: Queue,
    journal: Arc<dyn Journal>,
    revision: watch::Receiver<Arc<Revision>>,
    stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let mut post = Post {
        queue,
        journal,
        revision,
        quiet: Quiet::default(),
    };
    tokio::spawn(async move { post.run(stop).await })
}

struct Post {
    queue: Queue,
    journal: Arc<dyn Journal>,
    revision: watch::Receiver<Arc<Revision>>,
    quiet: Quiet,
}

impl Post {
    /// Ends when it is told to, or no handle is left. Never in the middle of a commit.
    async fn run(&mut self, mut stop: watch::Receiver<bool>) {
        loop {
            let due = self.quiet.next_due();
            tokio::select! {
                raised = self.queue.0.recv() => match raised {
                    Some(raised) => self.take(raised).await,
                    None => break,
                },
                () = async { sleep_until(due.unwrap_or_else(Instant::now)).await }, if due.is_some() => {}
                Ok(()) = stop.changed() => break,
            }
            let quiet = self.quiet_time();
            for raised in self.quiet.release(quiet, Instant::now()) {
                self.tell(raised).await;
            }
        }
        self.end().await;
    }

    /// Tells all that is left, also what a quiet time held back: the next start knows
    /// nothing of it.
    async fn end(&mut self) {
        self.queue.0.close();
        while let Some(raised) = self.queue.0.recv().await {
            self.take(raised).await;
        }
        for raised in self.quiet.release_all() {
            self.tell(raised).await;
        }
    }

    fn quiet_time(&self) -> Duration {
        Duration::from_secs(self.revision.borrow().config.alerts.quiet_s)
    }

    async fn take(&mut self, raised: Raised) {
        let name = raised.event.name();
        let quiet = self.quiet_time();
        match self.quiet.admit(raised, quiet, Instant::now()) {
            Some(raised) => self.tell(raised).await,
            None => count_name(name, "quiet"),
        }
    }

    async fn tell(&self, raised: Raised) {
        let name = raised.event.name();
        let destination = raised.event.destination();
        let carried = is_carried(&self.revision.borrow(), destination);
        tracing::info!(alert = name, destination, carried, "alert");
        if carried {
            self.commit(&raised).await;
        }
        count_name(name, if carried { "committed" } else { "logged" });
    }

    /// Until it succeeds: what is told is on disk.
    async fn commit(&self, raised: &Raised) {
        while let Err(error) = self.journal.append(document::arrival(raised)).await {
            tracing::debug!(%error, "cannot commit an alert; trying again");
            sleep(COMMIT_BACKOFF).await;
        }
    }
}

/// Whether a route brings events to anyone but the destination that it is about.
fn is_carried(revision: &Revision, about: Option<&str>) -> bool {
    let takes_events = |from: &[Arc<str>]| from.iter().any(|source| &**source == SOURCE);
    let routes = revision.routes.iter();
    let mut ends = routes
        .filter(|route| takes_events(&route.from))
        .flat_map(|route| &route.to);
    ends.any(|name| about != Some(&**name) && revision.destinations.contains_key(name))
}

/// Counts an event by what became of it.
pub(super) fn count(event: &Event, outcome: &'static str) {
    count_name(event.name(), outcome);
}

fn count_name(name: String, outcome: &'static str) {
    metrics::counter!("cdr_gateway_alerts_total", "type" => name, "outcome" => outcome)
        .increment(1);
}
