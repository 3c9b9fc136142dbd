//! What stages remember.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::Stage;
use crate::journal::{
    StageValue,
    seal::{Day, Place},
    sqlite::{
        group::Group,
        keyring::Snapshot,
        keys as day_keys,
        trouble::{Trouble, from_sql, time, to_sql},
    },
};

/// How many expired values one step removes at most.
const STEP: i64 = 256;

/// Where the value of a key is sealed to. The key itself is as long as the stage
/// likes.
fn place(stage: i64, key: &str) -> Place {
    let digest = Sha256::digest(key.as_bytes());
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    Place::StageValue(stage, u128::from_be_bytes(half))
}

/// The value of a key, if it has not expired.
pub(super) fn get(
    snapshot: &Snapshot<'_>,
    stage: &str,
    key: &str,
    now: Timestamp,
) -> Result<Option<StageValue>, Trouble> {
    let Some(stage) = super::number(snapshot, stage)? else {
        return Ok(None);
    };
    let found: Option<(Vec<u8>, Option<i64>, Option<i64>)> = snapshot
        .prepare_cached(
            "SELECT value, expires_ms, key_day FROM stage_state WHERE stage = ?1 AND key = ?2
             AND (expires_ms IS NULL OR expires_ms > ?3)",
        )?
        .query_row(params![stage, key, now.as_millisecond()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    let Some((value, expires, day)) = found else {
        return Ok(None);
    };
    let place = place(stage, key);
    let value = snapshot.open(day, place, value)?.unless_dropped(place)?;
    let expires = expires.map(|ms| time(ms, "when a value expires"));
    let expires = expires.transpose()?;
    Ok(value.map(|value| StageValue {
        value: Bytes::from(value),
        expires,
    }))
}

/// Keys that begin with a prefix, and have not expired.
pub(super) fn keys(
    connection: &Connection,
    stage: &str,
    prefix: &str,
    after: Option<&str>,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<String>, Trouble> {
    let Some(stage) = super::number(connection, stage)? else {
        return Ok(Vec::new());
    };
    // Keys are compared by their bytes: those with a prefix follow it at once.
    let mut statement = connection.prepare_cached(
        "SELECT key FROM stage_state WHERE stage = ?1 AND key >= ?2 AND key > ?3
         AND (expires_ms IS NULL OR expires_ms > ?4) ORDER BY key",
    )?;
    let mut rows = statement.query(params![
        stage,
        prefix,
        after.unwrap_or_default(),
        now.as_millisecond()
    ])?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(row) = rows.next()?
    {
        let key: String = row.get(0)?;
        if !key.starts_with(prefix) {
            break;
        }
        found.push(key);
    }
    Ok(found)
}

/// Changes keys, and removes a few that have expired.
pub(super) fn change(
    group: &mut Group<'_>,
    stage: &mut Stage,
    at: Timestamp,
    changes: &BTreeMap<String, Option<StageValue>>,
) -> Result<(), Trouble> {
    for (key, value) in changes {
        remove(group.connection, stage, key)?;
        if let Some(value) = value {
            insert(group, stage, at, key, value)?;
        }
    }
    remove_expired(group.connection, stage, at)
}

fn insert(
    group: &mut Group<'_>,
    stage: &mut Stage,
    at: Timestamp,
    key: &str,
    value: &StageValue,
) -> Result<(), Trouble> {
    let next = group.tail.head.next();
    let day_key = day_keys::for_arrival(group, Day::of(at), next)?;
    let sealed = day_key
        .as_deref()
        .map(|day_key| day_key.seal(place(stage.id, key), &value.value))
        .transpose()?;
    let bytes = key.len() as u64 + value.value.len() as u64;
    group
        .connection
        .prepare_cached(
            "INSERT INTO stage_state (stage, key, value, bytes, expires_ms, key_day)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            stage.id,
            key,
            sealed.as_deref().unwrap_or(&value.value),
            to_sql(bytes)?,
            value.expires.map(Timestamp::as_millisecond),
            day_key.map(|day_key| day_key.day().number()),
        ])?;
    stage.held.state_bytes += bytes;
    stage.held.state_keys += 1;
    group.bytes += key.len() + value.value.len();
    Ok(())
}

fn remove(connection: &Connection, stage: &mut Stage, key: &str) -> Result<(), Trouble> {
    let removed: Option<i64> = connection
        .prepare_cached("DELETE FROM stage_state WHERE stage = ?1 AND key = ?2 RETURNING bytes")?
        .query_row(params![stage.id, key], |row| row.get(0))
        .optional()?;
    if let Some(bytes) = removed {
        uncount(stage, from_sql(bytes, "bytes of a value")?, 1);
    }
    Ok(())
}

fn remove_expired(
    connection: &Connection,
    stage: &mut Stage,
    at: Timestamp,
) -> Result<(), Trouble> {
    let mut statement = connection.prepare_cached(
        "DELETE FROM stage_state WHERE rowid IN (SELECT rowid FROM stage_state
         WHERE stage = ?1 AND expires_ms <= ?2 LIMIT ?3) RETURNING bytes",
    )?;
    let mut rows = statement.query(params![stage.id, at.as_millisecond(), STEP])?;
    while let Some(row) = rows.next()? {
        uncount(stage, from_sql(row.get(0)?, "bytes of a value")?, 1);
    }
    Ok(())
}

fn uncount(stage: &mut Stage, bytes: u64, keys: u64) {
    stage.held.state_bytes = stage.held.state_bytes.saturating_sub(bytes);
    stage.held.state_keys = stage.held.state_keys.saturating_sub(keys);
}

/// Whether values are sealed with the key of a day.
pub(in crate::journal::sqlite) fn is_sealed_with(
    connection: &Connection,
    day: Day,
) -> Result<bool, Trouble> {
    let found: Option<i64> = connection
        .prepare_cached("SELECT 1 FROM stage_state WHERE key_day = ?1 LIMIT 1")?
        .query_row([day.number()], |row| row.get(0))
        .optional()?;
    Ok(found.is_some())
}

/// Forgets the values that are sealed with the key of a day.
pub(in crate::journal::sqlite) fn forget_sealed(
    connection: &Connection,
    day: Day,
) -> Result<(), Trouble> {
    for mut stage in Stage::load_all(connection)? {
        let mut statement = connection.prepare_cached(
            "DELETE FROM stage_state WHERE stage = ?1 AND key_day = ?2 RETURNING bytes",
        )?;
        let mut rows = statement.query(params![stage.id, day.number()])?;
        let mut forgot = false;
        while let Some(row) = rows.next()? {
            uncount(&mut stage, from_sql(row.get(0)?, "bytes of a value")?, 1);
            forgot = true;
        }
        drop(rows);
        if forgot {
            // What its owner is about to keep may be made of what is forgotten.
            stage.epoch += 1;
            stage.store(connection)?;
        }
    }
    Ok(())
}
