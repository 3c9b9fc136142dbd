//! All consumers of the revision that runs.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};

use super::consumer::{
    Chosen, Command, Consumer, Context, Reasons, Repair, Rotated, Status, StatusCell,
};
use crate::{
    config::revision::Revision,
    journal::{JournalError, Portion, Reason},
};

/// Commands that wait for a consumer; beyond, whoever asks waits too.
const COMMANDS: usize = 16;

/// Deliveries in one command, so that neither the consumer nor the journal's
/// writer is busy with a large request for long.
pub const REPAIR_CHUNK: usize = 256;

/// The consumers by destination.
pub struct Fleet {
    context: Arc<Context>,
    revision: watch::Sender<Arc<Revision>>,
    /// Changed and read with `members` locked.
    stopping: AtomicBool,
    members: Mutex<HashMap<Arc<str>, Member>>,
}

struct Member {
    commands: mpsc::Sender<Command>,
    status: Arc<StatusCell>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// Why a consumer could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// No such destination runs.
    #[error("no destination {0} runs; see the configuration for retired and misspelt names")]
    Unknown(String),
    /// It has no ear at the moment.
    #[error("destination {0} is claiming its place in the journal; try again")]
    Away(String),
    /// The journal could not do it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Fleet {
    /// Starts the consumers of a revision.
    #[must_use]
    pub fn start(context: Arc<Context>, revision: Arc<Revision>) -> Self {
        let fleet = Self {
            context,
            revision: watch::Sender::new(revision),
            stopping: AtomicBool::new(false),
            members: Mutex::new(HashMap::new()),
        };
        fleet.fill();
        fleet
    }

