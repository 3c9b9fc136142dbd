//! The file driver: one line a record, in parts that are finished by size and
//! time.
//!
//! A part is written as `<stem>.<part>.<ext>.open` and gets its final name
//! `<stem>.<part>.<ext>` when it is finished, without ever replacing a file,
//! with a manifest beside it. A reader that leaves `.open` files alone never
//! sees a half-written one.
//!
//! Invariants:
//! - What is in a part up to its committed length is what the journal says is
//!   delivered: lines are written and synced first, then the length is settled
//!   together with the outcomes. After a crash the part is cut back to the
//!   committed length, and what was beyond it is written again.
//! - No path leaves the base directory.
//!
//! How it fails: a write that fails settles nothing; the lines wait and the
//! whole destination tries again later, loudly. The journal's lengths tell the
//! next try where to cut.

pub mod name;
pub mod part;
pub mod writer;

use std::path::PathBuf;

use super::template::PathTemplate;

pub use writer::{FileError, Finished, Line, Writer};

/// How a file destination writes, as a revision has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSettings {
    /// Path of the file, below the base directory.
    pub path: PathTemplate,
    /// Directory that no file leaves.
    pub base_dir: PathBuf,
    /// Bytes after which a part is finished.
    pub rotate_bytes: u64,
    /// Seconds after which a part is finished, from its first record.
    pub rotate_s: u64,
}
