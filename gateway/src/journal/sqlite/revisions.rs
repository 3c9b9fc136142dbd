//! Numbering configuration revisions.

use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};

use super::{
    group::Group,
    trouble::{Trouble, from_sql},
};

/// The number of a revision: the newest one's when the digest is the same, else
/// the next.
pub(super) fn register(group: &mut Group<'_>, digest: &str, summary: &str) -> Result<u32, Trouble> {
    let newest: Option<(i64, String)> = group
        .connection
        .query_row(
            "SELECT number, digest FROM revisions ORDER BY number DESC LIMIT 1",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?;
    let next = match newest {
        Some((number, known)) if known == digest => return from_sql(number, "a revision"),
        Some((number, _)) => from_sql(number + 1, "a revision")?,
        None => 1,
    };
    group.connection.execute(
        "INSERT INTO revisions (number, digest, registered_ms, summary) VALUES (?1, ?2, ?3, ?4)",
        params![next, digest, Timestamp::now().as_millisecond(), summary],
    )?;
    Ok(next)
}
