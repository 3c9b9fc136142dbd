//! What a table is loaded from: a file of one of four formats, compressed with
//! gzip or zstd or not.

mod csv;
mod json;
mod ndjson;
mod object;
mod open;
mod sqlite;

use std::path::Path;

use super::{TableError, build::Builder};
use crate::config::model::{self, TableFormat};

/// Reads every row of a file.
pub(super) fn read(
    path: &Path,
    settings: &model::Table,
    builder: &mut Builder,
) -> Result<(), TableError> {
    let (key, values) = (settings.key.as_deref(), settings.value.as_slice());
    match settings.format() {
        TableFormat::Csv => csv::read(open::file(path, builder)?, key, values, builder),
        TableFormat::Json => json::read(open::file(path, builder)?, key, values, builder),
        TableFormat::Ndjson => ndjson::read(open::file(path, builder)?, key, values, builder),
        TableFormat::Sqlite => sqlite::read(path, settings, builder),
    }
}

/// Reads every row of CSV in memory.
pub(super) fn read_csv(
    bytes: &[u8],
    key: Option<&str>,
    values: &[String],
    builder: &mut Builder,
) -> Result<(), TableError> {
    csv::read(open::plain(bytes, builder)?, key, values, builder)
}
