//! Folding outcomes by hour of arrival.
//!
//! The books of one moment, read in many short snapshots, so that the log can be
//! cut in between: a row of outcomes that was settled later has a greater ordinal,
//! and is left out. Only retention changes what was there before. When it has, the
//! reader begins anew, at last in one snapshot.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::{
    arrivals,
    destination::Destination,
    fold::{self, Reasons},
    tail::first_id_at,
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{Entry, HourlyLedger, Hours, State},
    record::Seq,
};

/// The length of a period, in milliseconds.
pub(super) const HOUR_MS: i64 = 3_600_000;

/// Stands for the hour of what is not kept any more and was removed before the
/// books knew hours, or while the destination was retired.
pub(super) const UNKNOWN_HOUR: i64 = -1;

/// How many positions one snapshot folds at most.
const STRIDE: u64 = 65_536;

/// How far ids may be ahead of the times of receipt: after a clock that was wrong
/// by less than this, nothing is missed.
const CLOCK_ERROR_MS: i64 = 24 * HOUR_MS;

/// The number of an hour.
pub(super) fn hour_of(received_ms: i64) -> i64 {
    received_ms.div_euclid(HOUR_MS)
}

/// Deliveries by hour, state and number of the reason.
pub(super) type Sums = BTreeMap<(i64, State, u32), u64>;

/// The hours that are meant, by number.
#[derive(Debug, Clone, Copy)]
struct Range {
    first: i64,
    end: i64,
}

impl Range {
    fn of(hours: Hours) -> Self {
        let number = |time: Timestamp| {
            let ms = time.as_millisecond();
            // Hours that begin at the time or later.
            -((-ms).div_euclid(HOUR_MS))
        };
        Self {
            first: hours.since.map_or(i64::MIN, number),
            end: hours.until.map_or(i64::MAX, number),
        }
    }

    fn contains(&self, hour: i64) -> bool {
        (self.first..self.end).contains(&hour)
    }
}

/// A fold that has come so far.
#[derive(Debug)]
pub(super) struct Fold {
    /// As it was at the moment that is told of.
    destination: Destination,
    head: Seq,
    hours: Range,
    /// The next position, and the last one.
    next: u64,
    last: u64,
    sums: Sums,
}

/// How a step ended.
#[derive(Debug)]
pub(super) enum Step {
    /// There is more to fold.
    More(Fold),
    /// Something was removed since the moment that is told of.
    Stale,
    /// Everything is folded.
    Done(HourlyLedger),
}

impl Fold {
    /// Begins at the present moment; `None` when the destination is not known.
    pub(super) fn begin(
        connection: &Connection,
        name: &str,
        hours: Hours,
    ) -> Result<Option<Self>, Trouble> {
        let Some(destination) = Destination::load(connection, name)? else {
            return Ok(None);
        };
        let head = arrivals::newest(connection)?;
        let position = |time: Timestamp| -> Result<Option<Seq>, Trouble> {
            let found = arrivals::first_not_before(connection, head, first_id_at(time))?;
            Ok(found.map(|(seq, _)| seq))
        };
        // Ids are never behind the time of receipt, but may be ahead of it.
        let next = match hours.since {
            Some(since) => position(since)?.unwrap_or(head.next()),
            None => Seq(0),
        };
        let until = hours.until.map(with_clock_error);
        let behind = until.map(position).transpose()?.flatten();
        let end = destination.end(head);
        let last = behind.map_or(end, |behind| Seq(behind.0.saturating_sub(1)).min(end));
        let mut fold = Self {
            next: next.max(destination.start).0,
            last: last.0,
            hours: Range::of(hours),
            sums: Sums::new(),
            destination,
            head,
        };
        fold.add_removed(connection)?;
        Ok(Some(fold))
    }

    /// Folds the next positions.
    pub(super) fn step(mut self, connection: &Connection) -> Result<Step, Trouble> {
        let present = Destination::load(connection, &self.destination.name)?;
        if present.is_none_or(|present| present.removed != self.destination.removed) {
            return Ok(Step::Stale);
        }
        // Over what retention removed.
        let kept = arrivals::first_kept(connection, Seq(self.next))?;
        let first = kept.map_or(self.last + 1, |(seq, _)| seq.0);
        if first > self.last {
            return self.finish(connection).map(Step::Done);
        }
        let last = self.last.min(first + STRIDE - 1);
        self.add(connection, first, last)?;
        self.next = last + 1;
        Ok(Step::More(self))
    }

