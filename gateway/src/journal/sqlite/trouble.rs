//! Errors within the engine, before it is known whose file they are about.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::ErrorCode;

use crate::journal::JournalError;

/// Why a piece of work on the database did not succeed.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The work contradicts the journal; nothing was written for it.
    Refused(JournalError),
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// A stored value is none that this program writes.
    Malformed(String),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Trouble {
    /// A refusal in words.
    pub(super) fn refused(about: &str, problem: String) -> Self {
        Self::Refused(JournalError::Refused {
            destination: about.to_owned(),
            problem,
        })
    }

    /// The error to show, for a file and what was being done with it.
    pub(super) fn at(self, path: &Path, doing: &'static str) -> JournalError {
        let path = path.to_owned();
        let error = match self {
            Self::Refused(error) => return error,
            Self::Malformed(problem) => return JournalError::Corrupt { path, problem },
            Self::Sqlite(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => JournalError::Full { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => JournalError::Corrupt {
                path,
                problem: error.to_string(),
            },
            _ => JournalError::Io {
                doing,
                path,
                problem: error.to_string(),
            },
        }
    }
}

/// A position or counter as SQLite keeps it.
pub(super) fn to_sql(number: u64) -> Result<i64, Trouble> {
    i64::try_from(number).map_err(|_| Trouble::Malformed(format!("{number} is beyond 63 bits")))
}

/// A position or counter from SQLite.
pub(super) fn from_sql<T: TryFrom<i64>>(number: i64, what: &str) -> Result<T, Trouble> {
    T::try_from(number).map_err(|_| Trouble::Malformed(format!("{what} is {number}")))
}

/// A time from SQLite.
pub(super) fn time(ms: i64, what: &str) -> Result<Timestamp, Trouble> {
    Timestamp::from_millisecond(ms)
        .map_err(|_| Trouble::Malformed(format!("{what} is {ms}, which is no time")))
}
