//! The one thread that writes.
//!
//! It takes what waits in the queue, applies it in one transaction, and answers
//! everyone after the commit has reached the disk. When anything fails, nobody is
//! told of success; the connection is closed, opened anew and compared with what
//! was acknowledged before.

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::Ordering,
        mpsc::{Receiver, RecvTimeoutError},
    },
    time::{Duration, Instant},
};

use rusqlite::Connection;

use super::{
    Options,
    checkpoint::{self, Checkpoints},
    connection,
    group::{Group, Task},
    keyring::Keyring,
    keys::{self, Sealing},
    names::Names,
    shared::Shared,
    tail::Tail,
    tidy,
    trouble::{Trouble, from_sql},
};
use crate::journal::JournalError;

/// The connection that writes, and what is remembered of its file.
struct Database {
    connection: Connection,
    tail: Tail,
    names: Names,
    sealing: Sealing,
    page_size: u64,
    /// What the file's pages hold, free ones apart, in bytes.
    used_bytes: u64,
}

/// The thread's state.
pub(super) struct Writer {
    path: PathBuf,
    linger: Duration,
    max_group: usize,
    shared: Arc<Shared>,
    keyring: Arc<Keyring>,
    checkpoints: Checkpoints,
    /// `None` after a failure, until opening succeeds.
    database: Option<Database>,
    /// The end of what was acknowledged; whatever is opened must contain it.
    acknowledged: Tail,
    /// The size of the last group: so many are likely to come again at once.
    last_group: usize,
    /// Whether a failed commit may have left something in the log of which
    /// nobody knows if it is on disk.
    in_doubt: bool,
}

impl Writer {
    /// Opens the journal to write.
    pub(super) fn open(
        path: PathBuf,
        options: &Options,
        keyring: Arc<Keyring>,
    ) -> Result<Self, JournalError> {
        let database = Database::open(&path, &keyring)?;
        let shared = Shared::new(database.tail.head, options.limits);
        shared
            .used_bytes
            .store(database.used_bytes, Ordering::Relaxed);
        Ok(Self {
            linger: options.linger,
            max_group: options.max_group.max(1),
            shared: Arc::new(shared),
            keyring,
            checkpoints: Checkpoints::start(&path)?,
            acknowledged: database.tail,
            database: Some(database),
            last_group: 1,
            in_doubt: false,
            path,
        })
    }

    /// What others look at.
    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    /// Writes until nobody can ask for it any more.
    pub(super) fn run(mut self, queue: &Receiver<Box<dyn Task>>) {
        let mut tasks = Vec::with_capacity(self.max_group);
        while let Ok(first) = queue.recv() {
            tasks.push(first);
            self.gather(queue, &mut tasks);
            self.shared.queued.fetch_sub(tasks.len(), Ordering::Relaxed);
            self.last_group = tasks.len();
            self.shared.clock.begin();
            self.commit(&mut tasks);
            self.shared.clock.end();
        }
    }

