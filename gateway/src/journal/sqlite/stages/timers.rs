//! When stages want to be called.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::Stage;
use crate::journal::{
    StageTimer,
    sqlite::{
        group::Group,
        trouble::{Trouble, time},
    },
};

const WHEN: &str = "when a timer is due";

/// When a timer is due.
pub(super) fn get(
    connection: &Connection,
    stage: &str,
    key: &str,
) -> Result<Option<Timestamp>, Trouble> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT at_ms FROM stage_timers JOIN stages ON stages.id = stage_timers.stage
             WHERE name = ?1 AND key = ?2",
        )?
        .query_row([stage, key], |row| row.get(0))
        .optional()?;
    found.map(|ms| time(ms, WHEN)).transpose()
}

/// The first few in the order in which they are due.
pub(super) fn first(
    connection: &Connection,
    stage: &str,
    limit: usize,
) -> Result<Vec<StageTimer>, Trouble> {
    let Some(stage) = super::number(connection, stage)? else {
        return Ok(Vec::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT key, at_ms FROM stage_timers WHERE stage = ?1 ORDER BY at_ms, key",
    )?;
    let mut rows = statement.query([stage])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        found.push(StageTimer {
            key: row.get(0)?,
            at: time(row.get(1)?, WHEN)?,
        });
    }
    Ok(found)
}

/// Sets timers, and unsets others.
pub(super) fn change(
    group: &mut Group<'_>,
    stage: &mut Stage,
    changes: &BTreeMap<String, Option<Timestamp>>,
) -> Result<(), Trouble> {
    let connection = group.connection;
    for (key, at) in changes {
        let removed = connection
            .prepare_cached("DELETE FROM stage_timers WHERE stage = ?1 AND key = ?2")?
            .execute(params![stage.id, key])?;
        stage.held.timers = stage.held.timers.saturating_sub(removed as u64);
        if let Some(at) = at {
            connection
                .prepare_cached("INSERT INTO stage_timers (stage, key, at_ms) VALUES (?1, ?2, ?3)")?
                .execute(params![stage.id, key, at.as_millisecond()])?;
            stage.held.timers += 1;
        }
        group.bytes += key.len();
    }
    Ok(())
}
