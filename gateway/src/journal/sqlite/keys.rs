//! The table of day keys: made, wrapped anew, dropped, forgotten.
//!
//! It is small, a row a day, and whatever takes a wrapped key away writes it anew
//! as a whole, with deleted bytes overwritten, so that no page keeps a trace.

use std::{borrow::Cow, sync::Arc};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::{
    group::Group,
    keyring::{Keyring, missing},
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{
        SealedDay,
        seal::{Day, DayKey, KeyId, MasterKey, Masters, PartKey, Place, SealError},
    },
    record::Seq,
};

impl From<SealError> for Trouble {
    fn from(error: SealError) -> Self {
        Self::refused("the journal", format!("something {error}"))
    }
}

/// What the writer seals arrivals with.
#[derive(Debug, Default)]
pub(super) struct Sealing {
    master: Option<Arc<MasterKey>>,
    /// The newest key, which may not be committed yet.
    key: Option<Arc<DayKey>>,
}

impl Sealing {
    /// With this master key; in the clear without one.
    pub(super) fn new(master: Option<Arc<MasterKey>>) -> Self {
        Self { master, key: None }
    }
}

/// The key for an arrival of a day, made if it is the first of its day; `None`
/// where arrivals are kept in the clear. Never that of a day before another
/// one's, so that the arrivals of a key follow each other.
pub(super) fn for_arrival(
    group: &mut Group<'_>,
    day: Day,
    seq: Seq,
) -> Result<Option<Arc<DayKey>>, Trouble> {
    let Some(master) = &group.sealing.master else {
        return Ok(None);
    };
    if let Some(key) = &group.sealing.key
        && key.day() >= day
    {
        return Ok(Some(Arc::clone(key)));
    }
    let newest = rows(group.connection)?.pop();
    let key = match newest {
        Some(row) if row.day >= day && row.wrapped.is_some() => {
            row.unwrap(&group.keyring.masters())?
        }
        // Dropped already, and the clock went back: the next day's.
        Some(row) if row.day >= day => create(group.connection, master, row.day.next(), seq)?,
        _ => create(group.connection, master, day, seq)?,
    };
    let key = Arc::new(key);
    group.sealing.key = Some(Arc::clone(&key));
    Ok(Some(key))
}

/// The key for the parts of files that are begun on a day, which is that of the
/// day's arrivals and made for the next one if there was none yet.
pub(super) fn for_parts(group: &mut Group<'_>, day: Day) -> Result<Option<PartKey>, Trouble> {
    let next = group.tail.head.next();
    Ok(for_arrival(group, day, next)?.map(PartKey::new))
}

/// Whether the key of a day is there.
pub(super) fn is_kept(connection: &Connection, day: Day) -> Result<bool, Trouble> {
    let kept: Option<bool> = connection
        .prepare_cached("SELECT wrapped IS NOT NULL FROM day_keys WHERE day = ?1")?
        .query_row([day.number()], |row| row.get(0))
        .optional()?;
    Ok(kept.unwrap_or(false))
}

/// What is kept of an arrival, sealed as its body is.
///
/// # Errors
/// When that key was dropped: nothing more is kept of such an arrival.
pub(super) fn seal<'a>(
    group: &Group<'_>,
    arrival: Seq,
    place: Place,
    plain: &'a [u8],
) -> Result<Cow<'a, [u8]>, Trouble> {
    Ok(match of_arrival(group, arrival)? {
        Some(key) => Cow::Owned(key.seal(place, plain)?),
        None => Cow::Borrowed(plain),
    })
}

fn of_arrival(group: &Group<'_>, seq: Seq) -> Result<Option<Arc<DayKey>>, Trouble> {
    let number: Option<i64> = group
        .connection
        .prepare_cached("SELECT key_day FROM arrival_index WHERE seq = ?1")?
        .query_row([to_sql(seq.0)?], |row| row.get(0))
        .optional()?
        .flatten();
    let Some(number) = number else {
        return Ok(None);
    };
    let key = group.keyring.day(group.connection, day(number)?)?;
    let gone = || {
        Trouble::refused(
            "the journal",
            format!("the key of arrival {seq} was dropped"),
        )
    };
    key.map(Some).ok_or_else(gone)
}

/// A day from SQLite.
pub(super) fn day(number: i64) -> Result<Day, Trouble> {
    Day::from_number(number).ok_or_else(|| Trouble::Malformed(format!("a day is {number}")))
}

