//! Replays: started, handed out in portions, ended.
//!
//! Only here does a delivery that is finished change again. What it was before is
//! folded from its outcomes, never taken from the caller, and it becomes an
//! exception like any other; the books move with it.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    destination::Destination,
    exceptions, fold,
    group::Group,
    numbers,
    reopen::{Reopened, reopen},
    settle::owned,
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{
        Exception, Meant, NewReplay, Parking, Payload, Portion, Reason, Replay, ReplayState, Share,
        State, reason::REPLAY,
    },
    record::Seq,
};

/// Ended replays that are remembered.
const REMEMBERED: i64 = 200;

/// Starts a replay, and returns its number.
pub(super) fn start(group: &mut Group<'_>, new: &NewReplay) -> Result<u64, Trouble> {
    let connection = group.connection;
    forget_old(connection)?;
    let states: Vec<_> = new
        .meant
        .states
        .iter()
        .map(|state| state.as_str())
        .collect();
    connection.execute(
        "INSERT INTO replays (started_ms, state, first_seq, last_seq, states, expression, fresh_ids)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![
            new.at.as_millisecond(),
            ReplayState::Running.as_str(),
            to_sql(new.meant.first.0)?,
            to_sql(new.meant.last.0)?,
            serde_json::Value::from(states).to_string(),
            new.meant.when,
            new.meant.fresh_ids,
        ],
    )?;
    let id = connection.last_insert_rowid();
    for (name, counted) in &new.counted {
        let destination = Destination::load(connection, name)?.ok_or_else(|| {
            Trouble::refused(name, "no destination of this name ever claimed".to_owned())
        })?;
        connection.execute(
            "INSERT INTO replay_shares
             (replay, destination, counted, portion_after, position, reopened, left_alone)
             VALUES (?1, ?2, ?3, ?4, ?4, 0, 0)",
            params![
                id,
                destination.id,
                to_sql(*counted)?,
                to_sql(new.meant.first.0.saturating_sub(1))?
            ],
        )?;
    }
    from_sql(id, "a replay")
}

/// Replays are few, but people make them for years.
fn forget_old(connection: &Connection) -> Result<(), Trouble> {
    connection.execute(
        "DELETE FROM replays WHERE ended_ms IS NOT NULL AND id NOT IN
         (SELECT id FROM replays WHERE ended_ms IS NOT NULL ORDER BY id DESC LIMIT ?1)",
        [REMEMBERED],
    )?;
    connection.execute(
        "DELETE FROM replay_shares WHERE replay NOT IN (SELECT id FROM replays)",
        [],
    )?;
    Ok(())
}

/// Ends a replay that runs. `false` where it does not.
pub(super) fn end(
    group: &mut Group<'_>,
    id: u64,
    state: ReplayState,
    at: Timestamp,
) -> Result<bool, Trouble> {
    let changed = group.connection.execute(
        "UPDATE replays SET state = ?2, ended_ms = ?3 WHERE id = ?1 AND ended_ms IS NULL",
        params![to_sql(id)?, state.as_str(), at.as_millisecond()],
    )?;
    Ok(changed > 0)
}

/// Replays in one state, or all that are remembered, oldest first.
pub(super) fn list(
    connection: &Connection,
    state: Option<ReplayState>,
) -> Result<Vec<Replay>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT id, started_ms, ended_ms, state, first_seq, last_seq, states, expression, fresh_ids
         FROM replays WHERE ?1 IS NULL OR state = ?1 ORDER BY id",
    )?;
    let mut rows = statement.query([state.map(ReplayState::as_str)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let id: i64 = row.get(0)?;
        let malformed = |what: &str| Trouble::Malformed(format!("replay {id} has unknown {what}"));
        let ended: Option<i64> = row.get(2)?;
        let (state, states): (String, String) = (row.get(3)?, row.get(6)?);
        let states: Vec<String> = serde_json::from_str(&states).map_err(|_| malformed("states"))?;
        let states = states.iter().map(|state| state.parse::<State>());
        found.push(Replay {
            id: from_sql(id, "a replay")?,
            started: time(row.get(1)?, "a replay's start")?,
            ended: ended.map(|ms| time(ms, "a replay's end")).transpose()?,
            state: ReplayState::from_name(&state).ok_or_else(|| malformed("state"))?,
            meant: Meant {
                first: Seq(from_sql(row.get(4)?, "a seq")?),
                last: Seq(from_sql(row.get(5)?, "a seq")?),
                states: states
                    .collect::<Result<_, _>>()
                    .map_err(|_| malformed("states"))?,
                when: row.get(7)?,
                fresh_ids: row.get(8)?,
            },
            shares: shares(connection, id)?,
        });
    }
    Ok(found)
}

