//! Recounting the books from arrivals and outcomes.

use std::{
    collections::{HashMap, HashSet},
    ops::RangeInclusive,
};

use rusqlite::{Connection, params};
use uuid::Uuid;

use super::{
    arrivals,
    destination::Destination,
    fold, hourly, stages,
    trouble::{Trouble, from_sql, to_sql},
};
use crate::{
    journal::{Audit, Counts, State, Verification},
    record::Seq,
};

/// How many positions are recounted at a time.
const WINDOW: u64 = 16_384;

/// Recounts everything, in the snapshot of the connection's transaction.
pub(super) fn verify(connection: &Connection) -> Result<Audit, Trouble> {
    let head = arrivals::newest(connection)?;
    let (arrivals, mut problems) = check_arrivals(connection)?;
    problems.extend(stages::check(connection, head)?);
    let destinations = Destination::load_all(connection)?
        .into_iter()
        .map(|destination| Recount::new(connection, destination, head).run())
        .collect::<Result<_, _>>()?;
    Ok(Audit {
        arrivals,
        problems,
        destinations,
    })
}

/// Both halves of every arrival are there, and ids ascend.
fn check_arrivals(connection: &Connection) -> Result<(u64, Vec<String>), Trouble> {
    let mut problems = Vec::new();
    let count = |query: &str| -> Result<u64, Trouble> {
        from_sql(
            connection.query_row(query, [], |row| row.get(0))?,
            "a count",
        )
    };
    let total = count("SELECT count(*) FROM arrival_index")?;
    let whole = count("SELECT count(*) FROM arrival_index JOIN arrivals USING (seq)")?;
    let bodies = count("SELECT count(*) FROM arrivals")?;
    if whole != total || whole != bodies {
        problems.push(format!(
            "{total} arrivals are indexed and {bodies} are stored, but only {whole} are both"
        ));
    }
    let keyless = count(
        "SELECT count(*) FROM arrival_index WHERE key_day IS NOT NULL
         AND key_day NOT IN (SELECT day FROM day_keys)",
    )?;
    if keyless > 0 {
        problems.push(format!(
            "{keyless} arrivals are sealed with keys that are not there"
        ));
    }
    let mut statement = connection.prepare("SELECT seq, id FROM arrival_index ORDER BY seq")?;
    let mut rows = statement.query([])?;
    let mut before: Option<[u8; 16]> = None;
    while let Some(row) = rows.next()? {
        let id: [u8; 16] = row.get(1)?;
        if before.is_some_and(|before| before >= id)
            && problems.len() < Verification::MAX_MISMATCHES
        {
            let (seq, id): (i64, _) = (row.get(0)?, Uuid::from_bytes(id));
            problems.push(format!(
                "arrival {seq} has id {id}, not above the one before"
            ));
        }
        before = Some(id);
    }
    Ok((total, problems))
}

/// The recount of one destination.
struct Recount<'a> {
    connection: &'a Connection,
    destination: Destination,
    head: Seq,
    /// By outcomes, for the arrivals that are kept.
    counts: Counts,
    /// Positions of the range whose arrivals are not kept.
    removed: u64,
    mismatches: Vec<String>,
    untold: u64,
}

impl<'a> Recount<'a> {
    fn new(connection: &'a Connection, destination: Destination, head: Seq) -> Self {
        Self {
            connection,
            destination,
            head,
            counts: Counts::default(),
            removed: 0,
            mismatches: Vec::new(),
            untold: 0,
        }
    }

