//! The numbers in the ids that receivers deduplicate by, where what is frozen does
//! not tell them: they have to survive deliveries in between.

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    replays::last_attempt,
    trouble::{Trouble, from_sql, to_sql},
};
use crate::{
    journal::{Numbered, State, packed::Step},
    record::Seq,
};

/// The last number of a delivery, if it is noted.
pub(super) fn get(
    connection: &Connection,
    destination: i64,
    seq: Seq,
) -> Result<Option<Numbered>, Trouble> {
    let found: Option<(i64, i64, i64)> = connection
        .prepare_cached(
            "SELECT number, revision, correction FROM webhook_numbers
             WHERE destination = ?1 AND seq = ?2",
        )?
        .query_row(params![destination, to_sql(seq.0)?], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    found
        .map(|(number, revision, correction)| {
            Ok(Numbered {
                seq,
                number: from_sql(number, "a number of an id")?,
                revision: from_sql(revision, "a revision")?,
                correction: from_sql(correction, "a correction's number")?,
            })
        })
        .transpose()
}

/// The last number of a delivery of a destination by name, if it is noted.
pub(super) fn of(
    connection: &Connection,
    destination: &str,
    seq: Seq,
) -> Result<Option<Numbered>, Trouble> {
    let id: Option<i64> = connection
        .prepare_cached("SELECT id FROM destinations WHERE name = ?1")?
        .query_row([destination], |row| row.get(0))
        .optional()?;
    match id {
        Some(id) => get(connection, id, seq),
        None => Ok(None),
    }
}

/// Notes the last number of a delivery.
pub(super) fn note(
    connection: &Connection,
    destination: i64,
    numbered: &Numbered,
) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO webhook_numbers
             (destination, seq, number, revision, correction) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            destination,
            to_sql(numbered.seq.0)?,
            to_sql(numbered.number)?,
            numbered.revision,
            numbered.correction,
        ])?;
    Ok(())
}

/// What has to be noted of a delivery that is reopened, before its last outcome is
/// forgotten: nothing where it was never sent, or where a frozen payload tells.
///
/// A delivery of a corrected record, or one under another number than 1, is noted
/// when it is settled. So one without a note was made of the record as received,
/// under the first number.
pub(super) fn reopened(
    connection: &Connection,
    destination: i64,
    seq: Seq,
    last: &Step,
    fresh_ids: bool,
) -> Result<Option<Numbered>, Trouble> {
    let noted = get(connection, destination, seq)?;
    let delivered = last.state == State::Delivered;
    if noted.is_none() && !delivered && last_attempt(connection, destination, seq)? == 0 {
        return Ok(None);
    }
    let first = Numbered {
        seq,
        number: 1,
        revision: if delivered {
            last.revision
        } else {
            Numbered::UNKNOWN
        },
        correction: 0,
    };
    Ok(match noted {
        Some(noted) if fresh_ids => Some(Numbered {
            revision: Numbered::UNKNOWN,
            ..noted
        }),
        Some(_) => None,
        None if fresh_ids => Some(Numbered {
            revision: Numbered::UNKNOWN,
            ..first
        }),
        // Of what is suspended or dead the frozen payload tells more.
        None if last.state.is_exception() => None,
        None => Some(first),
    })
}
