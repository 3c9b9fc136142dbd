//! The file driver: records in parts of files, which are finished by size, by
//! time and on demand.
//!
//! A part is written as `<stem>.<part>.<ext>.open` and gets its final name
//! `<stem>.<part>.<ext>` (and `.gz` or `.zst`) when it is finished, without ever
//! replacing a file, with a manifest beside it. A reader that leaves `.open` files
//! alone never sees a half-written one.
//!
//! Invariants:
//! - What is in a part up to its committed length is what the journal says is
//!   delivered: lines are written and synced first, then the length is settled
//!   together with the outcomes. After a crash the part is cut back to the
//!   committed length, and what was beyond it is written again.
//! - A part is finished in the directory and in the layout in which it was begun,
//!   whatever the configuration says by then.
//! - Finishing is steps of which each can be the last before a crash: the next
//!   start finds out how far it came, see [`finish`].
//! - Where the journal seals what it keeps, parts that are begun from then on are
//!   sealed as well until they are finished, or in an object store, see [`frames`]
//!   and [`spool`]. The journal knows of each part whether it is, and with the key
//!   of which day.
//! - No path leaves the base directory, not even over a link below it.
//!
//! How it fails: a write that fails settles nothing; the lines wait and the
//! whole destination tries again later, loudly. The journal's lengths tell the
//! next try where to cut. A part that cannot be finished waits for itself.

mod compress;
pub mod csv;
mod directory;
mod finish;
mod frames;
pub mod layout;
mod manifest;
mod name;
mod part;
pub mod place;
mod slot;
mod spool;
pub mod upload;
pub mod writer;

use std::sync::Arc;

use super::template::PathTemplate;

pub use layout::{Compress, Format, Layout};
pub use place::Place;
pub use spool::Spooled;
pub use upload::{Upload, UploadError};
pub use writer::{Done, FileError, Line, Why, Writer};

/// How a file destination writes, as a revision has it.
#[derive(Debug, Clone)]
pub struct FileSettings {
    /// Path of the file, below the base directory.
    pub path: PathTemplate,
    /// Where parts are begun, and how they are written.
    pub place: Arc<Place>,
    /// Bytes after which a part is finished, before compression; those of the open
    /// part as it is, which is some 40 a block longer where it is sealed.
    pub rotate_bytes: u64,
    /// Seconds after which a part is finished, from its first record.
    pub rotate_s: u64,
    /// Files held open at once; the one used longest ago is closed, and opened
    /// again when there is more for it.
    pub max_open: usize,
    /// Parts under way at once; the one begun first is finished early when another
    /// one has to be begun.
    pub max_parts: usize,
    /// The object store that finished parts are brought to, if they do not stay.
    pub upload: Option<Arc<Upload>>,
}
