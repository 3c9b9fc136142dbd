//! Stages in the file: their rows, and what they hold.

mod advance;
mod state;
mod timers;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{
    SqliteJournal, arrivals,
    group::{Group, Isolation},
    tail::first_id_at,
    trouble::{Trouble, from_sql, to_sql},
};
use crate::{
    journal::{
        JournalError, StageAdvanced, StageClaim, StageHeld, StageJournal, StageStanding, StageStep,
        StageTimer, StageValue, Start,
    },
    record::Seq,
};

pub(super) use state::{forget_sealed, is_sealed_with};

const COLUMNS: &str = "id, name, epoch, range_start, cursor, state_bytes, state_keys, timers,
    derived, repeated, failed";

/// A stage as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stage {
    id: i64,
    name: String,
    epoch: u64,
    /// The first arrival that it sees.
    start: Seq,
    cursor: Seq,
    held: StageHeld,
    derived: u64,
    repeated: u64,
    failed: u64,
}

impl Stage {
    fn load(connection: &Connection, name: &str) -> Result<Option<Self>, Trouble> {
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM stages WHERE name = ?1"))?;
        let mut rows = statement.query([name])?;
        rows.next()?.map(Self::from_row).transpose()
    }

    /// Every stage, in order of their names.
    pub(super) fn load_all(connection: &Connection) -> Result<Vec<Self>, Trouble> {
        let mut statement =
            connection.prepare_cached(&format!("SELECT {COLUMNS} FROM stages ORDER BY name"))?;
        let mut rows = statement.query([])?;
        let mut found = Vec::new();
        while let Some(row) = rows.next()? {
            found.push(Self::from_row(row)?);
        }
        Ok(found)
    }

    fn from_row(row: &Row<'_>) -> Result<Self, Trouble> {
        let count = |index: usize| from_sql(row.get(index)?, "a count of a stage");
        Ok(Self {
            id: row.get(0)?,
            name: row.get(1)?,
            epoch: from_sql(row.get(2)?, "an epoch")?,
            start: Seq(from_sql(row.get(3)?, "where a stage starts")?),
            cursor: Seq(from_sql(row.get(4)?, "a cursor")?),
            held: StageHeld {
                state_bytes: count(5)?,
                state_keys: count(6)?,
                timers: count(7)?,
            },
            derived: count(8)?,
            repeated: count(9)?,
            failed: count(10)?,
        })
    }

    fn store(&self, connection: &Connection) -> Result<(), Trouble> {
        connection
            .prepare_cached(
                "UPDATE stages SET epoch = ?2, cursor = ?3, state_bytes = ?4, state_keys = ?5,
                 timers = ?6, derived = ?7, repeated = ?8, failed = ?9 WHERE id = ?1",
            )?
            .execute(params![
                self.id,
                to_sql(self.epoch)?,
                to_sql(self.cursor.0)?,
                to_sql(self.held.state_bytes)?,
                to_sql(self.held.state_keys)?,
                to_sql(self.held.timers)?,
                to_sql(self.derived)?,
                to_sql(self.repeated)?,
                to_sql(self.failed)?,
            ])?;
        Ok(())
    }

    fn standing(self) -> StageStanding {
        StageStanding {
            stage: self.name,
            cursor: self.cursor,
            held: self.held,
            derived: self.derived,
            repeated: self.repeated,
            failed: self.failed,
        }
    }

    /// Whether an arrival is done with, or was never the stage's.
    pub(super) fn is_done_with(&self, seq: u64) -> bool {
        seq < self.start.0 || seq <= self.cursor.0
    }

    /// Where retention goes on in view of what the stage has not seen yet.
    pub(super) fn beyond_backlog(&self, next: Seq) -> Option<Seq> {
        self.is_done_with(next.0).then_some(next)
    }
}

/// The number of a stage; none where it never claimed.
fn number(connection: &Connection, name: &str) -> Result<Option<i64>, Trouble> {
    Ok(connection
        .prepare_cached("SELECT id FROM stages WHERE name = ?1")?
        .query_row([name], |row| row.get(0))
        .optional()?)
}

fn claim(group: &mut Group<'_>, name: &str, start: Start) -> Result<StageClaim, Trouble> {
    let connection = group.connection;
    if Stage::load(connection, name)?.is_none() {
        let first = first_of_range(group, start)?;
        connection.execute(
            "INSERT INTO stages (name, epoch, range_start, cursor) VALUES (?1, 0, ?2, ?3)",
            params![name, to_sql(first.0)?, to_sql(first.0.saturating_sub(1))?],
        )?;
    }
    let mut stage = Stage::load(connection, name)?
        .ok_or_else(|| Trouble::Malformed(format!("stage {name} cannot be stored")))?;
    stage.epoch += 1;
    stage.store(connection)?;
    Ok(StageClaim {
        epoch: stage.epoch,
        cursor: stage.cursor,
        held: stage.held,
    })
}

fn first_of_range(group: &Group<'_>, start: Start) -> Result<Seq, Trouble> {
    let found = match start {
        Start::Now => None,
        Start::Beginning => arrivals::first_kept(group.connection, Seq(1))?,
        Start::At(at) => {
            arrivals::first_not_before(group.connection, group.tail.head, first_id_at(at))?
        }
    };
    Ok(found.map_or(group.tail.head.next(), |(seq, _)| seq))
}

