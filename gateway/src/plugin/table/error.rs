//! Why a table cannot be loaded.

use std::fmt;

/// A place in the file of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: String,
    /// The row, as people count in that kind of file: `line 7` or `row 7`, from
    /// 1. None where the file as a whole is meant.
    pub row: Option<String>,
    /// The column, or the member of an object.
    pub column: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if let Some(row) = &self.row {
            write!(f, ", {row}")?;
        }
        if let Some(column) = &self.column {
            write!(f, ", column {column:?}")?;
        }
        Ok(())
    }
}

/// Why a table could not be loaded. None of it tells what stands in a row.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something in the file is not what it has to be.
    #[error("{place}: {problem}")]
    Malformed {
        /// Where.
        place: Place,
        /// What is wrong.
        problem: String,
    },
    /// A column that the config names is not there.
    #[error("{path} has no column {column:?}; it has {header}")]
    NoColumn {
        /// The file.
        path: String,
        /// The column asked for.
        column: String,
        /// The columns that there are.
        header: String,
    },
    /// The rows are objects, and the config does not say which member is the key.
    #[error("{path} holds rows with several members; `key` has to name the one that is looked up")]
    KeyNeeded {
        /// The file.
        path: String,
    },
    /// The file maps keys to values, so that no member can be the key.
    #[error("{path} is an object of keys and values, so that `key` names nothing in it")]
    KeyGiven {
        /// The file.
        path: String,
    },
    /// SQLite refuses file or query.
    #[error("{path}: {source}")]
    Sqlite {
        /// The file.
        path: String,
        /// What SQLite said.
        source: rusqlite::Error,
    },
    /// The query would change the database.
    #[error("{path}: the query does not only read")]
    NotReadOnly {
        /// The file.
        path: String,
    },
    /// The table takes more memory than it may.
    #[error("{path} takes more than {max_bytes} bytes of memory")]
    TooLarge {
        /// The file.
        path: String,
        /// The limit.
        max_bytes: u64,
    },
    /// The keys cannot be indexed: a mistake in the gateway.
    #[error("the keys cannot be indexed: {0}")]
    Index(#[from] fst::Error),
}

impl TableError {
    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Read { .. } => "correct the path or the file's permissions",
            Self::Malformed { .. } => {
                "correct the file, in UTF-8; `format` says how it is read if its name does not"
            }
            Self::NoColumn { .. } => "name columns that the file has in `key` and `value`",
            Self::KeyNeeded { .. } => "add `key`",
            Self::KeyGiven { .. } => "remove `key`, or give a list of objects",
            Self::Sqlite { .. } => {
                "correct `sqlite.table` or `sqlite.query`, and see that the gateway may read the database"
            }
            Self::NotReadOnly { .. } => "give a single SELECT",
            Self::TooLarge { .. } => "raise `max_bytes`, or name fewer columns in `value`",
            Self::Index(_) => "this is a mistake in the gateway; please report it",
        }
    }
}
