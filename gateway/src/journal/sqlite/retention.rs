//! Removing arrivals that are old and settled everywhere, a few at a time.
//!
//! An arrival goes whole: its rows, its corrections, its attempts, and its entries in the outcomes
//! of every destination whose range holds it. There it stays counted, in
//! `destinations.removed_…` and, by hour and reason, in `removed_deliveries`. So an arrival is either kept, with an outcome
//! wherever it has passed, or gone, without any; a recount adds the two.
//!
//! One that some destination still needs (pending, or an exception), or that a stage
//! has not seen, is passed
//! over and looked at again the next time. The newest arrival always stays: it
//! holds the next position and id.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, params};

use super::{
    arrivals,
    destination::Destination,
    fold,
    group::Group,
    hourly, stages,
    trouble::{Trouble, from_sql, to_sql},
};
use crate::{
    journal::{
        Removal, Retention, SeqSet, State,
        packed::{self, MAX_SPAN},
    },
    record::Seq,
};

/// How many arrivals one step looks at, and removes at most: some five
/// milliseconds of the writer's time (measured without optimisation, one
/// destination).
const STEP: usize = 256;

/// What a removed arrival frees in the log's account, in bytes: index, outcomes
/// and the pages that link its body.
const OVERHEAD: usize = 400;

/// What may go among the next arrivals after a position.
#[derive(Debug)]
pub(super) struct Found {
    /// The arrivals that may go, all within [`MAX_SPAN`] positions.
    pub positions: SeqSet,
    /// Where to go on; `None` when nothing beyond is old enough, or something
    /// beyond keeps everything else.
    pub next: Option<Seq>,
}

/// The greatest position that was ever removed.
pub(super) fn removed_through(connection: &Connection) -> Result<Seq, Trouble> {
    let seq = connection
        .prepare_cached("SELECT removed_through FROM retention")?
        .query_row([], |row| row.get(0))?;
    Ok(Seq(from_sql(seq, "what was removed")?))
}

/// Looks through the next arrivals after a position.
pub(super) fn find(
    connection: &Connection,
    after: Seq,
    retention: Retention,
) -> Result<Found, Trouble> {
    let head = arrivals::newest(connection)?;
    let (mut old, mut next) = aged(connection, after, head, retention)?;
    for destination in Destination::load_all(connection)? {
        keep_needed(connection, &destination, head, &mut old)?;
        next = next.and_then(|next| beyond_backlog(&destination, next));
    }
    for stage in stages::Stage::load_all(connection)? {
        old.retain(|seq| stage.is_done_with(*seq));
        next = next.and_then(|next| stage.beyond_backlog(next));
    }
    if let Some(&first) = old.first()
        && old.last().is_some_and(|last| last - first >= MAX_SPAN)
    {
        old.split_off(&(first + MAX_SPAN));
        next = old.last().copied().map(Seq);
    }
    Ok(Found {
        positions: old.into_iter().map(Seq).collect(),
        next,
    })
}

/// The arrivals after a position that are old enough, and where to go on. The
/// first young one ends the search; one that is younger than the present was
/// received while the clock was wrong, and does not.
fn aged(
    connection: &Connection,
    after: Seq,
    head: Seq,
    retention: Retention,
) -> Result<(BTreeSet<u64>, Option<Seq>), Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, received_ms FROM arrival_index WHERE seq > ?1 AND seq < ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query([to_sql(after.0)?, to_sql(head.0)?])?;
    let cutoff = retention.cutoff().as_millisecond();
    let now = retention.now.as_millisecond();
    let mut old = BTreeSet::new();
    let mut last = after;
    for _ in 0..STEP {
        let Some(row) = rows.next()? else {
            return Ok((old, None));
        };
        last = Seq(from_sql(row.get(0)?, "a seq")?);
        let received: i64 = row.get(1)?;
        if received < cutoff {
            old.insert(last.0);
        } else if received <= now {
            return Ok((old, None));
        }
    }
    Ok((old, Some(last)))
}

/// Takes out what a destination still needs: what has not passed, and
/// exceptions.
fn keep_needed(
    connection: &Connection,
    destination: &Destination,
    head: Seq,
    old: &mut BTreeSet<u64>,
) -> Result<(), Trouble> {
    let range = destination.start.0..=destination.end(head).0;
    old.retain(|seq| !range.contains(seq) || destination.has_passed(Seq(*seq)));
    let (Some(&first), Some(&last)) = (old.first(), old.last()) else {
        return Ok(());
    };
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM exceptions WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
    )?;
    let mut rows = statement.query(params![destination.id, to_sql(first)?, to_sql(last)?])?;
    while let Some(row) = rows.next()? {
        let seq: u64 = from_sql(row.get(0)?, "a seq")?;
        old.remove(&seq);
    }
    Ok(())
}

/// Where to go on in view of a destination's backlog, which is not looked
/// through: it ends where the destination is retired, or not at all.
fn beyond_backlog(destination: &Destination, next: Seq) -> Option<Seq> {
    if next <= destination.cursor || next < destination.start {
        return Some(next);
    }
    destination.end.map(|end| next.max(end))
}

