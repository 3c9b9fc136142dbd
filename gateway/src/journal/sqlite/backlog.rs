//! What waits for a destination, without a look at each delivery.
//!
//! `arrival_index.bytes_through` is the sum of all bodies up to an arrival, so
//! that the bytes of a run of positions are a difference. What is pending is such
//! runs, one behind the cursor and one behind each run that has passed ahead of
//! it; both ends of each are kept, since they are pending. What is retrying is
//! summed up when it changes its state, in `destinations.retrying_bytes`. Where a
//! body is weighed by itself, sealing adds its few dozen bytes.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    arrivals,
    destination::Destination,
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{Backlog, State, Waiting, reason::REPLAY},
    record::Seq,
};

/// What waits for a destination; `None` when it is not known.
pub(super) fn backlog(connection: &Connection, name: &str) -> Result<Option<Backlog>, Trouble> {
    let Some(destination) = Destination::load(connection, name)? else {
        return Ok(None);
    };
    let head = arrivals::newest(connection)?;
    let mut bytes = destination.retrying_bytes;
    let pending = destination.pending(head);
    for run in &pending {
        bytes += bytes_of(connection, run)?;
    }
    let counts = destination.ledger(head).counts;
    let first = waiting_in(connection, &destination, pending, None, 1)?;
    Ok(Some(Backlog {
        deliveries: counts.pending + counts.retrying,
        bytes,
        oldest: first.first().map(|oldest| oldest.received),
    }))
}

/// The first deliveries that wait for a destination, in order of arrival, and with
/// them all that replays reopened.
pub(super) fn waiting(
    connection: &Connection,
    name: &str,
    limit: usize,
) -> Result<Vec<Waiting>, Trouble> {
    let Some(destination) = Destination::load(connection, name)? else {
        return Ok(Vec::new());
    };
    let pending = destination.pending(arrivals::newest(connection)?);
    let mut found = waiting_in(connection, &destination, pending, Some(false), limit)?;
    found.extend(retrying(
        connection,
        destination.id,
        Some(true),
        usize::MAX,
    )?);
    found.sort_unstable_by_key(|one| one.seq);
    Ok(found)
}

fn waiting_in(
    connection: &Connection,
    destination: &Destination,
    pending: Vec<RangeInclusive<u64>>,
    replayed: Option<bool>,
    limit: usize,
) -> Result<Vec<Waiting>, Trouble> {
    let mut found = retrying(connection, destination.id, replayed, limit)?;
    let most = found.len() + limit;
    for run in pending {
        if found.len() >= most {
            break;
        }
        let left = most - found.len();
        found.extend(arrived(connection, &run, left)?);
    }
    found.sort_unstable_by_key(|one| one.seq);
    found.truncate(limit);
    Ok(found)
}

/// The first that are retrying: all, only those that replays reopened, or only the
/// others.
fn retrying(
    connection: &Connection,
    destination: i64,
    replayed: Option<bool>,
    limit: usize,
) -> Result<Vec<Waiting>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT i.seq, i.received_ms, length(a.body),
                e.reason IS (SELECT id FROM reasons WHERE text = ?3) AS is_replayed
         FROM exceptions AS e JOIN arrival_index AS i USING (seq) JOIN arrivals AS a USING (seq)
         WHERE e.destination = ?1 AND e.state = ?2 AND coalesce(is_replayed = ?4, TRUE)
         ORDER BY e.seq LIMIT ?5",
    )?;
    let mut rows = statement.query(params![
        destination,
        State::Retrying.code(),
        REPLAY,
        replayed,
        i64::try_from(limit).unwrap_or(i64::MAX)
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(one(row, State::Retrying)?);
    }
    Ok(found)
}

fn arrived(
    connection: &Connection,
    run: &RangeInclusive<u64>,
    limit: usize,
) -> Result<Vec<Waiting>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT i.seq, i.received_ms, length(a.body), FALSE
         FROM arrival_index AS i JOIN arrivals AS a USING (seq)
         WHERE i.seq BETWEEN ?1 AND ?2 ORDER BY i.seq LIMIT ?3",
    )?;
    let mut rows = statement.query(params![
        to_sql(*run.start())?,
        to_sql(*run.end())?,
        i64::try_from(limit).unwrap_or(i64::MAX)
    ])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(one(row, State::Pending)?);
    }
    Ok(found)
}

fn one(row: &Row<'_>, state: State) -> Result<Waiting, Trouble> {
    Ok(Waiting {
        seq: Seq(from_sql(row.get(0)?, "a seq")?),
        state,
        received: time(row.get(1)?, "a time of receipt")?,
        bytes: from_sql(row.get(2)?, "the size of a body")?,
        is_replayed: row.get(3)?,
    })
}

/// The bytes of the bodies of a run of positions whose ends are kept.
fn bytes_of(connection: &Connection, run: &RangeInclusive<u64>) -> Result<u64, Trouble> {
    let through = |seq: u64| -> Result<u64, Trouble> {
        let bytes: i64 = connection
            .prepare_cached("SELECT bytes_through FROM arrival_index WHERE seq = ?1")?
            .query_row([to_sql(seq)?], |row| row.get(0))?;
        from_sql(bytes, "bytes received")
    };
    let between = through(*run.end())?.saturating_sub(through(*run.start())?);
    Ok(between + size_of(connection, Seq(*run.start()))?)
}

/// Keeps the bytes of what is retrying summed up, when a delivery changes its
/// state.
pub(super) fn weigh(
    connection: &Connection,
    destination: &mut Destination,
    seq: Seq,
    before: Option<State>,
    after: State,
) -> Result<(), Trouble> {
    let was = before == Some(State::Retrying);
    let is = after == State::Retrying;
    if was != is {
        let size = size_of(connection, seq)?;
        let bytes = &mut destination.retrying_bytes;
        *bytes = if is {
            *bytes + size
        } else {
            bytes.saturating_sub(size)
        };
    }
    Ok(())
}

/// The size of an arrival's body in bytes; 0 where it is not kept.
fn size_of(connection: &Connection, seq: Seq) -> Result<u64, Trouble> {
    let size: Option<i64> = connection
        .prepare_cached("SELECT length(body) FROM arrivals WHERE seq = ?1")?
        .query_row([to_sql(seq.0)?], |row| row.get(0))
        .optional()?;
    from_sql(size.unwrap_or(0), "the size of a body")
}
