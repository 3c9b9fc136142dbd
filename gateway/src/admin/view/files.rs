//! Parts of files.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::journal::{FilePart, PartStage};

/// A part of a file.
#[derive(Debug, Serialize, Deserialize)]
pub struct FilePartView {
    /// The destination that writes it.
    pub destination: String,
    /// The file, below the base directory.
    pub path: String,
    /// Its number.
    pub part: u32,
    /// How far it has come.
    pub stage: PartStage,
    /// The base directory, relative to the data directory or absolute.
    pub base_dir: String,
    /// Records in it.
    pub records: u64,
    /// Bytes of them with the header, before compression; while it is sealed (open, or
    /// waiting for an object store), those of the file as it is.
    pub bytes: u64,
    /// When it was begun.
    pub opened: Timestamp,
    /// The first arrival in it.
    pub first_id: String,
    /// The last arrival in it.
    pub last_id: String,
}

impl FilePartView {
    /// A part of a destination.
    pub fn new(destination: &str, part: FilePart) -> Self {
        Self {
            destination: destination.to_owned(),
            path: part.path,
            part: part.part,
            stage: part.stage,
            base_dir: part.base_dir,
            records: part.records,
            bytes: part.length,
            opened: part.opened,
            first_id: part.first.to_string(),
            last_id: part.last.to_string(),
        }
    }
}

/// Which files to finish.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RotateRequest {
    /// Those of this destination only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<String>,
}

/// What came of finishing files.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct RotateView {
    /// How many parts were finished, by destination.
    pub finished: BTreeMap<String, usize>,
    /// Why others were not, by destination; they are tried again.
    pub failed: BTreeMap<String, String>,
}