    /// Switches to another revision: the consumers go on with it, those of
    /// removed destinations end within `limit`. New ones start with
    /// [`Fleet::fill`], so that what a destination was called before can be
    /// carried over in between.
    pub async fn switch(&self, revision: Arc<Revision>, limit: Duration) {
        self.revision.send_replace(revision.clone());
        let removed: Vec<_> = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            members
                .extract_if(|name, _| !revision.destinations.contains_key(name))
                .map(|(_, member)| member.task)
                .collect()
        };
        end_all(removed, limit).await;
    }

    /// Has the consumers of some destinations end: what is under way may do so
    /// within `limit`. Whether they are needed again is for [`Fleet::fill`] to
    /// find out.
    pub async fn release(&self, destinations: &[String], limit: Duration) {
        let released: Vec<_> = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            let names = destinations.iter().map(String::as_str);
            names.filter_map(|name| members.remove(name)).collect()
        };
        end_all(released.into_iter().map(Member::stop).collect(), limit).await;
    }

    /// The revision that runs.
    #[must_use]
    pub fn revision(&self) -> Arc<Revision> {
        self.revision.borrow().clone()
    }

    /// The revision that runs, to be followed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Arc<Revision>> {
        self.revision.subscribe()
    }

    /// Starts the consumers that the revision has and the fleet does not.
    pub fn fill(&self) {
        let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.retain(|_, member| !member.task.is_finished());
        for name in self.revision().destinations.keys() {
            if !members.contains_key(name) {
                members.insert(name.clone(), self.member(name.clone()));
            }
        }
    }

    fn member(&self, name: Arc<str>) -> Member {
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let status = Arc::new(StatusCell::default());
        let stop = watch::Sender::new(self.stopping.load(Ordering::Relaxed));
        let consumer = Consumer {
            name,
            context: self.context.clone(),
            revision: self.revision.subscribe(),
            commands: inbox,
            stop: stop.subscribe(),
            status: status.clone(),
            reasons: Reasons::default(),
        };
        let task = tokio::spawn(consumer.run());
        Member {
            commands,
            status,
            stop,
            task,
        }
    }

    /// How a destination's consumer stands.
    #[must_use]
    pub fn status(&self, destination: &str) -> Option<Status> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        members.get(destination).map(|member| member.status.get())
    }

    /// Repairs exceptions that were chosen. Returns how many; what is under way
    /// or has changed since is left alone.
    ///
    /// # Errors
    /// When no such destination runs or the journal fails. What came before in
    /// the list may be done.
    pub async fn repair(
        &self,
        destination: &str,
        chosen: Vec<Chosen>,
        repair: &Repair,
    ) -> Result<usize, AskError> {
        let commands = self.commands(destination)?;
        let chosen: BTreeSet<_> = chosen.into_iter().collect();
        let chosen: Vec<_> = chosen.into_iter().collect();
        let away = || AskError::Away(destination.into());
        let mut repaired = 0;
        for chosen in chosen.chunks(REPAIR_CHUNK) {
            let (reply, answer) = oneshot::channel();
            let command = Command::Repair {
                chosen: chosen.to_vec(),
                repair: repair.clone(),
                reply,
            };
            commands.send(command).await.map_err(|_| away())?;
            repaired += answer.await.map_err(|_| away())??;
        }
        Ok(repaired)
    }

    /// Has a destination send nothing until it is resumed; returns when that is
    /// committed. One that is held already stays as it is.
    ///
    /// # Errors
    /// When no such destination runs, or it claims its place at the moment.
    pub async fn pause(&self, destination: &str, because: Reason) -> Result<(), AskError> {
        let ask = |reply| Command::Pause { because, reply };
        self.ask(destination, ask).await
    }

    /// Has a destination send again; returns when that is committed.
    ///
    /// # Errors
    /// When no such destination runs, or it claims its place at the moment.
    pub async fn resume(&self, destination: &str) -> Result<(), AskError> {
        self.ask(destination, |reply| Command::Resume { reply })
            .await
    }

    /// Finishes the parts of a destination's files that hold records.
    ///
    /// # Errors
    /// When no such destination runs, or it claims its place at the moment. What of
    /// it was done is done.
    pub async fn rotate(&self, destination: &str) -> Result<Rotated, AskError> {
        self.ask(destination, |reply| Command::Rotate { reply })
            .await
    }

    async fn ask<T>(
        &self,
        destination: &str,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, AskError> {
        let commands = self.commands(destination)?;
        let away = || AskError::Away(destination.into());
        let (reply, answer) = oneshot::channel();
        commands.send(command(reply)).await.map_err(|_| away())?;
        answer.await.map_err(|_| away())
    }

    /// Reopens a portion of a replay. Returns how many deliveries.
    ///
    /// # Errors
    /// When no such destination runs or the journal fails.
    pub async fn reopen(&self, destination: &str, portion: Portion) -> Result<u64, AskError> {
        let commands = self.commands(destination)?;
        let (reply, answer) = oneshot::channel();
        let away = || AskError::Away(destination.into());
        let command = Command::Reopen { portion, reply };
        commands.send(command).await.map_err(|_| away())?;
        Ok(answer.await.map_err(|_| away())??)
    }

    fn commands(&self, destination: &str) -> Result<mpsc::Sender<Command>, AskError> {
        let members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
        let member = members.get(destination);
        let commands = member.map(|member| member.commands.clone());
        commands.ok_or_else(|| AskError::Unknown(destination.into()))
    }

    /// Stops all consumers: what is under way may end within `limit`, the rest
    /// is done again after the next start. True if all ended in time.
    pub async fn stop(&self, limit: Duration) -> bool {
        let members: Vec<_> = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            self.stopping.store(true, Ordering::Relaxed);
            members.drain().map(|(_, member)| member.stop()).collect()
        };
        end_all(members, limit).await
    }
}

impl Member {
    /// Tells the consumer to stop, and gives its task.
    fn stop(self) -> JoinHandle<()> {
        self.stop.send_replace(true);
        self.task
    }
}

/// Waits for tasks to end, and aborts those that have not within `limit`. True
/// if all ended in time.
async fn end_all(tasks: Vec<JoinHandle<()>>, limit: Duration) -> bool {
    let aborts: Vec<_> = tasks.iter().map(JoinHandle::abort_handle).collect();
    let all = async {
        for task in tasks {
            // A consumer that panicked has nothing under way any more.
            let _ = task.await;
        }
    };
    let in_time = timeout(limit, all).await.is_ok();
    for abort in aborts {
        abort.abort();
    }
    in_time
}