    fn run(mut self) -> Result<Verification, Trouble> {
        let end = self.destination.end(self.head);
        let mut first = self.destination.start.0;
        while first <= end.0 {
            let kept = arrivals::first_kept(self.connection, Seq(first))?;
            let kept = kept.map_or(end.0 + 1, |(seq, _)| seq.0.min(end.0 + 1));
            if kept - first >= WINDOW {
                self.pass_removed(&(first..=kept - 1))?;
                first = kept;
                continue;
            }
            let last = end.0.min(first + WINDOW - 1);
            self.count_window(first, last)?;
            first = last + 1;
        }
        self.check_bounds(end)?;
        self.check_weight()?;
        self.add_removed()?;
        let ledger = self.destination.ledger(self.head);
        for state in State::ALL {
            let (kept, counted) = (ledger.counts.of(state), self.counts.of(state));
            if kept != counted {
                self.mismatch(format!(
                    "the ledger says {kept} {state}, recounted are {counted}"
                ));
            }
        }
        if !ledger.balances() {
            self.mismatch(format!(
                "the range holds {} arrivals, the ledger accounts for {}",
                ledger.arrivals(),
                ledger.counts.total()
            ));
        }
        if self.untold > 0 {
            self.mismatches.push(format!("and {} more", self.untold));
        }
        Ok(Verification {
            ledger,
            recount: self.counts,
            mismatches: self.mismatches,
        })
    }

    /// A long gap between kept arrivals, without a look at each position:
    /// everything in it has passed, and nothing is told of it any more.
    fn pass_removed(&mut self, gap: &RangeInclusive<u64>) -> Result<(), Trouble> {
        let length = gap.end() - gap.start() + 1;
        self.removed += length;
        let (first, last) = (*gap.start(), *gap.end());
        let passed = self.destination.passed_within(gap);
        if passed != length {
            self.mismatch(format!(
                "of arrivals {first} to {last}, which are not kept any more, only {passed} have passed"
            ));
        }
        for (table, position) in [("outcomes", "first_seq"), ("exceptions", "seq")] {
            let rows: i64 = self.connection.query_row(
                &format!(
                    "SELECT count(*) FROM {table} WHERE destination = ?1 AND {position} BETWEEN ?2 AND ?3"
                ),
                params![self.destination.id, to_sql(first)?, to_sql(last)?],
                |row| row.get(0),
            )?;
            if rows > 0 {
                self.mismatch(format!(
                    "{rows} rows of {table} are about arrivals {first} to {last}, which are not kept any more"
                ));
            }
        }
        Ok(())
    }

    /// The recount of what is not kept any more is what was counted when it was
    /// removed.
    fn add_removed(&mut self) -> Result<(), Trouble> {
        let removed = self.destination.removed;
        if removed.total() != self.removed {
            self.mismatch(format!(
                "{} arrivals of its range are not kept any more, {} are counted as removed",
                self.removed,
                removed.total()
            ));
        }
        for state in State::ALL {
            *self.counts.of_mut(state) += removed.of(state);
        }
        self.check_hours(removed)
    }

    /// The books of the hours say the same of what is not kept any more.
    fn check_hours(&mut self, removed: Counts) -> Result<(), Trouble> {
        let mut by_hour = Counts::default();
        for (state, sum) in hourly::removed_by_state(self.connection, self.destination.id)? {
            *by_hour.of_mut(state) += sum;
        }
        for state in State::ALL {
            let (kept, summed) = (removed.of(state), by_hour.of(state));
            if kept != summed {
                self.mismatch(format!(
                    "{kept} {state} are counted as removed, the books by hour hold {summed} of them"
                ));
            }
        }
        Ok(())
    }

    fn count_window(&mut self, first: u64, last: u64) -> Result<(), Trouble> {
        let folded = fold::window(self.connection, self.destination.id, first, last)?;
        let mut exceptions = self.exceptions(first, last)?;
        let present = self.present(first, last)?;
        for (seq, step) in (first..=last).zip(folded) {
            let state = step.map_or(State::Pending, |last| last.step.state);
            let passed = self.destination.has_passed(Seq(seq));
            let is_kept = present
                .as_ref()
                .is_none_or(|present| present.contains(&seq));
            if !is_kept {
                self.removed += 1;
                if step.is_some() || !passed || exceptions.contains_key(&seq) {
                    self.mismatch(format!(
                        "arrival {seq} is {state}, but is not kept any more"
                    ));
                }
                continue;
            }
            *self.counts.of_mut(state) += 1;
            if passed != step.is_some() {
                self.mismatch(if passed {
                    format!("arrival {seq} has passed, but has no outcome")
                } else {
                    format!("arrival {seq} is {state}, but has not passed")
                });
            }
            let kept = exceptions.remove(&seq);
            let wanted = state.is_exception().then_some(state);
            if kept != wanted {
                let name = |state: Option<State>| state.map_or("none", State::as_str);
                self.mismatch(format!(
                    "arrival {seq} is an exception: {}, by its outcomes: {}",
                    name(kept),
                    name(wanted)
                ));
            }
        }
        Ok(())
    }

