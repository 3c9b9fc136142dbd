//! The embedded engine: one SQLite file in WAL mode.
//!
//! # Writing
//!
//! One thread writes. Appends, settlements and claims wait in one bounded queue;
//! the thread takes what is there (and lingers briefly for more), applies it in
//! one transaction with `synchronous = FULL`, and answers everyone after the
//! commit: one fsync for all. A request that is refused undoes only its own part.
//! A commit that fails is told to all of its group; the connection is closed,
//! opened anew and compared with what was acknowledged before, now or, while that
//! fails, with the next request. Another thread moves the log into the file, so
//! that no sender waits for it.
//!
//! # The file, for people
//!
//! Every table and column is described in `schema/001.sql`, which SQLite keeps:
//! `.schema` in `sqlite3 journal.db` prints it. The views `arrivals_readable`,
//! `exceptions_readable` and `ledger` resolve numbers and times. Only
//! `outcomes.entries` is packed (`gateway/src/journal/packed.rs` gives the bytes),
//! and `destinations.ahead` ([`SeqSet::encode`](super::SeqSet::encode)).
//! `application_id` is "CDRG", `user_version` the schema version. While the
//! gateway runs, look with `sqlite3 -readonly`; copies are made with `.backup`.
//!
//! No index is random: everything is keyed by position, or by a destination and
//! a position. An id is found by halving (ids ascend with positions), a session by
//! looking through the narrow table `arrival_index`, newest first.
//!
//! # Sealing
//!
//! Where a master key is given, bodies are sealed with the key of their day
//! (`../seal.rs` has the format). `arrival_index.key_day` tells which; everything
//! that is kept of an arrival besides is sealed with the same. `files.key_day` tells
//! it of an open part, `stage_state.key_day` of what a stage remembers. The keys stand, wrapped, in `day_keys`.
//!
//! In the clear stay what is looked up or counted: ids, times, sources, kinds,
//! sessions, tags (places in documents, and ids), states and errors, none of
//! which holds a number, and hashes. Those are not keyed: the deduplication
//! window compares them over days, and sessions are searched by them.
//!
//! # Retention
//!
//! What is old and settled everywhere is removed in small steps, each a task of the
//! writer (`retention.rs`). What was removed stays in range and counters of every
//! destination: `destinations.removed_…` hold it by state, `removed_deliveries` by hour of
//! arrival, state and reason. Exceptions stay however
//! old they are, so there may be holes between the arrivals that are kept; nothing
//! is missing after `retention.removed_through`.
//!
//! Free pages are used again by what arrives next. Beyond a quarter of the file
//! they are given back, a mebibyte a step (`tidy.rs`; the file is made with
//! `auto_vacuum = INCREMENTAL`).
//!
//! `max_bytes` refuses arrivals, not settlements: it is held against the pages in
//! use before an arrival is written. Outcomes, exceptions and frozen payloads may
//! exceed it, so the disk needs some room beyond. What stages derive may exceed it by a
//! sixteenth: what a stage has not seen is not removed, so one that is behind has to go
//! on for there to be room again.

mod append;
mod arrivals;
mod backlog;
mod checkpoint;
mod claim;
mod connection;
mod corrections;
mod destination;
mod drop_key;
mod exceptions;
mod files;
mod fold;
mod group;
mod holds;
mod hourly;
mod keep;
mod keyring;
mod keys;
mod lock;
mod names;
mod numbers;
mod reader;
mod readers;
mod reopen;
mod replays;
mod retention;
mod revisions;
mod schema;
mod settle;
mod shared;
mod stages;
mod stall;
mod tail;
#[cfg(test)]
mod tests;
mod tidy;
mod trouble;
mod verify;
mod writer;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use self::{
    group::{Group, Isolation, Task, Work},
    keyring::Keyring,
    lock::ProcessLock,
    reader::ReadsFile,
    readers::Readers,
    shared::Shared,
    trouble::Trouble,
    writer::Writer,
};
use super::{
    Claim, Corrected, Health, Journal, JournalError, KeyDrop, Limits, NewArrival, NewCorrection,
    NewReplay, Portion, Removal, ReplayState, Retention, Retire, Retirement, Settlement, Start,
    seal::{Day, Masters, PartKey},
};
use crate::record::{Arrival, Seq};

