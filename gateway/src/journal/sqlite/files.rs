//! Parts of the files that destinations write.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::{
    destination::Destination,
    keys,
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{FilePart, PartStage, seal::Day},
    record::ArrivalId,
};

const FILE_COLUMNS: &str = "path, part, length, records, first_id, last_id, opened_ms, finished, base_dir, layout, waiting, key_day";

/// Keeps how a file part stands.
///
/// # Errors
/// Refused when the part is sealed with a key that was dropped.
pub(super) fn note_file(
    connection: &Connection,
    destination: i64,
    file: &FilePart,
) -> Result<(), Trouble> {
    if let Some(day) = file.key_day
        && !keys::is_kept(connection, day)?
    {
        let problem = format!("the key of {day}, which seals a part, was dropped");
        return Err(Trouble::refused("the journal", problem));
    }
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO files (destination, path, part, length, records, first_id,
             last_id, opened_ms, finished, base_dir, layout, waiting, key_day)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
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
            file.key_day.map(Day::number),
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

/// How many parts are sealed with the key of a day, by destination.
pub(super) fn sealed_with(
    connection: &Connection,
    day: Day,
) -> Result<BTreeMap<i64, u64>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT destination, count(*) FROM files WHERE key_day = ?1 GROUP BY destination",
    )?;
    let mut rows = statement.query([day.number()])?;
    let mut sealed = BTreeMap::new();
    while let Some(row) = rows.next()? {
        sealed.insert(row.get(0)?, from_sql(row.get(1)?, "a count of parts")?);
    }
    Ok(sealed)
}

/// Gives up the parts of a destination that are sealed with the key of a day.
pub(super) fn give_up(
    connection: &Connection,
    destination: &Destination,
    day: Day,
) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "UPDATE files SET finished = 1, waiting = 0, key_day = NULL
             WHERE destination = ?1 AND key_day = ?2",
        )?
        .execute(params![destination.id, day.number()])?;
    Ok(())
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
        key_day: row.get::<_, Option<i64>>(11)?.map(keys::day).transpose()?,
        stage: match (row.get(7)?, row.get(10)?) {
            (true, _) => PartStage::Finished,
            (false, true) => PartStage::Waiting,
            (false, false) => PartStage::Open,
        },
    })
}
