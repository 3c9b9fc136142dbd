//! A destination's row: owner, range, cursor and counters.

use std::ops::RangeInclusive;

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::trouble::{Trouble, from_sql, to_sql};
use crate::{
    journal::{Counts, Ledger, SeqSet},
    record::Seq,
};

const COLUMNS: &str = "id, name, epoch, range_start, range_end, cursor, ahead, next_ordinal,
    delivered, skipped, retrying, suspended, dead, discarded, expired,
    removed_delivered, removed_skipped, removed_discarded, removed_expired, retrying_bytes";

/// A destination as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Destination {
    /// Its number in the other tables.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// The owner's epoch.
    pub epoch: u64,
    /// The first arrival of its range.
    pub start: Seq,
    /// The last one, once retired.
    pub end: Option<Seq>,
    /// Everything up to here has passed.
    pub cursor: Seq,
    /// What has passed beyond.
    pub ahead: SeqSet,
    /// The number of its next row of outcomes.
    pub next_ordinal: u64,
    /// The kept counters; pending is always 0 here.
    pub counts: Counts,
    /// Of these, the deliveries whose arrivals retention removed; all final.
    pub removed: Counts,
    /// Bytes of the bodies of what is retrying.
    pub retrying_bytes: u64,
}

impl Destination {
    /// One destination, if it is known.
    pub(super) fn load(connection: &Connection, name: &str) -> Result<Option<Self>, Trouble> {
        connection
            .prepare_cached(&format!(
                "SELECT {COLUMNS} FROM destinations WHERE name = ?1"
            ))?
            .query_row([name], |row| Ok(Self::from_row(row)))
            .optional()?
            .transpose()
    }

    /// All of them, in the order of their first claim.
    pub(super) fn load_all(connection: &Connection) -> Result<Vec<Self>, Trouble> {
        let mut statement = connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM destinations ORDER BY id"))?;
        let mut rows = statement.query([])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(Self::from_row(row)?);
        }
        Ok(all)
    }

    fn from_row(row: &Row<'_>) -> Result<Self, Trouble> {
        let number = |column: usize, what: &str| from_sql::<u64>(row.get(column)?, what);
        let name: String = row.get(1)?;
        let ahead: Vec<u8> = row.get(6)?;
        let end: Option<i64> = row.get(4)?;
        Ok(Self {
            id: row.get(0)?,
            epoch: number(2, "an epoch")?,
            start: Seq(number(3, "a range's start")?),
            end: end
                .map(|end| from_sql(end, "a range's end").map(Seq))
                .transpose()?,
            cursor: Seq(number(5, "a cursor")?),
            ahead: SeqSet::decode(&ahead).map_err(|error| {
                Trouble::Malformed(format!("what {name} has passed ahead is {error}"))
            })?,
            next_ordinal: number(7, "an ordinal")?,
            counts: Counts {
                pending: 0,
                delivered: number(8, "a counter")?,
                skipped: number(9, "a counter")?,
                retrying: number(10, "a counter")?,
                suspended: number(11, "a counter")?,
                dead: number(12, "a counter")?,
                discarded: number(13, "a counter")?,
                expired: number(14, "a counter")?,
            },
            removed: Counts {
                delivered: number(15, "a counter")?,
                skipped: number(16, "a counter")?,
                discarded: number(17, "a counter")?,
                expired: number(18, "a counter")?,
                ..Counts::default()
            },
            retrying_bytes: number(19, "bytes of what is retrying")?,
            name,
        })
    }

    /// Adds a destination whose range starts at a position.
    pub(super) fn create(connection: &Connection, name: &str, start: Seq) -> Result<(), Trouble> {
        connection.execute(
            "INSERT INTO destinations (name, epoch, range_start, cursor, ahead, next_ordinal)
             VALUES (?1, 0, ?2, ?2 - 1, x'', 1)",
            params![name, to_sql(start.0)?],
        )?;
        Ok(())
    }

    /// Writes the row, all but the counter of pending deliveries, which follows
    /// from the rest.
    pub(super) fn store(&self, connection: &Connection) -> Result<(), Trouble> {
        let (counts, removed) = (&self.counts, &self.removed);
        connection
            .prepare_cached(
                "UPDATE destinations SET name = ?2, epoch = ?3, range_end = ?4, cursor = ?5,
                 ahead = ?6, next_ordinal = ?7, delivered = ?8, skipped = ?9, retrying = ?10,
                 suspended = ?11, dead = ?12, discarded = ?13, expired = ?14,
                 removed_delivered = ?15, removed_skipped = ?16, removed_discarded = ?17,
                 removed_expired = ?18, retrying_bytes = ?19 WHERE id = ?1",
            )?
            .execute(params![
                self.id,
                self.name,
                to_sql(self.epoch)?,
                self.end.map(|end| to_sql(end.0)).transpose()?,
                to_sql(self.cursor.0)?,
                self.ahead.encode(),
                to_sql(self.next_ordinal)?,
                to_sql(counts.delivered)?,
                to_sql(counts.skipped)?,
                to_sql(counts.retrying)?,
                to_sql(counts.suspended)?,
                to_sql(counts.dead)?,
                to_sql(counts.discarded)?,
                to_sql(counts.expired)?,
                to_sql(removed.delivered)?,
                to_sql(removed.skipped)?,
                to_sql(removed.discarded)?,
                to_sql(removed.expired)?,
                to_sql(self.retrying_bytes)?,
            ])?;
        Ok(())
    }

    /// Whether an arrival has passed.
    pub(super) fn has_passed(&self, seq: Seq) -> bool {
        seq <= self.cursor || self.ahead.contains(seq)
    }

    /// How many arrivals between two positions have passed.
    pub(super) fn passed_within(&self, range: &RangeInclusive<u64>) -> u64 {
        let (first, last) = (*range.start(), *range.end());
        let up_to_cursor = (self.cursor.0.min(last) + 1).saturating_sub(first);
        up_to_cursor + self.ahead.count_within(range)
    }

    /// The runs of positions that have not passed, in a journal with this head.
    pub(super) fn pending(&self, head: Seq) -> Vec<RangeInclusive<u64>> {
        let (mut next, end) = (self.cursor.0 + 1, self.end(head).0);
        let mut runs = Vec::new();
        for passed in self.ahead.ranges() {
            if next < *passed.start() {
                runs.push(next..=passed.start() - 1);
            }
            next = passed.end() + 1;
        }
        if next <= end {
            runs.push(next..=end);
        }
        runs
    }

    /// The last arrival of the range, in a journal with this head.
    pub(super) fn end(&self, head: Seq) -> Seq {
        self.end.unwrap_or(head)
    }

    /// The ledger, in a journal with this head.
    pub(super) fn ledger(&self, head: Seq) -> Ledger {
        let mut ledger = Ledger {
            destination: self.name.clone(),
            start: self.start,
            end: self.end(head),
            cursor: self.cursor,
            ahead: self.ahead.len(),
            epoch: self.epoch,
            retired: self.end.is_some(),
            counts: self.counts,
            removed: self.removed.total(),
        };
        let passed = (self.cursor.0 + 1).saturating_sub(self.start.0) + ledger.ahead;
        ledger.counts.pending = ledger.arrivals().saturating_sub(passed);
        ledger
    }
}
