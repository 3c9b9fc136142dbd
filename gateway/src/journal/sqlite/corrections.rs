//! Corrections: kept beside the arrivals that they are about, and laid over them
//! when those are read. The one place where their bodies are read and written.
//!
//! A correction resumes what waits for it in the same transaction, at every
//! destination that runs: a person never finds it done by halves. That needs no
//! owner's epoch. What is suspended or dead is under way nowhere, and what an
//! owner settles later on is held against what the journal says then.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use bytes::Bytes;
use rusqlite::{Connection, params};

use super::{
    append::tags_as_json,
    arrivals,
    destination::Destination,
    exceptions,
    group::Group,
    keyring::{Opened, Snapshot},
    keys,
    reopen::{self, Reopened},
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{
        Corrected, Exception, JournalError, NewCorrection, Parking, Payload, Reason, Settlement,
        State, reason::CORRECTED, seal::Place,
    },
    record::{Arrival, Correction, Defect, Seq},
};

/// What a correction takes on disk besides its body, in bytes.
const OVERHEAD: usize = 200;

/// Adds to arrivals, which are in order, what people corrected since.
pub(super) fn lay_over(snapshot: &Snapshot<'_>, arrivals: &mut [Arrival]) -> Result<(), Trouble> {
    let [first, .., last] = arrivals else {
        return match arrivals {
            [only] => lay_over_range(snapshot, only.seq, only.seq, arrivals),
            _ => Ok(()),
        };
    };
    let (first, last) = (first.seq, last.seq);
    lay_over_range(snapshot, first, last, arrivals)
}

fn lay_over_range(
    snapshot: &Snapshot<'_>,
    first: Seq,
    last: Seq,
    arrivals: &mut [Arrival],
) -> Result<(), Trouble> {
    let mut statement = snapshot.prepare_cached(
        "SELECT c.seq, c.number, c.at_ms, c.because, c.session, c.tags, c.body, i.key_day
         FROM corrections AS c JOIN arrival_index AS i USING (seq)
         WHERE c.seq BETWEEN ?1 AND ?2 ORDER BY c.seq, c.number",
    )?;
    let mut rows = statement.query([to_sql(first.0)?, to_sql(last.0)?])?;
    while let Some(row) = rows.next()? {
        let seq = Seq(from_sql(row.get(0)?, "a seq")?);
        let Ok(at) = arrivals.binary_search_by_key(&seq, |arrival| arrival.seq) else {
            continue;
        };
        let Some(arrival) = arrivals.get_mut(at) else {
            continue;
        };
        arrival.session = row.get::<_, Option<String>>(4)?.map(Arc::from);
        arrival.tags = arrivals::tags_of(seq.0, row.get(5)?)?;
        let number = from_sql(row.get(1)?, "a correction's number")?;
        let place = Place::Correction(seq, number);
        let (defect, body) = match snapshot.open(row.get(7)?, place, row.get(6)?)? {
            Opened::Plain(body) => (None, Bytes::from(body)),
            Opened::KeyDropped => (Some(Defect::KeyDropped), Bytes::new()),
            Opened::Damaged => (Some(Defect::Damaged), Bytes::new()),
        };
        arrival.defect = defect;
        arrival.corrections.push(Correction {
            number,
            at: time(row.get(2)?, "a correction's time")?,
            because: row.get(3)?,
            body,
        });
    }
    Ok(())
}

/// The number of the newest correction of an arrival; 0 where there is none.
pub(super) fn newest(connection: &Connection, seq: Seq) -> Result<u32, Trouble> {
    let number: i64 = connection
        .prepare_cached("SELECT coalesce(max(number), 0) FROM corrections WHERE seq = ?1")?
        .query_row([to_sql(seq.0)?], |row| row.get(0))?;
    from_sql(number, "a correction's number")
}

