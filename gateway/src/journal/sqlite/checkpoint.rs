//! Moving the write-ahead log into the main file, beside the writer.

use std::{
    path::Path,
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread,
};

use rusqlite::Connection;

use super::{connection, trouble::Trouble};
use crate::journal::JournalError;

/// A checkpoint for so many written bytes.
const EVERY_BYTES: usize = 4 << 20;

/// The log is cut to nothing once it has so many pages (64 MiB). The writer waits
/// for that, so it comes after a checkpoint that has left little to do.
const TRUNCATE_PAGES: i64 = 8_192;

/// The thread that checkpoints, as the writer sees it.
#[derive(Debug)]
pub(super) struct Checkpoints {
    wake: SyncSender<()>,
    written: usize,
}

impl Checkpoints {
    /// Starts the thread. It ends when this value is dropped.
    pub(super) fn start(path: &Path) -> Result<Self, JournalError> {
        let (wake, woken) = sync_channel(1);
        let path = path.to_owned();
        let thread_path = path.clone();
        thread::Builder::new()
            .name("journal-checkpoint".to_owned())
            .spawn(move || run(&thread_path, &woken))
            .map_err(|error| JournalError::Io {
                doing: "start the checkpoint thread of",
                path,
                problem: error.to_string(),
            })?;
        Ok(Self { wake, written: 0 })
    }

    /// Counts what the writer has written, and wakes the thread when it is due.
    pub(super) fn written(&mut self, bytes: usize) {
        self.written += bytes;
        if self.written >= EVERY_BYTES {
            self.written = 0;
            // A full channel means that the thread is awake or about to be.
            let _ = self.wake.try_send(());
        }
    }
}

fn run(path: &Path, woken: &Receiver<()>) {
    let mut kept = None;
    while woken.recv().is_ok() {
        let done = match kept.take() {
            Some(connection) => Ok(connection),
            None => connection::open_checkpointer(path),
        }
        .and_then(|connection| {
            checkpoint(&connection).map_err(|trouble| trouble.at(path, "checkpoint"))?;
            Ok(connection)
        });
        match done {
            Ok(connection) => kept = Some(connection),
            Err(error) => tracing::warn!(%error, "the journal's log grows until this succeeds"),
        }
    }
}

/// Moves the whole log into the file and cuts it to nothing, so that it holds no
/// trace of what was overwritten. `false` when someone reads too long for that.
pub(super) fn empty_log(path: &Path) -> Result<bool, JournalError> {
    let connection = connection::open_checkpointer(path)?;
    connection
        .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))
        .map(|blocked: i64| blocked == 0)
        .map_err(|error| Trouble::from(error).at(path, "checkpoint"))
}

fn checkpoint(connection: &Connection) -> Result<(), Trouble> {
    let pages: i64 =
        connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
    if pages >= TRUNCATE_PAGES {
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    }
    Ok(())
}

/// Brings all that the log holds into the main file, whose own sync vouches for
/// it. After a failed sync the system takes pages for clean that never reached
/// the disk: what is appended behind them would be lost with them.
pub(super) fn empty_the_log(connection: &Connection) -> Result<(), Trouble> {
    let is_busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if is_busy {
        let busy = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        return Err(rusqlite::Error::SqliteFailure(busy, None).into());
    }
    Ok(())
}