/// The key of a day; `None` when it was dropped.
pub(super) fn load(
    connection: &Connection,
    day: Day,
    masters: &Masters,
) -> Result<Option<DayKey>, Trouble> {
    let row = rows(connection)?.into_iter().find(|row| row.day == day);
    let row = row.ok_or_else(|| Trouble::Malformed(format!("there is no key of {day}")))?;
    match row.wrapped {
        Some(_) => row.unwrap(masters).map(Some),
        None => Ok(None),
    }
}

/// Makes sure that every key can be unwrapped, so that a wrong master key is
/// found before anything is written.
pub(super) fn check(connection: &Connection, masters: &Masters) -> Result<(), Trouble> {
    for row in rows(connection)? {
        if row.wrapped.is_some() {
            row.unwrap(masters)?;
        }
    }
    Ok(())
}

/// Takes these master keys from now on: every day key is wrapped by the current
/// one. Without a current one they stay as they are. Returns whether some were
/// wrapped by another one.
pub(super) fn adopt(group: &mut Group<'_>, masters: &Masters) -> Result<bool, Trouble> {
    check(group.connection, masters)?;
    let changed = match &masters.current {
        Some(master) => rewrap(group.connection, master, masters)?,
        None => false,
    };
    *group.sealing = Sealing::new(masters.current.clone());
    Ok(changed)
}

/// Wraps every day key by a master key, where another one does. Returns whether
/// there were any.
fn rewrap(connection: &Connection, master: &MasterKey, masters: &Masters) -> Result<bool, Trouble> {
    let mut rows = rows(connection)?;
    let mut changed = false;
    for row in &mut rows {
        if row.wrapped.is_some() && row.master != *master.id() {
            let raw = row.raw(masters)?;
            row.wrapped = Some(master.wrap(row.day, &raw)?);
            row.master = master.id().clone();
            changed = true;
        }
    }
    if changed {
        write_anew(connection, &rows)?;
    }
    Ok(changed)
}

/// Takes the wrapped key of a day away; `false` when it was dropped before or
/// there was none.
pub(super) fn drop_wrapped(group: &mut Group<'_>, day: Day) -> Result<bool, Trouble> {
    let mut rows = rows(group.connection)?;
    let Some(row) = rows
        .iter_mut()
        .find(|row| row.day == day && row.wrapped.is_some())
    else {
        return Ok(false);
    };
    row.wrapped = None;
    row.dropped = Some(Timestamp::now());
    write_anew(group.connection, &rows)?;
    group.sealing.key = None;
    Ok(true)
}

/// Forgets the newest key, which may have been made by what is undone: it is read
/// again when it is needed.
pub(super) fn forget_newest(group: &mut Group<'_>) {
    group.sealing.key = None;
}

/// The days that are over, whose arrivals are all removed, whose parts are all
/// finished, and by which no stage remembers anything.
pub(super) fn unused(connection: &Connection, now: Timestamp) -> Result<Vec<Day>, Trouble> {
    let mut unused = Vec::new();
    for range in ranges(connection)? {
        if range.day >= Day::of(now) {
            break;
        }
        let kept: Option<i64> = connection
            .prepare_cached(
                "SELECT 1 FROM arrival_index WHERE seq BETWEEN ?1 AND ?2 AND key_day = ?3 LIMIT 1",
            )?
            .query_row(range.bounds()?, |row| row.get(0))
            .optional()?;
        if kept.is_none()
            && super::files::sealed_with(connection, range.day)?.is_empty()
            && !super::stages::is_sealed_with(connection, range.day)?
        {
            unused.push(range.day);
        }
    }
    Ok(unused)
}

/// Forgets days that are unused, as the writer sees it.
pub(super) fn forget_unused(group: &mut Group<'_>, now: Timestamp) -> Result<Vec<Day>, Trouble> {
    let days = unused(group.connection, now)?;
    if !days.is_empty() {
        let mut rows = rows(group.connection)?;
        rows.retain(|row| !days.contains(&row.day));
        write_anew(group.connection, &rows)?;
        group.sealing.key = None;
    }
    Ok(days)
}

/// Every day that has a key, or had one.
pub(super) fn list(connection: &Connection) -> Result<Vec<SealedDay>, Trouble> {
    let rows = rows(connection)?.into_iter();
    Ok(rows
        .map(|row| SealedDay {
            day: row.day,
            master: row.master,
            created: row.created,
            dropped: row.dropped,
        })
        .collect())
}

/// Where the arrivals of a key lie; others may lie between them, which are kept
/// in the clear.
pub(super) struct Range {
    pub(super) day: Day,
    pub(super) first: Seq,
    pub(super) last: Seq,
}

