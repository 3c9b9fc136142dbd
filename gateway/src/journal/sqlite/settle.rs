//! Settling: what became of deliveries, in one go.
//!
//! States and counters before the settlement come from what is stored, never
//! from the caller. What does not fit is refused, and the task's savepoint undoes
//! what was written until then.

use std::collections::HashMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    backlog, corrections,
    destination::Destination,
    files::note_file,
    group::Group,
    holds,
    keep::{forget, park, record},
    numbers,
    trouble::{Trouble, from_sql, to_sql},
};
use crate::{
    journal::{
        Attempt, JournalError, Outcome, Parking, Reason, Settlement, State,
        packed::{self, Step},
    },
    record::Seq,
};

/// What a row of outcomes takes on disk besides its entries, in bytes.
const OVERHEAD: usize = 60;

/// Commits a settlement with the group, or refuses it.
pub(super) fn settle(
    group: &mut Group<'_>,
    name: &str,
    epoch: u64,
    settlement: &Settlement,
) -> Result<(), Trouble> {
    let mut destination = owned(group.connection, name, epoch)?;
    let settlement = &*corrections::overtake(group.connection, settlement)?;
    let outcomes = outcomes_of(settlement);
    check(&destination, group.tail.head, settlement, &outcomes)?;
    pass(group, &mut destination, settlement.at, &outcomes)?;
    for parking in &settlement.parked {
        park(group, destination.id, parking)?;
    }
    for attempt in &settlement.attempts {
        record(group, destination.id, attempt)?;
    }
    for numbered in &settlement.numbers {
        numbers::note(group.connection, destination.id, numbered)?;
    }
    for file in &settlement.files {
        note_file(group.connection, destination.id, file)?;
    }
    holds::change(group.connection, destination.id, &settlement.hold)?;
    destination.store(group.connection)
}

/// Passes arrivals with their outcomes, in order of arrival: counters, cursor,
/// and what is kept of them. The destination is to be stored then.
pub(super) fn pass(
    group: &mut Group<'_>,
    destination: &mut Destination,
    at: Timestamp,
    outcomes: &[Outcome],
) -> Result<(), Trouble> {
    let mut steps = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        let prior = prior(group.connection, destination, outcome.seq)?;
        if prior.as_ref().is_none_or(|prior| prior.differs(outcome)) {
            steps.push(step(group, outcome)?);
        }
        let before = prior.as_ref().map(|prior| prior.state);
        let (seq, state) = (outcome.seq, outcome.state);
        backlog::weigh(group.connection, destination, seq, before, state)?;
        count(destination, prior.as_ref(), outcome)?;
        if prior.is_some() && outcome.state.is_final() {
            forget(group.connection, destination.id, outcome.seq)?;
        }
    }
    destination.cursor = destination.ahead.advance(destination.cursor);
    write_steps(group, destination, at, &steps)
}

/// A destination, where the caller is its owner.
pub(super) fn owned(
    connection: &Connection,
    name: &str,
    epoch: u64,
) -> Result<Destination, Trouble> {
    let destination = Destination::load(connection, name)?.ok_or_else(|| {
        Trouble::Refused(JournalError::UnknownDestination {
            destination: name.to_owned(),
        })
    })?;
    if destination.epoch != epoch {
        return Err(Trouble::Refused(JournalError::Fenced {
            destination: name.to_owned(),
            epoch,
            current: destination.epoch,
        }));
    }
    Ok(destination)
}

/// The outcomes of a settlement, those of its exceptions included, in order of
/// arrival.
fn outcomes_of(settlement: &Settlement) -> Vec<Outcome> {
    let last: HashMap<Seq, &Attempt> = settlement
        .attempts
        .iter()
        .map(|attempt| (attempt.seq, attempt))
        .collect();
    let parked = settlement.parked.iter().map(|parking| {
        let exception = &parking.exception;
        let attempt = last.get(&exception.seq);
        Outcome {
            seq: exception.seq,
            state: exception.state,
            reason: exception.reason.clone(),
            status: attempt.map_or(0, |attempt| attempt.status),
            duration_ms: attempt.map_or(0, |attempt| attempt.duration_ms),
            revision: exception.revision,
        }
    });
    let mut outcomes: Vec<_> = settlement.outcomes.iter().cloned().chain(parked).collect();
    outcomes.sort_by_key(|outcome| outcome.seq);
    outcomes
}