fn forget(group: &mut Group<'_>, name: &str) -> Result<StageHeld, Trouble> {
    let connection = group.connection;
    let Some(stage) = Stage::load(connection, name)? else {
        return Ok(StageHeld::default());
    };
    for delete in [
        "DELETE FROM stage_state WHERE stage = ?1",
        "DELETE FROM stage_timers WHERE stage = ?1",
        "DELETE FROM stages WHERE id = ?1",
    ] {
        connection.execute(delete, [stage.id])?;
    }
    Ok(stage.held)
}

/// What a recount finds wrong with stages.
pub(super) fn check(connection: &Connection, head: Seq) -> Result<Vec<String>, Trouble> {
    let mut problems = Vec::new();
    for stage in Stage::load_all(connection)? {
        let counted: (i64, i64, i64) = connection.query_row(
            "SELECT (SELECT coalesce(sum(bytes), 0) FROM stage_state WHERE stage = ?1),
             (SELECT count(*) FROM stage_state WHERE stage = ?1),
             (SELECT count(*) FROM stage_timers WHERE stage = ?1)",
            [stage.id],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let summed = StageHeld {
            state_bytes: from_sql(counted.0, "bytes of state")?,
            state_keys: from_sql(counted.1, "a count of keys")?,
            timers: from_sql(counted.2, "a count of timers")?,
        };
        let name = &stage.name;
        if summed != stage.held {
            let kept = stage.held;
            problems.push(format!(
                "stage {name} holds {summed:?}, its counters say {kept:?}"
            ));
        }
        if stage.cursor > head && stage.cursor.next() > stage.start {
            problems.push(format!(
                "stage {name} is done with arrival {}, the newest is {head}",
                stage.cursor
            ));
        }
    }
    let loose: i64 = connection.query_row(
        "SELECT count(*) FROM derived_keys AS d LEFT JOIN arrival_index AS i
         ON i.seq = d.seq AND i.dedup_key = d.key WHERE i.seq IS NULL",
        [],
        |row| row.get(0),
    )?;
    if loose > 0 {
        problems.push(format!("{loose} keys of derived arrivals have no arrival"));
    }
    Ok(problems)
}

/// Forgets the keys of derived arrivals that are removed.
pub(super) fn forget_keys(connection: &Connection, bounds: [i64; 2]) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "DELETE FROM derived_keys WHERE key IN
             (SELECT dedup_key FROM arrival_index WHERE seq BETWEEN ?1 AND ?2)
             AND seq BETWEEN ?1 AND ?2",
        )?
        .execute(bounds)?;
    Ok(())
}

#[async_trait]
impl StageJournal for SqliteJournal {
    async fn stages(&self) -> Result<Vec<StageStanding>, JournalError> {
        self.readers
            .read(|db| {
                let all = Stage::load_all(db)?.into_iter();
                Ok(all.map(Stage::standing).collect())
            })
            .await
    }

    async fn stage_value(
        &self,
        stage: &str,
        key: &str,
        now: Timestamp,
    ) -> Result<Option<StageValue>, JournalError> {
        let (stage, key) = (stage.to_owned(), key.to_owned());
        self.readers
            .read(move |db| state::get(db, &stage, &key, now))
            .await
    }

    async fn stage_keys(
        &self,
        stage: &str,
        prefix: &str,
        after: Option<&str>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<String>, JournalError> {
        let (stage, prefix, after) = (
            stage.to_owned(),
            prefix.to_owned(),
            after.map(str::to_owned),
        );
        self.readers
            .read(move |db| state::keys(db, &stage, &prefix, after.as_deref(), now, limit))
            .await
    }

    async fn stage_timer(&self, stage: &str, key: &str) -> Result<Option<Timestamp>, JournalError> {
        let (stage, key) = (stage.to_owned(), key.to_owned());
        self.readers
            .read(move |db| timers::get(db, &stage, &key))
            .await
    }

    async fn stage_timers(
        &self,
        stage: &str,
        limit: usize,
    ) -> Result<Vec<StageTimer>, JournalError> {
        let stage = stage.to_owned();
        self.readers
            .read(move |db| timers::first(db, &stage, limit))
            .await
    }

    async fn claim_stage(&self, stage: &str, start: Start) -> Result<StageClaim, JournalError> {
        let name = stage.to_owned();
        self.submit(Isolation::Savepoint, move |group| {
            claim(group, &name, start)
        })
        .await
    }

    async fn advance_stage(
        &self,
        stage: &str,
        epoch: u64,
        step: StageStep,
    ) -> Result<StageAdvanced, JournalError> {
        let name = stage.to_owned();
        self.submit(Isolation::Savepoint, move |group| {
            advance::advance(group, &name, epoch, step)
        })
        .await
    }

    async fn forget_stage(&self, stage: &str) -> Result<StageHeld, JournalError> {
        let name = stage.to_owned();
        self.submit(Isolation::Savepoint, move |group| forget(group, &name))
            .await
    }
}