fn shares(connection: &Connection, replay: i64) -> Result<Vec<Share>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT d.name, s.counted, s.portion_after, s.position, s.reopened, s.left_alone
         FROM replay_shares AS s JOIN destinations AS d ON d.id = s.destination
         WHERE s.replay = ?1 ORDER BY d.name",
    )?;
    let mut rows = statement.query([replay])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Share {
            destination: row.get(0)?,
            counted: from_sql(row.get(1)?, "a count")?,
            portion_after: Seq(from_sql(row.get(2)?, "a seq")?),
            position: Seq(from_sql(row.get(3)?, "a seq")?),
            reopened: from_sql(row.get(4)?, "a count")?,
            left_alone: from_sql(row.get(5)?, "a count")?,
        });
    }
    Ok(found)
}

/// How many deliveries after a position, and up to another, were reopened by a
/// replay and not tried since.
pub(super) fn waiting(
    connection: &Connection,
    destination: &str,
    after: Seq,
    through: Seq,
) -> Result<u64, Trouble> {
    let count = connection
        .prepare_cached(
            "SELECT count(*) FROM exceptions
             WHERE destination = (SELECT id FROM destinations WHERE name = ?1)
             AND seq > ?2 AND seq <= ?3
             AND reason = (SELECT id FROM reasons WHERE text = ?4)",
        )?
        .query_row(
            params![destination, to_sql(after.0)?, to_sql(through.0)?, REPLAY],
            |row| row.get(0),
        )?;
    from_sql(count, "a count")
}

/// Reopens a portion. Returns how many deliveries; nothing of a replay that has
/// ended, or of a portion that was handed out before.
pub(super) fn hand_out(
    group: &mut Group<'_>,
    name: &str,
    epoch: u64,
    portion: &Portion,
) -> Result<u64, Trouble> {
    let mut destination = owned(group.connection, name, epoch)?;
    let Some((position, fresh_ids)) = running(group.connection, portion.replay, destination.id)?
    else {
        return Ok(0);
    };
    if portion.through <= position {
        return Ok(0);
    }
    let reopened = standing(group, &destination, portion, fresh_ids)?;
    reopen(group, &mut destination, portion.at, &reopened)?;
    destination.store(group.connection)?;
    let left_alone = portion.chosen.len().saturating_sub(reopened.len());
    let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
    group
        .connection
        .prepare_cached(
            "UPDATE replay_shares SET portion_after = position, position = ?3,
             reopened = reopened + ?4, left_alone = left_alone + ?5
             WHERE replay = ?1 AND destination = ?2",
        )?
        .execute(params![
            to_sql(portion.replay)?,
            destination.id,
            to_sql(portion.through.0)?,
            count(reopened.len()),
            count(left_alone),
        ])?;
    Ok(u64::try_from(reopened.len()).unwrap_or(u64::MAX))
}