/// Keeps a correction, and resumes what is suspended (or dead) at the
/// destinations that run.
pub(super) fn correct(
    group: &mut Group<'_>,
    seq: Seq,
    new: &NewCorrection,
) -> Result<Corrected, Trouble> {
    let number = next_number(group, seq, new.after)?;
    let body = keys::seal(group, seq, Place::Correction(seq, number), &new.body)?;
    group
        .connection
        .prepare_cached(
            "INSERT INTO corrections (seq, number, at_ms, because, session, tags, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            to_sql(seq.0)?,
            number,
            new.at.as_millisecond(),
            new.because,
            new.session.as_deref(),
            tags_as_json(&new.tags)?,
            body,
        ])?;
    group.bytes += new.body.len() + OVERHEAD;
    let mut corrected = Corrected {
        number,
        resumed: BTreeSet::new(),
    };
    for mut destination in Destination::load_all(group.connection)? {
        leave_batch(group.connection, destination.id, seq)?;
        let kept = exceptions::get(group.connection, &destination.name, seq)?;
        let waits = |kept: &Exception| match kept.state {
            State::Suspended => true,
            State::Dead => new.dead,
            _ => false,
        };
        if let Some(kept) = kept.filter(waits)
            && destination.end.is_none()
        {
            let resumed = resumed(kept, new);
            reopen::reopen(group, &mut destination, new.at, &[resumed])?;
            destination.store(group.connection)?;
            corrected.resumed.insert(destination.name);
        }
    }
    Ok(corrected)
}

/// A frozen batch holds what its members were: one that is corrected leaves it, as
/// with any other repair.
fn leave_batch(connection: &Connection, destination: i64, seq: Seq) -> Result<(), Trouble> {
    connection
        .prepare_cached("UPDATE exceptions SET batch = NULL WHERE destination = ?1 AND seq = ?2")?
        .execute(params![destination, to_sql(seq.0)?])?;
    Ok(())
}

fn next_number(group: &Group<'_>, seq: Seq, after: u32) -> Result<u32, Trouble> {
    let connection = group.connection;
    if arrivals::get(&Snapshot::new(connection, group.keyring), seq)?.is_none() {
        let problem = format!("arrival {seq} is not kept any more");
        return Err(Trouble::refused("a correction", problem));
    }
    let newest = newest(connection, seq)?;
    if newest != after {
        return Err(Trouble::Refused(JournalError::Outdated {
            seq,
            expected: after,
            newest,
        }));
    }
    if newest >= Correction::MAX {
        let problem = format!(
            "arrival {seq} has {newest} corrections, and takes no more; have the record sent anew"
        );
        return Err(Trouble::refused("a correction", problem));
    }
    Ok(newest + 1)
}

/// An exception that a correction resumes: due at once, on a new budget.
fn resumed(kept: Exception, new: &NewCorrection) -> Reopened {
    Reopened {
        before: kept.state,
        parking: Parking {
            exception: Exception {
                state: State::Retrying,
                reason: Reason::from(CORRECTED),
                first_failed: new.at,
                next_attempt: Some(new.at),
                not_before: None,
                batch: None,
                revision: new.revision,
                ..kept
            },
            payload: Payload::Keep,
        },
    }
}

/// The settlement with what corrections have overtaken: those records were
/// corrected while their chain ran, or their batch was sent, on what they were
/// before. They are due at once instead of suspended, and in no batch.
pub(super) fn overtake<'a>(
    connection: &Connection,
    settlement: &'a Settlement,
) -> Result<Cow<'a, Settlement>, Trouble> {
    let mut settlement = Cow::Borrowed(settlement);
    for at in 0..settlement.parked.len() {
        let kept = &settlement.parked[at].exception;
        let concerns = kept.state == State::Suspended || kept.batch.is_some();
        if !concerns || newest(connection, kept.seq)? <= kept.correction {
            continue;
        }
        let due = Some(settlement.at);
        let kept = &mut settlement.to_mut().parked[at].exception;
        kept.batch = None;
        if kept.state == State::Suspended {
            kept.state = State::Retrying;
            kept.reason = Reason::from(CORRECTED);
            kept.next_attempt = due;
        }
    }
    Ok(settlement)
}
