//! Lookup tables.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{config::model, plugin::Table};

/// A lookup table of the revision that runs.
#[derive(Debug, Serialize, Deserialize)]
pub struct TableView {
    /// Its name.
    pub table: String,
    /// Its file, or the builtin.
    pub file: String,
    /// Number of keys.
    pub keys: usize,
    /// Rows that do not count, since a later one repeats their key.
    pub repeated: u64,
    /// Memory that it takes.
    pub bytes: u64,
    /// Memory that it may take.
    pub max_bytes: u64,
    /// SHA-256 over keys and values: its version.
    pub digest: String,
    /// When that version was loaded.
    pub loaded: Timestamp,
    /// Time between looks at the file; 0 where only a reload does.
    pub refresh_s: u64,
    /// Why what the file holds now is not used, where it is not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<String>,
}

impl TableView {
    /// A table as it stands.
    #[must_use]
    pub fn new(
        name: &str,
        settings: &model::Table,
        table: &Table,
        refused: Option<String>,
    ) -> Self {
        Self {
            table: name.to_owned(),
            file: settings.file.clone(),
            keys: table.len(),
            repeated: table.repeated(),
            bytes: table.bytes(),
            max_bytes: table.max_bytes(),
            digest: table.digest().to_owned(),
            loaded: table.loaded(),
            refresh_s: settings.refresh_s,
            refused,
        }
    }
}