    /// Takes what waits. Lingers for more only while the group is smaller than
    /// the last one: those who were answered then are on their way again, and a
    /// lone sender need not wait for nobody.
    fn gather(&self, queue: &Receiver<Box<dyn Task>>, tasks: &mut Vec<Box<dyn Task>>) {
        let until = Instant::now() + self.linger;
        while tasks.len() < self.max_group {
            if let Ok(task) = queue.try_recv() {
                tasks.push(task);
                continue;
            }
            if tasks.len() >= self.last_group {
                return;
            }
            match queue.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(task) => tasks.push(task),
                Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn commit(&mut self, tasks: &mut Vec<Box<dyn Task>>) {
        let committed = self.try_commit(tasks);
        match &committed {
            Ok(()) => self.shared.succeeded(tasks.len()),
            Err(error) => self.recover(error),
        }
        self.shared.head.send_if_modified(|head| {
            let changed = *head != self.acknowledged.head;
            *head = self.acknowledged.head;
            changed
        });
        for task in tasks.drain(..) {
            task.answer(committed.as_ref().copied());
        }
    }

    fn try_commit(&mut self, tasks: &mut [Box<dyn Task>]) -> Result<(), JournalError> {
        if self.database.is_none() {
            self.reopen()?;
        }
        let database = self.database.as_mut().ok_or(JournalError::Closed)?;
        let limit = self.shared.max_bytes.load(Ordering::Relaxed);
        let bytes = database
            .transact(tasks, limit, &self.keyring)
            .map_err(|trouble| trouble.at(&self.path, "write to"))?;
        self.acknowledged = database.tail;
        self.shared
            .used_bytes
            .store(database.used_bytes, Ordering::Relaxed);
        self.checkpoints.written(bytes);
        Ok(())
    }

    /// After a failed commit: away with the connection, and a new one, so that
    /// nothing half done or cached is built upon.
    fn recover(&mut self, error: &JournalError) {
        tracing::error!(%error, "the journal could not commit; nothing was acknowledged");
        self.database = None;
        // Without room nothing was written; whatever else failed may have been
        // the sync of something that was.
        self.in_doubt |= !matches!(error, JournalError::Full { .. });
        self.shared.failed(error.clone());
        if let Err(error) = self.reopen() {
            tracing::error!(%error, "the journal could not be opened again");
            self.shared.failed(error);
        }
    }

    fn reopen(&mut self) -> Result<(), JournalError> {
        let database = Database::open(&self.path, &self.keyring)?;
        let whole = self
            .acknowledged
            .is_in(&database.connection)
            .map_err(|trouble| trouble.at(&self.path, "read"))?;
        if !whole {
            return Err(JournalError::Corrupt {
                path: self.path.clone(),
                problem: format!(
                    "arrival {} was acknowledged and is not there any more",
                    self.acknowledged.head
                ),
            });
        }
        if self.in_doubt {
            checkpoint::empty_the_log(&database.connection)
                .map_err(|trouble| trouble.at(&self.path, "checkpoint"))?;
            self.in_doubt = false;
        }
        self.acknowledged = database.tail;
        self.database = Some(database);
        Ok(())
    }
}

/// The part of the file's limit that stages may derive beyond it, so that one that is
/// behind catches up in a journal that is full, and what it has seen can be removed.
const RESERVED: u64 = 16;

impl Database {
    fn open(path: &Path, keyring: &Keyring) -> Result<Self, JournalError> {
        let connection = connection::open_writer(path)?;
        let load = || -> Result<_, Trouble> {
            let page_size: i64 =
                connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
            let page_size = from_sql(page_size, "the page size")?;
            Ok((
                Tail::load(&connection)?,
                Names::load(&connection)?,
                keys::take_over(&connection, keyring)?,
                page_size,
                tidy::pages(&connection)?.0 * page_size,
            ))
        };
        let (tail, names, sealing, page_size, used_bytes) =
            load().map_err(|trouble| trouble.at(path, "read"))?;
        Ok(Self {
            connection,
            tail,
            names,
            sealing,
            page_size,
            used_bytes,
        })
    }

    /// One transaction for all tasks, with a limit of the file in bytes (0 for
    /// none). Returns roughly how many bytes it wrote.
    fn transact(
        &mut self,
        tasks: &mut [Box<dyn Task>],
        limit: u64,
        keyring: &Keyring,
    ) -> Result<usize, Trouble> {
        let used = self.used_bytes;
        let room = |limit: u64| match limit {
            0 => u64::MAX,
            limit => limit.saturating_sub(used),
        };
        let connection = &self.connection;
        connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut group = Group {
            connection,
            tail: &mut self.tail,
            names: &mut self.names,
            sealing: &mut self.sealing,
            keyring,
            bytes: 0,
            room: room(limit),
            room_for_derived: room(limit.saturating_add(limit / RESERVED)),
        };
        for task in tasks {
            task.apply(&mut group)?;
        }
        let bytes = group.bytes;
        self.used_bytes = tidy::pages(connection)?.0 * self.page_size;
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(bytes)
    }
}