/// How a journal is written.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long the writer waits at most for a group to grow. It waits only
    /// while the group is smaller than the one before.
    pub linger: Duration,
    /// How many requests may wait; further ones are refused at once.
    pub max_queue: usize,
    /// How many requests one commit takes.
    pub max_group: usize,
    /// What may change while it runs.
    pub limits: Limits,
    /// What arrivals are sealed with, and what sealed them before.
    pub masters: Masters,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            linger: Duration::from_millis(1),
            max_queue: 4096,
            max_group: 512,
            limits: Limits::default(),
            masters: Masters::default(),
        }
    }
}

/// A journal in a SQLite file, owned by this process.
///
/// Dropping it commits what waits, and ends the writer's thread.
#[derive(Debug)]
pub struct SqliteJournal {
    path: PathBuf,
    max_queue: usize,
    shared: Arc<Shared>,
    keyring: Arc<Keyring>,
    readers: Readers,
    /// `None` only while dropping.
    queue: Option<SyncSender<Box<dyn Task>>>,
    thread: Option<thread::JoinHandle<()>>,
    _lock: ProcessLock,
}

/// A journal in a SQLite file, opened to look only: another process may own it.
#[derive(Debug)]
pub struct SqliteReader {
    readers: Readers,
    head: Seq,
}

impl SqliteJournal {
    /// Opens a journal, or makes one where there is none (its directory too),
    /// readable by nobody else. Blocks while it opens.
    ///
    /// # Errors
    ///
    /// [`JournalError::Locked`] when another process has it;
    /// [`JournalError::NewerSchema`], [`JournalError::Foreign`] or
    /// [`JournalError::Corrupt`] when the file is not what it should be.
    pub fn open(path: &Path, options: &Options) -> Result<Self, JournalError> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).map_err(|error| JournalError::Io {
                doing: "create the directory of",
                path: path.to_owned(),
                problem: error.to_string(),
            })?;
        }
        let lock = ProcessLock::take(path)?;
        let keyring = Arc::new(Keyring::new(options.masters.clone()));
        let writer = Writer::open(path.to_owned(), options, Arc::clone(&keyring))?;
        if options.masters.current.is_some() {
            // No trace of what another master key had wrapped.
            checkpoint::empty_log(path)?;
        }
        let shared = writer.shared();
        let readers = Readers::open(path.to_owned(), Arc::clone(&keyring))?;
        let (queue, waiting) = sync_channel(options.max_queue);
        let thread = thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || writer.run(&waiting))
            .map_err(|error| JournalError::Io {
                doing: "start the writer thread of",
                path: path.to_owned(),
                problem: error.to_string(),
            })?;
        Ok(Self {
            path: path.to_owned(),
            max_queue: options.max_queue,
            shared,
            keyring,
            readers,
            queue: Some(queue),
            thread: Some(thread),
            _lock: lock,
        })
    }

    /// Opens a journal to look only, whether or not a gateway runs on it. Blocks
    /// while it opens. It has no keys: what is sealed cannot be read by it.
    pub fn open_read_only(path: &Path) -> Result<SqliteReader, JournalError> {
        let readers = Readers::open(path.to_owned(), Arc::default())?;
        let head = readers.read_here(|db| arrivals::newest(db))?;
        Ok(SqliteReader { readers, head })
    }

    /// Empties the write-ahead log, if no long reader keeps it.
    async fn empty_log(&self) -> bool {
        let path = self.path.clone();
        let emptied = tokio::task::spawn_blocking(move || checkpoint::empty_log(&path)).await;
        matches!(emptied, Ok(Ok(true)))
    }

    fn stalled(&self, taken: Duration) -> JournalError {
        JournalError::Stalled {
            path: self.path.clone(),
            taken_s: taken.as_secs(),
        }
    }

    async fn submit<T, F>(&self, isolation: Isolation, work: F) -> Result<T, JournalError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Group<'_>) -> Result<T, Trouble> + Send + 'static,
    {
        let (task, answer) = Work::new(isolation, work);
        let queue = self.queue.as_ref().ok_or(JournalError::Closed)?;
        self.shared.queued.fetch_add(1, Ordering::Relaxed);
        if let Err(refused) = queue.try_send(Box::new(task)) {
            self.shared.queued.fetch_sub(1, Ordering::Relaxed);
            return Err(match refused {
                TrySendError::Full(_) => JournalError::Busy {
                    queue: self.max_queue,
                },
                TrySendError::Disconnected(_) => JournalError::Closed,
            });
        }
        answer.await.unwrap_or(Err(JournalError::Closed))
    }
}