/// How far a replay that runs is at a destination, and whether it wants fresh
/// ids.
fn running(
    connection: &Connection,
    replay: u64,
    destination: i64,
) -> Result<Option<(Seq, bool)>, Trouble> {
    let found: Option<(i64, bool)> = connection
        .prepare_cached(
            "SELECT s.position, r.fresh_ids FROM replay_shares AS s
             JOIN replays AS r ON r.id = s.replay
             WHERE s.replay = ?1 AND s.destination = ?2 AND r.ended_ms IS NULL",
        )?
        .query_row(params![to_sql(replay)?, destination], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    found
        .map(|(position, fresh)| Ok((Seq(from_sql(position, "a seq")?), fresh)))
        .transpose()
}

/// What is chosen, as far as it stands as it did then and is kept.
fn standing(
    group: &Group<'_>,
    destination: &Destination,
    portion: &Portion,
    fresh_ids: bool,
) -> Result<Vec<Reopened>, Trouble> {
    let connection = group.connection;
    let (Some(&(first, _)), Some(&(last, _))) = (portion.chosen.first(), portion.chosen.last())
    else {
        return Ok(Vec::new());
    };
    if last.0.saturating_sub(first.0) >= Portion::MAX_SPAN {
        let problem = format!("a portion from {first} to {last} is too wide");
        return Err(Trouble::refused(&destination.name, problem));
    }
    let folded = fold::window(connection, destination.id, first.0, last.0)?;
    let mut reopened = Vec::with_capacity(portion.chosen.len());
    for &(seq, state) in &portion.chosen {
        let step = usize::try_from(seq.0.saturating_sub(first.0))
            .ok()
            .and_then(|at| folded.get(at).copied().flatten())
            .map(|last| last.step);
        let Some(step) = step.filter(|step| step.state == state) else {
            continue;
        };
        let kept = exceptions::get(connection, &destination.name, seq)?;
        if kept.is_none() && !state.is_final() || !is_kept(connection, seq)? {
            continue;
        }
        let number = numbers::reopened(connection, destination.id, seq, &step, fresh_ids)?;
        if let Some(number) = number {
            numbers::note(connection, destination.id, &number)?;
        }
        reopened.push(Reopened {
            before: state,
            parking: due(connection, destination, seq, kept, portion)?,
        });
    }
    Ok(reopened)
}

/// Whether an arrival is there and can be read.
fn is_kept(connection: &Connection, seq: Seq) -> Result<bool, Trouble> {
    let kept: Option<i64> = connection
        .prepare_cached(
            "SELECT 1 FROM arrival_index AS i LEFT JOIN day_keys AS k ON k.day = i.key_day
             WHERE i.seq = ?1 AND (i.key_day IS NULL OR k.wrapped IS NOT NULL)",
        )?
        .query_row([to_sql(seq.0)?], |row| row.get(0))
        .optional()?;
    Ok(kept.is_some())
}

/// The delivery as an exception that is due at once, on a new budget and schedule.
/// Its attempts are counted on.
fn due(
    connection: &Connection,
    destination: &Destination,
    seq: Seq,
    kept: Option<Exception>,
    portion: &Portion,
) -> Result<Parking, Trouble> {
    let attempts = match &kept {
        Some(kept) => kept.attempts,
        None => last_attempt(connection, destination.id, seq)?,
    };
    Ok(Parking {
        exception: Exception {
            seq,
            state: State::Retrying,
            reason: Reason::from(REPLAY),
            detail: String::new(),
            attempts,
            first_failed: portion.at,
            next_attempt: Some(portion.at),
            not_before: None,
            splits: attempts,
            batch: None,
            revision: portion.revision,
            correction: kept.map_or(0, |kept| kept.correction),
        },
        payload: Payload::Supersede,
    })
}

/// The number of the last recorded attempt; 0 where there is none.
pub(super) fn last_attempt(
    connection: &Connection,
    destination: i64,
    seq: Seq,
) -> Result<u32, Trouble> {
    let number: i64 = connection
        .prepare_cached(
            "SELECT coalesce(max(number), 0) FROM attempts WHERE destination = ?1 AND seq = ?2",
        )?
        .query_row(params![destination, to_sql(seq.0)?], |row| row.get(0))?;
    from_sql(number, "an attempt's number")
}
