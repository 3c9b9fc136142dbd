//! What can go wrong with a journal, and what to do about it.

use std::path::PathBuf;

use super::seal::Day;
use crate::record::Seq;

/// Why the journal did not do what it was asked to.
///
/// Clonable, because one failed commit answers everyone who waited for it. The
/// texts name files, positions and destinations, never what a record says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// More is waiting for a commit than the queue may hold. Nothing was stored.
    #[error("the journal's queue is full ({queue} waiting); try again shortly")]
    Busy {
        /// The length of the queue, in requests.
        queue: usize,
    },
    /// The disk, or what the journal may take of it, is full. Nothing was stored.
    #[error(
        "no space left for the journal {path}; free disk space, raise journal.max_bytes or settle what waits, the journal then goes on by itself"
    )]
    Full {
        /// The journal's file.
        path: PathBuf,
    },
    /// A commit does not end. What was asked for may still be stored.
    #[error(
        "a commit of the journal {path} has been taking {taken_s} s; look at its disk, the journal then goes on by itself"
    )]
    Stalled {
        /// The journal's file.
        path: PathBuf,
        /// How long, in seconds.
        taken_s: u64,
    },
    /// Another owner has claimed the destination since.
    #[error(
        "epoch {epoch} of destination {destination} is over, {current} has claimed it since; claim it again"
    )]
    Fenced {
        /// The destination.
        destination: String,
        /// The epoch that the caller gave.
        epoch: u64,
        /// The epoch that is valid.
        current: u64,
    },
    /// No destination of this name has ever claimed.
    #[error("the journal knows no destination {destination}; claim it first")]
    UnknownDestination {
        /// The name asked for.
        destination: String,
    },
    /// The request contradicts what the journal holds. Nothing was stored.
    #[error("refused for {destination}: {problem}")]
    Refused {
        /// The destination, or what else the request was about.
        destination: String,
        /// What does not fit.
        problem: String,
    },
    /// The arrival was corrected since the caller looked. Nothing was stored.
    #[error(
        "arrival {seq} has correction {newest} by now, {expected} was expected; look at it again"
    )]
    Outdated {
        /// The arrival.
        seq: Seq,
        /// The newest correction that the caller saw; 0 for none.
        expected: u32,
        /// The newest correction that there is.
        newest: u32,
    },
    /// Another process holds the journal.
    #[error(
        "the journal is in use by another process (it holds {lock}); stop that one first, or give this one another data_dir"
    )]
    Locked {
        /// The lock file.
        lock: PathBuf,
    },
    /// The file was written by a newer version of this program.
    #[error(
        "the journal {path} has schema version {found}, this program knows versions up to {known}; run the version that wrote it, or a newer one"
    )]
    NewerSchema {
        /// The journal's file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The newest version that this program knows.
        known: u32,
    },
    /// The file was written by an older version of this program, and this one
    /// may only look.
    #[error(
        "the journal {path} has schema version {found}, this program reads version {known}; start the gateway of this version on it once, or use the version that wrote it"
    )]
    OlderSchema {
        /// The journal's file.
        path: PathBuf,
        /// Its schema version.
        found: u32,
        /// The version that this program reads.
        known: u32,
    },
    /// The file is no journal of this program.
    #[error(
        "{path} is not a journal of cdr-gateway (application id {found:#010x}); check journal.path"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// The application id that it bears.
        found: u32,
    },
    /// The file contradicts itself, or what was acknowledged before.
    #[error(
        "the journal {path} is damaged: {problem}; stop the gateway, keep a copy of the file with its -wal, and restore or repair it"
    )]
    Corrupt {
        /// The journal's file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// Reading or writing failed.
    #[error(
        "cannot {doing} the journal {path}: {problem}; check the disk and the file's permissions"
    )]
    Io {
        /// What was being done: a verb such as "open".
        doing: &'static str,
        /// The journal's file.
        path: PathBuf,
        /// The system's words.
        problem: String,
    },
    /// A day key is wrapped by a master key that is not given.
    #[error(
        "the journal's key of {day} is wrapped by master key {master}, which is not given; name it in journal.encryption.master or .previous, or drop that day with the gateway that has it"
    )]
    KeyMissing {
        /// The day.
        day: Day,
        /// The id of the master key.
        master: String,
    },
    /// The journal's threads have ended; the process is stopping.
    #[error("the journal is closed; the gateway is stopping")]
    Closed,
}

impl JournalError {
    /// Whether a sender should be told to try again: the condition passes by
    /// itself or by freeing space, and nothing was stored.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Busy { .. }
                | Self::Full { .. }
                | Self::Stalled { .. }
                | Self::Io { .. }
                | Self::Closed
        )
    }
}