impl Drop for SqliteJournal {
    fn drop(&mut self) {
        drop(self.queue.take());
        if let Some(thread) = self.thread.take() {
            // A panicking writer has said so itself; there is nothing to save.
            let _ = thread.join();
        }
    }
}

impl ReadsFile for SqliteJournal {
    fn readers(&self) -> &Readers {
        &self.readers
    }

    fn newest(&self) -> Seq {
        *self.shared.head.borrow()
    }
}

impl ReadsFile for SqliteReader {
    fn readers(&self) -> &Readers {
        &self.readers
    }

    fn newest(&self) -> Seq {
        self.head
    }
}

#[async_trait]
impl Journal for SqliteJournal {
    async fn append(&self, arrival: NewArrival) -> Result<Arc<Arrival>, JournalError> {
        self.submit(Isolation::None, |group| append::append(group, arrival))
            .await
    }

    fn watch(&self) -> watch::Receiver<Seq> {
        self.shared.head.subscribe()
    }

    async fn claim(&self, destination: &str, start: Start) -> Result<Claim, JournalError> {
        let name = destination.to_owned();
        self.submit(Isolation::Savepoint, move |group| {
            claim::claim(group, &name, start)
        })
        .await
    }

    async fn settle(
        &self,
        destination: &str,
        epoch: u64,
        settlement: Settlement,
    ) -> Result<(), JournalError> {
        let name = destination.to_owned();
        self.submit(Isolation::Savepoint, move |group| {
            settle::settle(group, &name, epoch, &settlement)
        })
        .await
    }

    async fn start_replay(&self, replay: NewReplay) -> Result<u64, JournalError> {
        self.submit(Isolation::Savepoint, move |group| {
            replays::start(group, &replay)
        })
        .await
    }

    async fn end_replay(
        &self,
        id: u64,
        state: ReplayState,
        at: Timestamp,
    ) -> Result<bool, JournalError> {
        self.submit(Isolation::Savepoint, move |group| {
            replays::end(group, id, state, at)
        })
        .await
    }

    async fn reopen(
        &self,
        destination: &str,
        epoch: u64,
        portion: Portion,
    ) -> Result<u64, JournalError> {
        let name = destination.to_owned();
        self.submit(Isolation::Savepoint, move |group| {
            replays::hand_out(group, &name, epoch, &portion)
        })
        .await
    }

    async fn correct(
        &self,
        seq: Seq,
        correction: NewCorrection,
    ) -> Result<Corrected, JournalError> {
        let corrected = self
            .submit(Isolation::Savepoint, move |group| {
                corrections::correct(group, seq, &correction)
            })
            .await?;
        self.shared.corrections.send_modify(|count| *count += 1);
        Ok(corrected)
    }

    fn corrections(&self) -> watch::Receiver<u64> {
        self.shared.corrections.subscribe()
    }

    async fn retire(&self, destination: &str, how: Retire) -> Result<Retirement, JournalError> {
        let name = destination.to_owned();
        self.submit(Isolation::Savepoint, move |group| {
            claim::retire(group, &name, how)
        })
        .await
    }

