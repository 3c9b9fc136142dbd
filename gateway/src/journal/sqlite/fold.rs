//! Folding outcomes: the present fate of a delivery is its last step.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use super::{
    arrivals,
    destination::Destination,
    exceptions,
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{
        Exception, Fate, Reason, Standing, State,
        packed::{self, MAX_SPAN, Step},
    },
    record::Seq,
};

/// The last step of one delivery.
#[derive(Debug, Clone, Copy)]
pub(super) struct Last {
    /// The step; it may be one of a run.
    pub step: Step,
    /// When it was settled, in Unix milliseconds.
    pub settled_ms: i64,
    ordinal: u64,
}

/// The last steps of the positions `first` to `last`, one place each; `None`
/// where nothing was settled. Takes 64 bytes a position, so ask for windows.
pub(super) fn window(
    connection: &Connection,
    destination: i64,
    first: u64,
    last: u64,
) -> Result<Vec<Option<Last>>, Trouble> {
    window_before(connection, destination, first, last, u64::MAX)
}

/// The same as of the moment at which a row of this ordinal was the next one.
pub(super) fn window_before(
    connection: &Connection,
    destination: i64,
    first: u64,
    last: u64,
    ordinal: u64,
) -> Result<Vec<Option<Last>>, Trouble> {
    let length = from_sql::<usize>(to_sql((last + 1).saturating_sub(first))?, "a window")?;
    let mut folded = vec![None; length];
    let rows = rows(connection, destination, first, last)?.into_iter();
    for row in rows.filter(|row| row.ordinal < ordinal) {
        for step in row.steps {
            for seq in step.first.max(first)..=(step.first + step.more).min(last) {
                let place = usize::try_from(seq - first).ok();
                let Some(place) = place.and_then(|at| folded.get_mut(at)) else {
                    continue;
                };
                if place.is_none_or(|before: Last| before.ordinal < row.ordinal) {
                    *place = Some(Last {
                        step,
                        settled_ms: row.settled_ms,
                        ordinal: row.ordinal,
                    });
                }
            }
        }
    }
    Ok(folded)
}

/// A row of outcomes.
#[derive(Debug)]
pub(super) struct Row {
    /// Its first position.
    pub first: u64,
    /// Its place in the order of settlement.
    pub ordinal: u64,
    /// When it was settled, in Unix milliseconds.
    pub settled_ms: i64,
    /// What it says.
    pub steps: Vec<Step>,
}

/// The rows of outcomes that reach into the positions `first` to `last`.
pub(super) fn rows(
    connection: &Connection,
    destination: i64,
    first: u64,
    last: u64,
) -> Result<Vec<Row>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT first_seq, last_seq, ordinal, settled_ms, entries FROM outcomes
         WHERE destination = ?1 AND first_seq BETWEEN ?2 AND ?3 AND last_seq >= ?4",
    )?;
    let reach = first.saturating_sub(MAX_SPAN - 1);
    let mut found = statement.query(params![
        destination,
        to_sql(reach)?,
        to_sql(last)?,
        to_sql(first)?
    ])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        let start: u64 = from_sql(row.get(0)?, "a seq")?;
        let end: u64 = from_sql(row.get(1)?, "a seq")?;
        let ordinal: u64 = from_sql(row.get(2)?, "an ordinal")?;
        let steps = packed::unpack(start, end, row.get_ref(4)?.as_blob().unwrap_or_default())
            .ok_or_else(|| {
                Trouble::Malformed(format!(
                    "the outcomes of {start} to {end} (ordinal {ordinal}) cannot be read"
                ))
            })?;
        rows.push(Row {
            first: start,
            ordinal,
            settled_ms: row.get(3)?,
            steps,
        });
    }
    Ok(rows)
}

/// What became of an arrival at every destination whose range holds it.
pub(super) fn fates(connection: &Connection, seq: Seq) -> Result<Vec<Fate>, Trouble> {
    let head = arrivals::newest(connection)?;
    let mut fates = Vec::new();
    for destination in Destination::load_all(connection)? {
        fates.extend(deliveries(connection, &destination, head, seq, seq, None)?);
    }
    Ok(fates)
}