    fn exceptions(&self, first: u64, last: u64) -> Result<HashMap<u64, State>, Trouble> {
        let mut statement = self.connection.prepare_cached(
            "SELECT seq, state FROM exceptions WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
        )?;
        let mut rows =
            statement.query(params![self.destination.id, to_sql(first)?, to_sql(last)?])?;
        let mut found = HashMap::new();
        while let Some(row) = rows.next()? {
            let code: i64 = row.get(1)?;
            let state = State::from_code(from_sql(code, "a state")?)
                .ok_or_else(|| Trouble::Malformed(format!("a state is {code}")))?;
            found.insert(from_sql(row.get(0)?, "a seq")?, state);
        }
        Ok(found)
    }

    /// The arrivals of a window that are kept; `None` when all are.
    fn present(&self, first: u64, last: u64) -> Result<Option<HashSet<u64>>, Trouble> {
        let mut statement = self
            .connection
            .prepare_cached("SELECT seq FROM arrival_index WHERE seq BETWEEN ?1 AND ?2")?;
        let mut rows = statement.query([to_sql(first)?, to_sql(last)?])?;
        let mut present = HashSet::new();
        while let Some(row) = rows.next()? {
            present.insert(from_sql(row.get(0)?, "a seq")?);
        }
        let all = u64::try_from(present.len()).ok() == Some(last - first + 1);
        Ok((!all).then_some(present))
    }

    /// Nothing is settled, or passed, outside the range.
    fn check_bounds(&mut self, end: Seq) -> Result<(), Trouble> {
        let start = self.destination.start;
        for (table, low, high) in [
            ("outcomes", "first_seq", "last_seq"),
            ("exceptions", "seq", "seq"),
        ] {
            let outside: i64 = self.connection.query_row(
                &format!(
                    "SELECT count(*) FROM {table} WHERE destination = ?1 AND ({low} < ?2 OR {high} > ?3)"
                ),
                params![self.destination.id, to_sql(start.0)?, to_sql(end.0)?],
                |row| row.get(0),
            )?;
            if outside > 0 {
                self.mismatch(format!(
                    "{outside} rows of {table} are outside {start} to {end}"
                ));
            }
        }
        let furthest = self
            .destination
            .ahead
            .last()
            .unwrap_or(self.destination.cursor);
        if furthest > end || self.destination.cursor.next() < start {
            self.mismatch(format!("the cursor has left the range {start} to {end}"));
        }
        Ok(())
    }

    /// What is retrying weighs what the destination says.
    fn check_weight(&mut self) -> Result<(), Trouble> {
        let bytes: i64 = self.connection.query_row(
            "SELECT coalesce(sum(length(a.body)), 0)
             FROM exceptions AS e JOIN arrivals AS a USING (seq)
             WHERE e.destination = ?1 AND e.state = ?2",
            params![self.destination.id, State::Retrying.code()],
            |row| row.get(0),
        )?;
        let found: u64 = from_sql(bytes, "bytes of what is retrying")?;
        let kept = self.destination.retrying_bytes;
        if kept != found {
            self.mismatch(format!(
                "the destination says that {kept} bytes are retrying, recounted are {found}"
            ));
        }
        Ok(())
    }

    fn mismatch(&mut self, text: String) {
        if self.mismatches.len() < Verification::MAX_MISMATCHES {
            self.mismatches.push(text);
        } else {
            self.untold += 1;
        }
    }
}
