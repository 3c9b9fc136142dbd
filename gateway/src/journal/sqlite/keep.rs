//! Writing what is kept about exceptions and attempts.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    group::Group,
    keys,
    trouble::{Trouble, to_sql},
};
use crate::{
    journal::{Attempt, BatchFormat, Exception, Frozen, Parking, Payload, seal::Place},
    record::Seq,
};

/// Removes an exception and its payload.
pub(super) fn forget(connection: &Connection, destination: i64, seq: Seq) -> Result<(), Trouble> {
    let key = params![destination, to_sql(seq.0)?];
    connection
        .prepare_cached("DELETE FROM exceptions WHERE destination = ?1 AND seq = ?2")?
        .execute(key)?;
    thaw(connection, destination, seq)
}

fn thaw(connection: &Connection, destination: i64, seq: Seq) -> Result<(), Trouble> {
    connection
        .prepare_cached("DELETE FROM frozen WHERE destination = ?1 AND seq = ?2")?
        .execute(params![destination, to_sql(seq.0)?])?;
    Ok(())
}

/// Keeps an exception, and does with its payload what the parking says.
pub(super) fn park(
    group: &mut Group<'_>,
    destination: i64,
    parking: &Parking,
) -> Result<(), Trouble> {
    let exception = &parking.exception;
    let reason = group.names.reason(group.connection, &exception.reason)?;
    group
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO exceptions (destination, seq, state, reason, detail, attempts,
             first_failed_ms, next_attempt_ms, revision, batch, splits, correction,
             not_before_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
        )?
        .execute(params![
            destination,
            to_sql(exception.seq.0)?,
            exception.state.code(),
            reason,
            capped(&exception.detail),
            exception.attempts,
            exception.first_failed.as_millisecond(),
            exception.next_attempt.map(Timestamp::as_millisecond),
            exception.revision,
            exception.batch,
            exception.splits,
            exception.correction,
            exception.not_before.map(Timestamp::as_millisecond),
        ])?;
    match &parking.payload {
        Payload::Keep => Ok(()),
        Payload::Supersede => supersede(group.connection, destination, exception.seq),
        Payload::Freeze(frozen) => freeze(group, destination, exception.seq, frozen),
    }
}

fn supersede(connection: &Connection, destination: i64, seq: Seq) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE frozen SET superseded = 1 WHERE destination = ?1 AND seq = ?2")?
        .execute(params![destination, to_sql(seq.0)?])?;
    Ok(())
}

fn freeze(
    group: &mut Group<'_>,
    destination: i64,
    seq: Seq,
    frozen: &Frozen,
) -> Result<(), Trouble> {
    let body = keys::seal(group, seq, Place::Frozen(destination, seq), &frozen.body)?;
    group
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO frozen (destination, seq, webhook_id, batch_format, digests,
             body, superseded, correction) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            destination,
            to_sql(seq.0)?,
            frozen.webhook_id,
            frozen.batch_format.map(BatchFormat::as_str),
            frozen.digests,
            body,
            frozen.superseded,
            frozen.correction,
        ])?;
    group.bytes += frozen.body.len();
    Ok(())
}

/// Keeps an attempt.
pub(super) fn record(
    group: &mut Group<'_>,
    destination: i64,
    attempt: &Attempt,
) -> Result<(), Trouble> {
    group
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO attempts (destination, seq, number, at_ms, outcome, status,
             duration_ms, error, revision, batch, batch_records)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            destination,
            to_sql(attempt.seq.0)?,
            attempt.number,
            attempt.at.as_millisecond(),
            attempt.outcome.as_str(),
            attempt.status,
            attempt.duration_ms,
            capped(&attempt.error),
            attempt.revision,
            attempt.batch.as_ref().map(|batch| &batch.id),
            attempt.batch.as_ref().map(|batch| batch.records),
        ])?;
    keep_response(group, destination, attempt)
}

/// Keeps how the receiver's answer began. An attempt that takes the number of
/// another one leaves nothing of that one's answer.
fn keep_response(
    group: &mut Group<'_>,
    destination: i64,
    attempt: &Attempt,
) -> Result<(), Trouble> {
    let (seq, number) = (to_sql(attempt.seq.0)?, attempt.number);
    if attempt.response.is_empty() {
        group
            .connection
            .prepare_cached(
                "DELETE FROM attempt_responses
                 WHERE destination = ?1 AND seq = ?2 AND number = ?3",
            )?
            .execute(params![destination, seq, number])?;
        return Ok(());
    }
    let place = Place::Response(destination, attempt.seq, number);
    let excerpt = keys::seal(group, attempt.seq, place, attempt.response.expose())?;
    group
        .connection
        .prepare_cached(
            "INSERT OR REPLACE INTO attempt_responses (destination, seq, number, excerpt)
             VALUES (?1, ?2, ?3, ?4)",
        )?
        .execute(params![destination, seq, number, excerpt])?;
    group.bytes += excerpt.len();
    Ok(())
}

fn capped(text: &str) -> &str {
    let end = text
        .char_indices()
        .nth(Exception::MAX_DETAIL_CHARS)
        .map_or(text.len(), |(at, _)| at);
    &text[..end]
}
