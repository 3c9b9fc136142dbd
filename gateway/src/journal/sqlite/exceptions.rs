//! Reading exceptions, their payloads and attempts, and revisions.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};

use super::{
    arrivals, corrections,
    keyring::Snapshot,
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{
        Attempt, AttemptedBatch, BatchFormat, Exception, Excerpt, Frozen, FrozenMember, Reason,
        Revision, State, seal::Place,
    },
    record::Seq,
};

const QUERY: &str = "SELECT e.seq, e.state, coalesce(r.text, ''), e.detail, e.attempts,
    e.first_failed_ms, e.next_attempt_ms, e.revision, e.batch, e.splits, e.correction,
    e.not_before_ms
    FROM exceptions AS e JOIN destinations AS d ON d.id = e.destination
    LEFT JOIN reasons AS r ON r.id = e.reason WHERE d.name = ?1";

/// Exceptions after a position, in order of arrival.
pub(super) fn list(
    connection: &Connection,
    destination: &str,
    state: Option<State>,
    after: Seq,
    limit: usize,
) -> Result<Vec<Exception>, Trouble> {
    exceptions(
        connection,
        "AND e.seq > ?2 AND (?3 IS NULL OR e.state = ?3) ORDER BY e.seq LIMIT ?4",
        params![
            destination,
            to_sql(after.0)?,
            state.map(State::code),
            rows(limit)
        ],
    )
}

/// Exceptions whose next attempt is due, the longest due first.
pub(super) fn due(
    connection: &Connection,
    destination: &str,
    now: Timestamp,
    limit: usize,
) -> Result<Vec<Exception>, Trouble> {
    exceptions(
        connection,
        "AND e.next_attempt_ms <= ?2 ORDER BY e.next_attempt_ms LIMIT ?3",
        params![destination, now.as_millisecond(), rows(limit)],
    )
}

/// One exception.
pub(super) fn get(
    connection: &Connection,
    destination: &str,
    seq: Seq,
) -> Result<Option<Exception>, Trouble> {
    exceptions(
        connection,
        "AND e.seq = ?2",
        params![destination, to_sql(seq.0)?],
    )
    .map(|mut found| found.pop())
}

/// When the earliest next attempt is due.
pub(super) fn next_due(
    connection: &Connection,
    destination: &str,
) -> Result<Option<Timestamp>, Trouble> {
    let ms: Option<i64> = connection
        .prepare_cached(
            "SELECT min(next_attempt_ms) FROM exceptions WHERE next_attempt_ms IS NOT NULL
             AND destination = (SELECT id FROM destinations WHERE name = ?1)",
        )?
        .query_row([destination], |row| row.get(0))?;
    ms.map(|ms| time(ms, "a next attempt")).transpose()
}

fn exceptions(
    connection: &Connection,
    condition: &str,
    params: impl Params,
) -> Result<Vec<Exception>, Trouble> {
    let mut statement = connection.prepare_cached(&format!("{QUERY} {condition}"))?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(exception(row)?);
    }
    Ok(found)
}

fn exception(row: &Row<'_>) -> Result<Exception, Trouble> {
    let code: i64 = row.get(1)?;
    let next: Option<i64> = row.get(6)?;
    let not_before: Option<i64> = row.get(11)?;
    Ok(Exception {
        seq: Seq(from_sql(row.get(0)?, "a seq")?),
        state: State::from_code(from_sql(code, "a state")?)
            .ok_or_else(|| Trouble::Malformed(format!("a state is {code}")))?,
        reason: Reason::from(row.get::<_, String>(2)?),
        detail: row.get(3)?,
        attempts: from_sql(row.get(4)?, "a number of attempts")?,
        first_failed: time(row.get(5)?, "a first failure")?,
        next_attempt: next.map(|ms| time(ms, "a next attempt")).transpose()?,
        not_before: not_before
            .map(|ms| time(ms, "a time to wait for"))
            .transpose()?,
        revision: from_sql(row.get(7)?, "a revision")?,
        batch: row.get(8)?,
        splits: from_sql(row.get(9)?, "a number of splits")?,
        correction: from_sql(row.get(10)?, "a correction's number")?,
    })
}

