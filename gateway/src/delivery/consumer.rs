//! The consumer: the one owner of a destination.
//!
//! It claims the destination, follows the journal from its cursor, and settles
//! what became of each arrival. When the journal cannot settle, or someone else
//! has claimed the destination, everything under way is dropped and it starts
//! again from what is committed: a second attempt bears the same id.

mod batches;
mod command;
mod job;
mod lines;
mod order;
mod pause;
mod reasons;
mod session;
mod settling;
mod status;
mod uploads;

use std::{sync::Arc, time::Duration};

use tokio::sync::{mpsc, watch};

use crate::{
    alert::Alerts,
    config::revision::Revision,
    journal::{Journal, JournalError},
    plugin::Workers,
};

pub use command::{Chosen, Command, Repair, Rotated};
pub use reasons::Reasons;
pub use session::Ended;
use session::Session;
pub use status::{Halt, Status, StatusCell};

/// What all consumers share.
pub struct Context {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The threads that plugins run on.
    pub workers: Arc<Workers>,
    /// Where it tells what befalls it.
    pub alerts: Alerts,
}

/// Time between claims that failed.
const CLAIM_BACKOFF: Duration = Duration::from_millis(500);

/// The owner of one destination.
pub struct Consumer {
    /// The destination's name.
    pub name: Arc<str>,
    /// What it shares with the others.
    pub context: Arc<Context>,
    /// The revision that runs.
    pub revision: watch::Receiver<Arc<Revision>>,
    /// What is asked of it.
    pub commands: mpsc::Receiver<Command>,
    /// True when it is to end, with the gateway or alone.
    pub stop: watch::Receiver<bool>,
    /// What it shows of itself.
    pub status: Arc<StatusCell>,
    /// Reasons that its metrics name.
    pub reasons: Reasons,
}

impl Consumer {
    /// Runs until the gateway stops or a revision no longer has the destination.
    pub async fn run(mut self) {
        // From zero on, so that the first restart is seen as an increase.
        self.restarts().increment(0);
        loop {
            self.show_closed();
            match self.own().await {
                Ok(Ended::Stopped | Ended::Removed) => return,
                Ok(Ended::Changed) => continue,
                Ok(Ended::Lost) => {
                    tracing::error!(
                        destination = &*self.name,
                        "delivery task was lost; claiming the destination again"
                    );
                }
                Err(error) => {
                    tracing::error!(destination = &*self.name, %error, "cannot settle; claiming the destination again");
                }
            }
            self.status.restarted();
            self.restarts().increment(1);
            tokio::select! {
                () = tokio::time::sleep(CLAIM_BACKOFF) => {}
                _ = self.stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    fn restarts(&self) -> metrics::Counter {
        let destination = self.name.to_string();
        metrics::counter!("cdr_gateway_consumer_restarts_total", "destination" => destination)
    }

    /// A session begins with its breakers closed.
    fn show_closed(&self) {
        for gauge in ["cdr_gateway_breaker_open", "cdr_gateway_plugins_failing"] {
            metrics::gauge!(gauge, "destination" => self.name.to_string()).set(0.0);
        }
    }

    async fn own(&mut self) -> Result<Ended, JournalError> {
        let revision = self.revision.borrow_and_update().clone();
        let Some(destination) = revision.destinations.get(&self.name).cloned() else {
            return Ok(Ended::Removed);
        };
        let journal = &self.context.journal;
        let claim = journal.claim(&self.name, destination.start).await?;
        Session::new(self, &claim, revision, destination)
            .run()
            .await
    }
}
