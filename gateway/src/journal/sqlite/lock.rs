//! One process per journal.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::{Path, PathBuf},
};

use crate::journal::JournalError;

/// Held while the journal is open to write. The operating system releases it
/// when the process ends, however it ends; the empty file stays.
#[derive(Debug)]
pub(super) struct ProcessLock {
    _file: File,
}

impl ProcessLock {
    /// Takes the lock, or says who stands in the way.
    pub(super) fn take(journal: &Path) -> Result<Self, JournalError> {
        let lock = lock_path(journal);
        let failed = |error: std::io::Error| JournalError::Io {
            doing: "lock",
            path: lock.clone(),
            problem: error.to_string(),
        };
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&lock)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(JournalError::Locked { lock }),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

fn lock_path(journal: &Path) -> PathBuf {
    let mut name = journal.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}