    async fn rename(&self, from: &str, to: &str) -> Result<bool, JournalError> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.submit(Isolation::Savepoint, move |group| {
            claim::rename(group, &from, &to)
        })
        .await
    }

    async fn register_revision(&self, digest: &str, summary: &str) -> Result<u32, JournalError> {
        let (digest, summary) = (digest.to_owned(), summary.to_owned());
        self.submit(Isolation::Savepoint, move |group| {
            revisions::register(group, &digest, &summary)
        })
        .await
    }

    async fn remove_settled(
        &self,
        after: Seq,
        retention: Retention,
    ) -> Result<Removal, JournalError> {
        let found = self
            .readers
            .read(move |db| retention::find(db, after, retention))
            .await?;
        // Looked for beside the writer, which looks again at these few.
        let Some(first) = found.positions.iter().next() else {
            return Ok(Removal {
                arrivals: 0,
                next: found.next,
            });
        };
        self.submit(Isolation::Savepoint, move |group| {
            retention::remove(group, Seq(first.0 - 1), retention)
        })
        .await
    }

    async fn tidy(&self, retention: Retention) -> Result<bool, JournalError> {
        let (parts, days, surplus) = self
            .readers
            .read(move |db| {
                let days = keys::unused(db, retention.now)?;
                Ok((tidy::old_parts(db, retention)?, days, tidy::surplus(db)?))
            })
            .await?;
        if parts.is_empty() && days.is_empty() && surplus == 0 {
            return Ok(false);
        }
        let (more, forgotten) = self
            .submit(Isolation::Savepoint, move |group| {
                tidy::forget_parts(group, &parts)?;
                let forgotten = keys::forget_unused(group, retention.now)?;
                let more = tidy::give_back(group)? || !parts.is_empty();
                Ok((more, forgotten))
            })
            .await?;
        self.keyring.forget(&forgotten);
        Ok(more)
    }

    async fn set_masters(&self, masters: Masters) -> Result<(), JournalError> {
        let before = self.keyring.masters();
        // Readers may meet keys that are wrapped by either.
        self.keyring.set_masters(before.and(&masters));
        let adopted = masters.clone();
        let result = self
            .submit(Isolation::Savepoint, move |group| {
                keys::adopt(group, &adopted)
            })
            .await;
        let valid = if result.is_ok() { masters } else { before };
        self.keyring.set_masters(valid);
        if result? {
            self.empty_log().await;
        }
        Ok(())
    }

    async fn key_for_parts(&self, day: Day) -> Result<Option<PartKey>, JournalError> {
        if self.keyring.masters().current.is_none() {
            return Ok(None);
        }
        self.submit(Isolation::Savepoint, move |group| {
            keys::for_parts(group, day)
        })
        .await
    }

    async fn part_key(&self, day: Day) -> Result<Option<PartKey>, JournalError> {
        self.readers.read(move |db| db.part_key(day)).await
    }

    async fn drop_key(&self, day: Day) -> Result<Option<KeyDrop>, JournalError> {
        let dropped = self
            .submit(Isolation::Savepoint, move |group| {
                drop_key::drop_key(group, day)
            })
            .await?;
        let Some(dropped) = dropped else {
            return Ok(None);
        };
        self.keyring.drop_day(day);
        let erased = self.empty_log().await;
        Ok(Some(KeyDrop { erased, ..dropped }))
    }

    fn set_limits(&self, limits: Limits) {
        let Limits {
            max_bytes,
            stalled_after,
        } = limits;
        self.shared.max_bytes.store(max_bytes, Ordering::Relaxed);
        self.shared.clock.set_stalled_after(stalled_after);
    }

    fn is_stalled(&self) -> bool {
        self.shared.clock.stalled().is_some()
    }

    async fn probe(&self) -> Result<(), JournalError> {
        if let Some(taken) = self.shared.clock.stalled() {
            return Err(self.stalled(taken));
        }
        if self.shared.failure().is_none() {
            return Ok(());
        }
        let limit = self.shared.clock.stalled_after();
        let probed = self.submit(Isolation::Savepoint, |group| {
            group
                .connection
                .execute("UPDATE probe SET writes = writes + 1", [])?;
            Ok(())
        });
        let probed = tokio::time::timeout(limit, probed).await;
        probed.unwrap_or_else(|_| Err(self.stalled(limit)))
    }

    fn health(&self) -> Health {
        Health {
            failure: self.shared.failure(),
            queued: self.shared.queued.load(Ordering::Relaxed),
            queue_limit: self.max_queue,
            commits: self.shared.commits.load(Ordering::Relaxed),
            failed_commits: self.shared.failed_commits.load(Ordering::Relaxed),
            committed: self.shared.committed.load(Ordering::Relaxed),
            file_bytes: size_of_file(&self.path, ""),
            used_bytes: self.shared.used_bytes.load(Ordering::Relaxed),
            max_bytes: self.shared.max_bytes.load(Ordering::Relaxed),
            wal_bytes: size_of_file(&self.path, "-wal"),
            commit_under_way: self.shared.clock.under_way(),
            stalled_after: self.shared.clock.stalled_after(),
        }
    }
}

/// The size of the file or of a companion of it; 0 when there is none.
fn size_of_file(path: &Path, suffix: &str) -> u64 {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    fs::metadata(name).map_or(0, |metadata| metadata.len())
}
