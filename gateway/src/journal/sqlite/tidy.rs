//! What is left to do once arrivals are removed: old rows of file parts, and
//! pages of the file that are too many to wait for new arrivals.

use jiff::SignedDuration;
use rusqlite::{Connection, params};

use super::{
    group::Group,
    tail::first_id_at,
    trouble::{Trouble, from_sql},
};
use crate::journal::Retention;

/// How long the newest part of a path is remembered after its last record is
/// gone: it holds the next part's number, and a name must not come to mean
/// another file while a receiver may still remember the first.
const NAME_KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many rows of parts go in one step.
const STEP_PARTS: usize = 256;

/// How many pages are given back in one step: 1 MiB.
const STEP_PAGES: u64 = 128;

/// Free pages stay for what arrives next, which costs less than to shrink the
/// file and let it grow again: up to a quarter of the file …
const KEPT_SHARE: u64 = 4;

/// … or this many, 8 MiB.
const KEPT_PAGES: u64 = 1024;

/// A row of `files`.
#[derive(Debug)]
pub(super) struct OldPart {
    destination: i64,
    path: String,
    part: i64,
}

/// Finished parts that are too old to be of use.
pub(super) fn old_parts(
    connection: &Connection,
    retention: Retention,
) -> Result<Vec<OldPart>, Trouble> {
    let cutoff = retention.cutoff();
    let name_cutoff = cutoff.checked_sub(NAME_KEPT).unwrap_or(cutoff);
    let mut statement = connection.prepare_cached(
        "SELECT destination, path, part FROM files AS f
         WHERE finished AND last_id < ?1 AND (last_id < ?2 OR EXISTS
             (SELECT 1 FROM files AS newer WHERE newer.destination = f.destination
              AND newer.path = f.path AND newer.part > f.part))",
    )?;
    let mut rows = statement.query(params![
        first_id_at(cutoff).0.as_bytes(),
        first_id_at(name_cutoff).0.as_bytes()
    ])?;
    let mut found = Vec::new();
    while found.len() < STEP_PARTS {
        let Some(row) = rows.next()? else { break };
        found.push(OldPart {
            destination: row.get(0)?,
            path: row.get(1)?,
            part: row.get(2)?,
        });
    }
    Ok(found)
}

/// Forgets parts. One that has been superseded stays so, and none is begun anew
/// under the same number, so that what was found may be stale.
pub(super) fn forget_parts(group: &mut Group<'_>, parts: &[OldPart]) -> Result<(), Trouble> {
    let mut delete = group.connection.prepare_cached(
        "DELETE FROM files WHERE destination = ?1 AND path = ?2 AND part = ?3 AND finished",
    )?;
    for part in parts {
        delete.execute(params![part.destination, part.path, part.part])?;
    }
    Ok(())
}

/// How many pages of the file are used, and how many are free.
pub(super) fn pages(connection: &Connection) -> Result<(u64, u64), Trouble> {
    let pragma = |name: &str| -> Result<u64, Trouble> {
        let number = connection
            .prepare_cached(&format!("PRAGMA {name}"))?
            .query_row([], |row| row.get(0))?;
        from_sql(number, name)
    };
    let (all, free) = (pragma("page_count")?, pragma("freelist_count")?);
    Ok((all.saturating_sub(free), free))
}

/// How many free pages are to be given back.
pub(super) fn surplus(connection: &Connection) -> Result<u64, Trouble> {
    let (used, free) = pages(connection)?;
    let kept = ((used + free) / KEPT_SHARE).max(KEPT_PAGES);
    Ok(free.saturating_sub(kept))
}

/// Gives some pages back to the file system; it sees them when the log is moved
/// into the file. Returns whether there are more.
pub(super) fn give_back(group: &mut Group<'_>) -> Result<bool, Trouble> {
    let surplus = surplus(group.connection)?;
    let step = surplus.min(STEP_PAGES);
    if step == 0 {
        return Ok(false);
    }
    let mut vacuum = group
        .connection
        .prepare(&format!("PRAGMA incremental_vacuum({step})"))?;
    let mut freed = vacuum.query([])?;
    // One page with each row.
    while freed.next()?.is_some() {}
    group.bytes += usize::try_from(step).unwrap_or(0) * 8192;
    Ok(surplus > step)
}