/// The next deliveries of a destination after a position, looking through at
/// most `stride` positions, and where to go on; `None` at the end of the range.
pub(super) fn stride(
    connection: &Connection,
    name: &str,
    state: Option<State>,
    after: Seq,
    stride: u64,
    limit: usize,
) -> Result<(Vec<Fate>, Option<Seq>), Trouble> {
    let Some(destination) = Destination::load(connection, name)? else {
        return Ok((Vec::new(), None));
    };
    let head = arrivals::newest(connection)?;
    if let Some(state) = state.filter(|state| state.is_exception()) {
        let listed = exceptions::list(connection, name, Some(state), after, limit)?;
        let mut found = Vec::with_capacity(listed.len());
        for Exception { seq, .. } in listed {
            found.extend(deliveries(connection, &destination, head, seq, seq, None)?);
        }
        return Ok((found, None));
    }
    let first = after.next().max(destination.start);
    // Over what retention removed.
    let Some((first, _)) = arrivals::first_kept(connection, first)? else {
        return Ok((Vec::new(), None));
    };
    let last = Seq(first.0 + stride - 1);
    let mut found = deliveries(connection, &destination, head, first, last, state)?;
    found.truncate(limit);
    Ok((found, (last < destination.end(head)).then_some(last)))
}

/// Where deliveries stand that are in one of these states, after a position and up
/// to another, and how far was looked.
pub(super) fn standing(
    connection: &Connection,
    name: &str,
    states: &[State],
    after: Seq,
    through: Seq,
) -> Result<(Vec<Standing>, Seq), Trouble> {
    let Some(destination) = Destination::load(connection, name)? else {
        return Ok((Vec::new(), through));
    };
    let end = destination.end(arrivals::newest(connection)?).min(through);
    let first = after.next().max(destination.start);
    // Over what retention removed.
    let Some((first, _)) = arrivals::first_kept(connection, first)?.filter(|(at, _)| *at <= end)
    else {
        return Ok((Vec::new(), through));
    };
    let last = Seq(first.0 + MAX_SPAN - 1).min(end);
    let folded = window(connection, destination.id, first.0, last.0)?;
    let mut standing = Vec::new();
    for (seq, last) in (first.0..).map(Seq).zip(folded) {
        if let Some(last) = last.filter(|last| states.contains(&last.step.state)) {
            standing.push(Standing {
                seq,
                state: last.step.state,
                settled: time(last.settled_ms, "a time of settlement")?,
            });
        }
    }
    // Beyond the range there is nothing to look at.
    let looked = if last == end { through } else { last };
    Ok((standing, looked))
}

/// The deliveries of a destination within a range of positions; those in one
/// state, or all. Of what retention removed there are none any more.
pub(super) fn deliveries(
    connection: &Connection,
    destination: &Destination,
    head: Seq,
    first: Seq,
    last: Seq,
    state: Option<State>,
) -> Result<Vec<Fate>, Trouble> {
    let first = first.max(destination.start).0;
    let last = last.min(destination.end(head)).0;
    if first > last {
        return Ok(Vec::new());
    }
    let mut reasons = Reasons::default();
    let mut found = Vec::new();
    let folded = window(connection, destination.id, first, last)?;
    for (seq, step) in (first..).map(Seq).zip(folded) {
        if step.is_none() && destination.has_passed(seq) {
            continue;
        }
        let present = step.map_or(State::Pending, |last| last.step.state);
        if state.is_none_or(|wanted| wanted == present) {
            found.push(fate(
                connection,
                &mut reasons,
                &destination.name,
                seq,
                step,
            )?);
        }
    }
    Ok(found)
}

fn fate(
    connection: &Connection,
    reasons: &mut Reasons,
    destination: &str,
    seq: Seq,
    last: Option<Last>,
) -> Result<Fate, Trouble> {
    let destination = destination.to_owned();
    let Some(Last {
        step, settled_ms, ..
    }) = last
    else {
        return Ok(Fate {
            seq,
            destination,
            state: State::Pending,
            reason: Reason::none(),
            status: 0,
            duration_ms: 0,
            revision: 0,
            settled: None,
        });
    };
    Ok(Fate {
        seq,
        destination,
        state: step.state,
        reason: reasons.text(connection, step.reason)?,
        status: step.status,
        duration_ms: step.duration_ms,
        revision: step.revision,
        settled: Some(time(settled_ms, "a time of settlement")?),
    })
}

/// Texts of reasons, each read once.
#[derive(Default)]
pub(super) struct Reasons(HashMap<u32, Reason>);

impl Reasons {
    pub(super) fn text(&mut self, connection: &Connection, number: u32) -> Result<Reason, Trouble> {
        if number == 0 {
            return Ok(Reason::none());
        }
        if let Some(reason) = self.0.get(&number) {
            return Ok(reason.clone());
        }
        let text: Option<String> = connection
            .prepare_cached("SELECT text FROM reasons WHERE id = ?1")?
            .query_row([number], |row| row.get(0))
            .optional()?;
        let reason = text
            .map(Reason::from)
            .ok_or_else(|| Trouble::Malformed(format!("there is no reason {number}")))?;
        self.0.insert(number, reason.clone());
        Ok(reason)
    }
}