impl Range {
    /// First and last position, and the day.
    pub(super) fn bounds(&self) -> Result<[i64; 3], Trouble> {
        let day = i64::from(self.day.number());
        Ok([to_sql(self.first.0)?, to_sql(self.last.0)?, day])
    }
}

/// Where the arrivals of each key lie, in order.
pub(super) fn ranges(connection: &Connection) -> Result<Vec<Range>, Trouble> {
    let rows = rows(connection)?;
    let ends = rows
        .iter()
        .skip(1)
        .map(|next| Seq(next.first.0.saturating_sub(1)));
    // The last position that SQLite knows.
    let ends = ends.chain([Seq(i64::MAX.cast_unsigned())]);
    let range = |(row, last): (&Row, Seq)| Range {
        day: row.day,
        first: row.first,
        last,
    };
    Ok(rows.iter().zip(ends).map(range).collect())
}

/// A row of the table.
struct Row {
    day: Day,
    master: KeyId,
    wrapped: Option<Vec<u8>>,
    first: Seq,
    created: Timestamp,
    dropped: Option<Timestamp>,
}

impl Row {
    fn raw(&self, masters: &Masters) -> Result<crate::journal::seal::RawKey, Trouble> {
        let wrapped = self.wrapped.as_deref().unwrap_or_default();
        let master = masters.get(&self.master);
        let master = master.ok_or_else(|| missing(self.day, self.master.as_str()))?;
        master
            .unwrap(self.day, wrapped)
            .ok_or_else(|| Trouble::Malformed(format!("the key of {} does not unwrap", self.day)))
    }

    fn unwrap(&self, masters: &Masters) -> Result<DayKey, Trouble> {
        Ok(DayKey::new(self.day, &self.raw(masters)?)?)
    }
}

/// Every row, in order of days.
fn rows(connection: &Connection) -> Result<Vec<Row>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT day, master, wrapped, first_seq, created_ms, dropped_ms FROM day_keys ORDER BY day",
    )?;
    let mut found = Vec::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let dropped: Option<i64> = row.get(5)?;
        found.push(Row {
            day: day(row.get(0)?)?,
            master: KeyId::from_stored(row.get(1)?),
            wrapped: row.get(2)?,
            first: Seq(from_sql(row.get(3)?, "a key's first seq")?),
            created: time(row.get(4)?, "a key's time")?,
            dropped: dropped
                .map(|ms| time(ms, "a dropped key's time"))
                .transpose()?,
        });
    }
    Ok(found)
}

fn create(
    connection: &Connection,
    master: &MasterKey,
    day: Day,
    first: Seq,
) -> Result<DayKey, Trouble> {
    let (key, raw) = DayKey::generate(day)?;
    let row = Row {
        day,
        master: master.id().clone(),
        wrapped: Some(master.wrap(day, &raw)?),
        first,
        created: Timestamp::now(),
        dropped: None,
    };
    insert(connection, &row)?;
    Ok(key)
}

fn insert(connection: &Connection, row: &Row) -> Result<(), Trouble> {
    connection
        .prepare_cached(
            "INSERT INTO day_keys (day, master, wrapped, first_seq, created_ms, dropped_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![
            row.day.number(),
            row.master.as_str(),
            row.wrapped,
            to_sql(row.first.0)?,
            row.created.as_millisecond(),
            row.dropped.map(Timestamp::as_millisecond),
        ])?;
    Ok(())
}

/// Every page of the table is emptied and overwritten, then filled again.
fn write_anew(connection: &Connection, rows: &[Row]) -> Result<(), Trouble> {
    let overwrite =
        |on: bool| connection.pragma_update_and_check(None, "secure_delete", on, |_| Ok(()));
    overwrite(true)?;
    connection.execute("DELETE FROM day_keys", [])?;
    for row in rows {
        insert(connection, row)?;
    }
    overwrite(false)?;
    Ok(())
}

/// The keys that a file needs, checked and wrapped by the current master key.
pub(super) fn take_over(connection: &Connection, keyring: &Keyring) -> Result<Sealing, Trouble> {
    let masters = keyring.masters();
    check(connection, &masters)?;
    if let Some(master) = &masters.current {
        connection.execute_batch("BEGIN IMMEDIATE")?;
        rewrap(connection, master, &masters)?;
        connection.execute_batch("COMMIT")?;
    }
    Ok(Sealing::new(masters.current))
}
