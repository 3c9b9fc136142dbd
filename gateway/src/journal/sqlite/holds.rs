//! Holds of destinations.

use rusqlite::{Connection, OptionalExtension, params};

use super::trouble::{Trouble, time};
use crate::journal::{Hold, HoldChange, Reason};

/// The hold of a destination, if it is held.
pub(super) fn load(connection: &Connection, destination: i64) -> Result<Option<Hold>, Trouble> {
    let found: Option<(String, String, i64)> = connection
        .prepare_cached("SELECT kind, because, since_ms FROM holds WHERE destination = ?1")?
        .query_row([destination], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((kind, because, since_ms)) = found else {
        return Ok(None);
    };
    let kind = kind
        .parse()
        .map_err(|_| Trouble::Malformed(format!("a hold is {kind}")))?;
    Ok(Some(Hold {
        kind,
        because: Reason::from(because),
        since: time(since_ms, "a hold's beginning")?,
    }))
}

/// Does what a settlement says.
pub(super) fn change(
    connection: &Connection,
    destination: i64,
    change: &HoldChange,
) -> Result<(), Trouble> {
    match change {
        HoldChange::None => {}
        HoldChange::Begin(hold) => {
            connection
                .prepare_cached(
                    "INSERT OR REPLACE INTO holds (destination, kind, because, since_ms)
                     VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![
                    destination,
                    hold.kind.as_str(),
                    hold.because.as_str(),
                    hold.since.as_millisecond(),
                ])?;
        }
        HoldChange::End => {
            connection
                .prepare_cached("DELETE FROM holds WHERE destination = ?1")?
                .execute([destination])?;
        }
    }
    Ok(())
}