    fn add(&mut self, connection: &Connection, first: u64, last: u64) -> Result<(), Trouble> {
        let before = self.destination.next_ordinal;
        let folded = fold::window_before(connection, self.destination.id, first, last, before)?;
        let mut statement = connection.prepare_cached(
            "SELECT seq, received_ms FROM arrival_index WHERE seq BETWEEN ?1 AND ?2",
        )?;
        let mut rows = statement.query([to_sql(first)?, to_sql(last)?])?;
        while let Some(row) = rows.next()? {
            let seq: u64 = from_sql(row.get(0)?, "a seq")?;
            let hour = hour_of(row.get(1)?);
            if !self.hours.contains(hour) {
                continue;
            }
            let place = usize::try_from(seq - first).ok();
            let step = place.and_then(|at| folded.get(at)).and_then(Option::as_ref);
            let (state, reason) = step.map_or((State::Pending, 0), |last| {
                (last.step.state, last.step.reason)
            });
            *self.sums.entry((hour, state, reason)).or_default() += 1;
        }
        self.check_size()
    }

    fn add_removed(&mut self, connection: &Connection) -> Result<(), Trouble> {
        let mut statement = connection.prepare_cached(
            "SELECT hour, state, reason, deliveries FROM removed_deliveries
             WHERE destination = ?1",
        )?;
        let mut rows = statement.query([self.destination.id])?;
        while let Some(row) = rows.next()? {
            let (hour, code) = (row.get(0)?, row.get(1)?);
            if self.hours.contains(hour) {
                let state = state_of(code)?;
                let reason = from_sql(row.get(2)?, "a reason")?;
                let deliveries: u64 = from_sql(row.get(3)?, "a sum")?;
                *self.sums.entry((hour, state, reason)).or_default() += deliveries;
            }
        }
        self.check_size()
    }

    fn check_size(&self) -> Result<(), Trouble> {
        let most = HourlyLedger::MAX_ENTRIES;
        if self.sums.len() <= most {
            return Ok(());
        }
        let problem =
            format!("its ledger has more than {most} entries by hour, ask for fewer hours");
        Err(Trouble::refused(&self.destination.name, problem))
    }

    fn finish(self, connection: &Connection) -> Result<HourlyLedger, Trouble> {
        let mut reasons = Reasons::default();
        let mut entries = Vec::with_capacity(self.sums.len());
        for ((hour, state, reason), deliveries) in self.sums {
            entries.push(Entry {
                hour: (hour != UNKNOWN_HOUR)
                    .then(|| time(hour.saturating_mul(HOUR_MS), "an hour"))
                    .transpose()?,
                state,
                reason: reasons.text(connection, reason)?,
                deliveries,
            });
        }
        Ok(HourlyLedger {
            ledger: self.destination.ledger(self.head),
            entries,
        })
    }
}

/// The whole fold in one snapshot.
pub(super) fn at_once(
    connection: &Connection,
    name: &str,
    hours: Hours,
) -> Result<Option<HourlyLedger>, Trouble> {
    let Some(mut fold) = Fold::begin(connection, name, hours)? else {
        return Ok(None);
    };
    loop {
        match fold.step(connection)? {
            Step::More(further) => fold = further,
            Step::Done(ledger) => return Ok(Some(ledger)),
            // Not within one snapshot.
            Step::Stale => return Ok(None),
        }
    }
}

fn with_clock_error(time: Timestamp) -> Timestamp {
    let ms = time.as_millisecond().saturating_add(CLOCK_ERROR_MS);
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

fn state_of(code: i64) -> Result<State, Trouble> {
    State::from_code(from_sql(code, "a state")?)
        .ok_or_else(|| Trouble::Malformed(format!("a state is {code}")))
}

/// Adds what is removed from the outcomes of a destination to the books of its
/// hours.
pub(super) fn keep_removed(
    connection: &Connection,
    destination: i64,
    sums: &Sums,
) -> Result<(), Trouble> {
    let mut add = connection.prepare_cached(
        "INSERT INTO removed_deliveries (destination, hour, state, reason, deliveries)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO UPDATE SET deliveries = deliveries + excluded.deliveries",
    )?;
    for (&(hour, state, reason), &deliveries) in sums {
        add.execute(params![
            destination,
            hour,
            state.code(),
            reason,
            to_sql(deliveries)?
        ])?;
    }
    Ok(())
}

/// What the books of its hours say that was removed, by state.
pub(super) fn removed_by_state(
    connection: &Connection,
    destination: i64,
) -> Result<Vec<(State, u64)>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT state, sum(deliveries) FROM removed_deliveries
         WHERE destination = ?1 GROUP BY state",
    )?;
    let mut rows = statement.query([destination])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push((state_of(row.get(0)?)?, from_sql(row.get(1)?, "a sum")?));
    }
    Ok(found)
}