/// The members of a frozen batch, in order of arrival.
pub(super) fn batch(
    snapshot: &Snapshot<'_>,
    destination: &str,
    id: &str,
) -> Result<Vec<FrozenMember>, Trouble> {
    let condition = "AND e.batch = ?2 ORDER BY e.seq";
    let kept = exceptions(snapshot, condition, params![destination, id])?;
    let mut members = Vec::with_capacity(kept.len());
    for exception in kept {
        let seq = exception.seq;
        let missing = || Trouble::Malformed(format!("{seq} is in batch {id} without a payload"));
        members.push(FrozenMember {
            arrival: arrivals::get(snapshot, seq)?.ok_or_else(missing)?,
            frozen: frozen(snapshot, destination, seq)?.ok_or_else(missing)?,
            exception,
        });
    }
    Ok(members)
}

/// The frozen payload of an exception.
pub(super) fn frozen(
    snapshot: &Snapshot<'_>,
    destination: &str,
    seq: Seq,
) -> Result<Option<Frozen>, Trouble> {
    let mut statement = snapshot.prepare_cached(
        "SELECT f.body, f.batch_format, f.webhook_id, f.digests, f.superseded, f.correction,
         f.destination, i.key_day FROM frozen AS f JOIN arrival_index AS i USING (seq)
         WHERE f.destination = (SELECT id FROM destinations WHERE name = ?1) AND f.seq = ?2",
    )?;
    let mut rows = statement.query(params![destination, to_sql(seq.0)?])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let place = Place::Frozen(row.get(6)?, seq);
    let opened = snapshot.open(row.get(7)?, place, row.get(0)?)?;
    let Some(body) = opened.unless_dropped(place)? else {
        return Ok(None);
    };
    let format: Option<String> = row.get(1)?;
    let correction: u32 = from_sql(row.get(5)?, "a correction's number")?;
    Ok(Some(Frozen {
        body: Bytes::from(body),
        batch_format: format.map(|format| batch_format(&format)).transpose()?,
        webhook_id: row.get(2)?,
        digests: row.get(3)?,
        superseded: row.get(4)? || correction < corrections::newest(snapshot, seq)?,
        correction,
    }))
}

fn batch_format(text: &str) -> Result<BatchFormat, Trouble> {
    let unknown = |error| Trouble::Malformed(format!("a batch format is {text}: {error}"));
    text.parse().map_err(unknown)
}

/// The attempts of a delivery, in order.
pub(super) fn attempts(
    snapshot: &Snapshot<'_>,
    destination: &str,
    seq: Seq,
) -> Result<Vec<Attempt>, Trouble> {
    let mut statement = snapshot.prepare_cached(
        "SELECT a.number, a.at_ms, a.outcome, a.status, a.duration_ms, a.error, a.revision,
         r.excerpt, a.batch, coalesce(a.batch_records, 0), a.destination,
         (SELECT key_day FROM arrival_index WHERE seq = a.seq) FROM attempts AS a
         LEFT JOIN attempt_responses AS r USING (destination, seq, number)
         WHERE a.destination = (SELECT id FROM destinations WHERE name = ?1) AND a.seq = ?2
         ORDER BY a.number",
    )?;
    let mut rows = statement.query(params![destination, to_sql(seq.0)?])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        let batch: Option<Arc<str>> = row.get(8)?;
        let records = from_sql(row.get(9)?, "a number of deliveries")?;
        let number = from_sql(row.get(0)?, "an attempt's number")?;
        let place = Place::Response(row.get(10)?, seq, number);
        let response = match row.get(7)? {
            Some(excerpt) => snapshot
                .open(row.get(11)?, place, excerpt)?
                .unless_dropped(place)?
                .map_or_else(Excerpt::default, Excerpt::new),
            None => Excerpt::default(),
        };
        attempts.push(Attempt {
            seq,
            number,
            at: time(row.get(1)?, "an attempt's time")?,
            outcome: Reason::from(row.get::<_, String>(2)?),
            status: from_sql(row.get(3)?, "an attempt's status")?,
            duration_ms: from_sql(row.get(4)?, "an attempt's duration")?,
            error: row.get(5)?,
            revision: from_sql(row.get(6)?, "an attempt's revision")?,
            response,
            batch: batch.map(|id| AttemptedBatch { id, records }),
        });
    }
    Ok(attempts)
}

/// A registered revision.
pub(super) fn revision(connection: &Connection, number: u32) -> Result<Option<Revision>, Trouble> {
    let found: Option<(String, i64, String)> = connection
        .query_row(
            "SELECT digest, registered_ms, summary FROM revisions WHERE number = ?1",
            [number],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    found
        .map(|(digest, ms, summary)| {
            Ok(Revision {
                number,
                digest,
                registered: time(ms, "a revision's time")?,
                summary,
            })
        })
        .transpose()
}

/// A limit as SQLite takes it.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
