//! Parts of the files that destinations write.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::trouble::{Trouble, from_sql, time, to_sql};
use crate::{
    journal::{FilePart, PartStage},
    record::ArrivalId,
};

const FILE_COLUMNS: &str = "path, part, length, records, first_id, last_id, opened_ms, finished, base_dir, layout, waiting";

/// Keeps how a file part stands.
pub(super) fn note_file(
    connection: &Connection,
    destination: i64,
    file: &FilePart,
) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO files (destination, path, part, length, records, first_id,
             last_id, opened_ms, finished, base_dir, layout, waiting)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            destination,
            file.path,
            file.part,
            to_sql(file.length)?,
            to_sql(file.records)?,
            file.first.0.as_bytes(),
            file.last.0.as_bytes(),
            file.opened.as_millisecond(),
            file.stage == PartStage::Finished,
            file.base_dir,
            file.layout,
            file.stage == PartStage::Waiting,
        ])?;
    Ok(())
}

/// The parts that are being written, or wait to be brought to their place.
pub(super) fn not_finished(
    connection: &Connection,
    destination: i64,
) -> Result<Vec<FilePart>, Trouble> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {FILE_COLUMNS} FROM files WHERE destination = ?1 AND NOT finished
         ORDER BY path, part"
    ))?;
    let mut rows = statement.query(params![destination])?;
    let mut files = Vec::new();
    while let Some(row) = rows.next()? {
        files.push(file_part(row)?);
    }
    Ok(files)
}

/// The newest part of a file.
pub(super) fn last_part(
    connection: &Connection,
    destination: &str,
    path: &str,
) -> Result<Option<FilePart>, Trouble> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {FILE_COLUMNS} FROM files
         WHERE destination = (SELECT id FROM destinations WHERE name = ?1) AND path = ?2
         ORDER BY part DESC LIMIT 1"
    ))?;
    let mut rows = statement.query([destination, path])?;
    rows.next()?.map(file_part).transpose()
}

/// Parts of a destination, those opened last first.
pub(super) fn parts(
    connection: &Connection,
    destination: &str,
    stage: Option<PartStage>,
    limit: usize,
) -> Result<Vec<FilePart>, Trouble> {
    let which = match stage {
        None => "",
        Some(PartStage::Open) => "AND NOT finished AND NOT waiting",
        Some(PartStage::Waiting) => "AND NOT finished AND waiting",
        Some(PartStage::Finished) => "AND finished",
    };
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {FILE_COLUMNS} FROM files
         WHERE destination = (SELECT id FROM destinations WHERE name = ?1) {which}
         ORDER BY opened_ms DESC, path, part DESC LIMIT ?2"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![destination, limit])?;
    let mut parts = Vec::new();
    while let Some(row) = rows.next()? {
        parts.push(file_part(row)?);
    }
    Ok(parts)
}

/// A file part from a row of [`FILE_COLUMNS`].
fn file_part(row: &Row<'_>) -> Result<FilePart, Trouble> {
    Ok(FilePart {
        path: row.get(0)?,
        part: from_sql(row.get(1)?, "a part's number")?,
        length: from_sql(row.get(2)?, "a part's length")?,
        records: from_sql(row.get(3)?, "a part's records")?,
        first: ArrivalId(Uuid::from_bytes(row.get(4)?)),
        last: ArrivalId(Uuid::from_bytes(row.get(5)?)),
        opened: time(row.get(6)?, "a part's opening")?,
        base_dir: row.get(8)?,
        layout: row.get(9)?,
        stage: match (row.get(7)?, row.get(10)?) {
            (true, _) => PartStage::Finished,
            (false, true) => PartStage::Waiting,
            (false, false) => PartStage::Open,
        },
    })
}
