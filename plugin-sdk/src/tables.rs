//! Lookup tables. The gateway loads and holds them once for all plugins; which
//! ones a plugin may use is granted in its config.

use serde::de::DeserializeOwned;

use crate::backend;

/// The longest key of a table that a looked-up key begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixMatch {
    /// That key.
    pub prefix: String,
    /// Its value.
    pub value: String,
}

/// Why a lookup failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// No table of this name was granted to the plugin.
    #[error("table {0:?} is not granted to this plugin; name it under `tables`")]
    NotGranted(String),
    /// The table's columns are not those that the plugin reads.
    #[error("a row of table {0:?} has not the columns that this plugin reads")]
    Columns(String),
}

/// The value of a key; `None` where the table has no such key. Of a table with
/// several columns it is a JSON object of them.
pub fn lookup(table: &str, key: &str) -> Result<Option<String>, TableError> {
    backend::lookup(table, key)
}

/// The value of the longest key of the table that `key` begins with.
pub fn longest_prefix(table: &str, key: &str) -> Result<Option<PrefixMatch>, TableError> {
    backend::lookup_prefix(table, key)
}

/// The columns of a row that [`lookup`] or [`longest_prefix`] found.
pub fn columns<T: DeserializeOwned>(table: &str, value: &str) -> Result<T, TableError> {
    serde_json::from_str(value).map_err(|_| TableError::Columns(table.to_owned()))
}