fn check(
    destination: &Destination,
    head: Seq,
    settlement: &Settlement,
    outcomes: &[Outcome],
) -> Result<(), Trouble> {
    let refused = |problem| Err(Trouble::refused(&destination.name, problem));
    for outcome in &settlement.outcomes {
        if !outcome.state.is_final() {
            return refused(format!(
                "arrival {} with an outcome of {}, which is not final; park it",
                outcome.seq, outcome.state
            ));
        }
    }
    for Parking { exception, .. } in &settlement.parked {
        if !exception.state.is_exception() {
            return refused(format!(
                "arrival {} parked as {}, which is no exception",
                exception.seq, exception.state
            ));
        }
    }
    let (first, last) = (destination.start, destination.end(head));
    let attempted = settlement.attempts.iter().map(|attempt| attempt.seq);
    for seq in outcomes.iter().map(|outcome| outcome.seq).chain(attempted) {
        if seq < first || seq > last {
            return refused(format!(
                "arrival {seq} is outside its range, {first} to {last}"
            ));
        }
    }
    match outcomes.windows(2).find(|pair| pair[0].seq == pair[1].seq) {
        Some(pair) => refused(format!("arrival {} is named twice", pair[0].seq)),
        None => Ok(()),
    }
}

/// The exception that a delivery was before this settlement.
struct Prior {
    state: State,
    reason: Reason,
}

impl Prior {
    fn differs(&self, outcome: &Outcome) -> bool {
        self.state != outcome.state || self.reason != outcome.reason
    }
}

/// What a delivery was before: an exception, or `None` when it was pending.
fn prior(
    connection: &Connection,
    destination: &Destination,
    seq: Seq,
) -> Result<Option<Prior>, Trouble> {
    if !destination.has_passed(seq) {
        return Ok(None);
    }
    let stored: Option<(i64, String)> = connection
        .prepare_cached(
            "SELECT e.state, coalesce(r.text, '') FROM exceptions AS e
             LEFT JOIN reasons AS r ON r.id = e.reason WHERE e.destination = ?1 AND e.seq = ?2",
        )?
        .query_row(params![destination.id, to_sql(seq.0)?], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((code, reason)) = stored else {
        let problem = format!("arrival {seq} is finished already");
        return Err(Trouble::refused(&destination.name, problem));
    };
    Ok(Some(Prior {
        state: State::from_code(from_sql(code, "a state")?)
            .ok_or_else(|| Trouble::Malformed(format!("a state is {code}")))?,
        reason: Reason::from(reason),
    }))
}

fn count(
    destination: &mut Destination,
    prior: Option<&Prior>,
    outcome: &Outcome,
) -> Result<(), Trouble> {
    match prior {
        None => {
            destination.ahead.insert(outcome.seq);
        }
        Some(prior) => return move_count(destination, prior.state, outcome.state),
    }
    *destination.counts.of_mut(outcome.state) += 1;
    Ok(())
}

/// Counts a delivery in another state than before.
pub(super) fn move_count(
    destination: &mut Destination,
    before: State,
    now: State,
) -> Result<(), Trouble> {
    let counter = destination.counts.of_mut(before);
    *counter = counter.checked_sub(1).ok_or_else(|| {
        Trouble::Malformed(format!(
            "{} counts fewer {before} deliveries than it has",
            destination.name
        ))
    })?;
    *destination.counts.of_mut(now) += 1;
    Ok(())
}

/// An outcome as it is packed.
pub(super) fn step(group: &mut Group<'_>, outcome: &Outcome) -> Result<Step, Trouble> {
    Ok(Step {
        first: outcome.seq.0,
        more: 0,
        state: outcome.state,
        reason: group.names.reason(group.connection, &outcome.reason)?,
        status: outcome.status,
        revision: outcome.revision,
        duration_ms: outcome.duration_ms,
    })
}

/// Writes outcomes as rows of their own.
pub(super) fn write_steps(
    group: &mut Group<'_>,
    destination: &mut Destination,
    at: Timestamp,
    steps: &[Step],
) -> Result<(), Trouble> {
    let mut insert = group.connection.prepare_cached(
        "INSERT INTO outcomes (destination, first_seq, ordinal, last_seq, settled_ms, entries)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for packed in packed::pack(steps) {
        insert.execute(params![
            destination.id,
            to_sql(packed.first)?,
            to_sql(destination.next_ordinal)?,
            to_sql(packed.last)?,
            at.as_millisecond(),
            packed.entries,
        ])?;
        destination.next_ordinal += 1;
        group.bytes += packed.entries.len() + OVERHEAD;
    }
    Ok(())
}