/// Removes what may go among the next arrivals after a position.
pub(super) fn remove(
    group: &mut Group<'_>,
    after: Seq,
    retention: Retention,
) -> Result<Removal, Trouble> {
    let connection = group.connection;
    let Found { positions, next } = find(connection, after, retention)?;
    let hours = hours_of(connection, &positions)?;
    for mut destination in Destination::load_all(connection)? {
        let end = destination.end(group.tail.head);
        let within = (positions.iter())
            .filter(|seq| (destination.start..=end).contains(seq))
            .collect();
        count(connection, &mut destination, &within, &hours)?;
        drop_outcomes(connection, destination.id, &within)?;
        drop_attempts(connection, destination.id, &within)?;
        destination.store(connection)?;
    }
    for range in positions.ranges() {
        let bounds = [to_sql(*range.start())?, to_sql(*range.end())?];
        stages::forget_keys(connection, bounds)?;
        for delete in [
            "DELETE FROM arrivals WHERE seq BETWEEN ?1 AND ?2",
            "DELETE FROM corrections WHERE seq BETWEEN ?1 AND ?2",
            "DELETE FROM arrival_index WHERE seq BETWEEN ?1 AND ?2",
        ] {
            connection.prepare_cached(delete)?.execute(bounds)?;
        }
    }
    if let Some(last) = positions.last() {
        connection
            .prepare_cached("UPDATE retention SET removed_through = max(removed_through, ?1)")?
            .execute([to_sql(last.0)?])?;
    }
    let arrivals = positions.len();
    group.bytes += usize::try_from(arrivals).unwrap_or(STEP) * OVERHEAD;
    Ok(Removal { arrivals, next })
}

/// The hours in which arrivals were received.
fn hours_of(connection: &Connection, positions: &SeqSet) -> Result<HashMap<Seq, i64>, Trouble> {
    let mut statement = connection
        .prepare_cached("SELECT seq, received_ms FROM arrival_index WHERE seq BETWEEN ?1 AND ?2")?;
    let mut hours = HashMap::new();
    for range in positions.ranges() {
        let mut rows = statement.query([to_sql(*range.start())?, to_sql(*range.end())?])?;
        while let Some(row) = rows.next()? {
            let seq = Seq(from_sql(row.get(0)?, "a seq")?);
            hours.insert(seq, hourly::hour_of(row.get(1)?));
        }
    }
    Ok(hours)
}

/// Keeps the deliveries counted, from their outcomes, in all and by hour.
fn count(
    connection: &Connection,
    destination: &mut Destination,
    positions: &SeqSet,
    hours: &HashMap<Seq, i64>,
) -> Result<(), Trouble> {
    let (Some(first), Some(last)) = (positions.iter().next(), positions.last()) else {
        return Ok(());
    };
    let folded = fold::window(connection, destination.id, first.0, last.0)?;
    let mut sums = hourly::Sums::new();
    for (seq, step) in (first.0..).map(Seq).zip(folded) {
        if !positions.contains(seq) {
            continue;
        }
        let state = step.map_or(State::Pending, |last| last.step.state);
        if !state.is_final() {
            return Err(Trouble::Malformed(format!(
                "arrival {seq} has passed {} and is no exception, but its outcome is {state}; nothing is removed",
                destination.name
            )));
        }
        *destination.removed.of_mut(state) += 1;
        let hour = hours.get(&seq).copied();
        let reason = step.map_or(0, |last| last.step.reason);
        let key = (hour.unwrap_or(hourly::UNKNOWN_HOUR), state, reason);
        *sums.entry(key).or_default() += 1;
    }
    hourly::keep_removed(connection, destination.id, &sums)
}

/// Forgets attempts, what was answered to them, and the numbers of their ids.
fn drop_attempts(
    connection: &Connection,
    destination: i64,
    positions: &SeqSet,
) -> Result<(), Trouble> {
    for range in positions.ranges() {
        let (first, last) = (to_sql(*range.start())?, to_sql(*range.end())?);
        for delete in [
            "DELETE FROM attempts WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
            "DELETE FROM attempt_responses WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
            "DELETE FROM webhook_numbers WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
        ] {
            connection
                .prepare_cached(delete)?
                .execute([destination, first, last])?;
        }
    }
    Ok(())
}

/// Takes positions out of the packed outcomes of a destination.
fn drop_outcomes(
    connection: &Connection,
    destination: i64,
    positions: &SeqSet,
) -> Result<(), Trouble> {
    let (Some(first), Some(last)) = (positions.iter().next(), positions.last()) else {
        return Ok(());
    };
    for row in fold::rows(connection, destination, first.0, last.0)? {
        let left = packed::without(&row.steps, positions);
        if left == row.steps {
            continue;
        }
        connection
            .prepare_cached(
                "DELETE FROM outcomes WHERE destination = ?1 AND first_seq = ?2 AND ordinal = ?3",
            )?
            .execute(params![
                destination,
                to_sql(row.first)?,
                to_sql(row.ordinal)?
            ])?;
        for packed in packed::pack(&left) {
            connection
                .prepare_cached(
                    "INSERT INTO outcomes
                     (destination, first_seq, ordinal, last_seq, settled_ms, entries)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute(params![
                    destination,
                    to_sql(packed.first)?,
                    to_sql(row.ordinal)?,
                    to_sql(packed.last)?,
                    row.settled_ms,
                    packed.entries,
                ])?;
        }
    }
    Ok(())
}
