//! What a file looks like from outside, to see that it changed without reading it.

use std::{
    fs::{self, Metadata},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Time after which what is written to a file is sure to show in its times, on
/// any file system.
const SETTLED: Duration = Duration::from_secs(2);

/// What the file of a table, and the log beside it where it is a database, look
/// like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Stamp {
    file: Option<Facts>,
    /// Of SQLite: what was committed may stand there alone.
    log: Option<Facts>,
    /// Changed so lately that a further change might not show.
    is_fresh: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Facts {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    /// Of the inode: also where someone set the time of modification.
    changed: (i64, i64),
}

impl Facts {
    fn of(path: &Path) -> Option<(Self, bool)> {
        let metadata = fs::metadata(path).ok()?;
        let facts = Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            length: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        };
        Some((facts, is_fresh(&metadata)))
    }
}

/// Whether the inode changed within the last moments, or in the future.
fn is_fresh(metadata: &Metadata) -> bool {
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
    !changed.elapsed().is_ok_and(|since| since > SETTLED)
}

impl Stamp {
    /// As a file looks now.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        let file = Facts::of(path);
        // An empty log is one that reading left behind.
        let log = Facts::of(&log_of(path)).filter(|(facts, _)| facts.length > 0);
        let is_fresh = [&file, &log].into_iter().flatten().any(|(_, fresh)| *fresh);
        Self {
            file: file.map(|(facts, _)| facts),
            log: log.map(|(facts, _)| facts),
            is_fresh,
        }
    }

    /// Of what is no file.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether the files are sure to be what they were.
    #[must_use]
    pub fn holds(&self, now: &Self) -> bool {
        !self.is_fresh && self.looks_like(now)
    }

    /// Whether they look as they did.
    #[must_use]
    pub fn looks_like(&self, now: &Self) -> bool {
        (&self.file, &self.log) == (&now.file, &now.log)
    }
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}
