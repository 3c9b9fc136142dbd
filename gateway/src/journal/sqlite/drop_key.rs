//! Dropping the key of a day: what it sealed cannot be read any more, so nothing
//! of it can be delivered. All in one transaction, and counted before.
//!
//! What stands in a sealed part of a file was delivered, so a key is not dropped
//! before the owners of its parts have finished them, and brought them to their
//! object store. Nobody owns the parts of a retired destination: those are given up,
//! and counted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, Rows, params};

use super::{
    destination::Destination,
    files,
    group::Group,
    keys,
    settle::pass,
    stages,
    trouble::{Trouble, from_sql, to_sql},
};
use crate::{
    journal::{KeyDrop, Outcome, Reason, SealedContent, SeqSet, State, seal::Day},
    record::{Defect, Seq},
};

/// What is sealed with the key of a day.
pub(super) fn content(connection: &Connection, day: Day) -> Result<SealedContent, Trouble> {
    let sealed = sealed_with(connection, day)?;
    let head = super::arrivals::newest(connection)?;
    let parts = files::sealed_with(connection, day)?;
    let mut content = SealedContent {
        arrivals: sealed.len(),
        ..SealedContent::default()
    };
    for destination in Destination::load_all(connection)? {
        if let Some(count) = parts.get(&destination.id) {
            content
                .sealed_parts
                .insert(destination.name.clone(), *count);
        }
        let unsettled = unsettled(connection, &destination, head, &sealed)?.len();
        if let Ok(count @ 1..) = u64::try_from(unsettled) {
            content.unsettled.insert(destination.name, count);
        }
    }
    Ok(content)
}

/// Drops the key of a day: its deliveries expire where they are not settled, and
/// the owners of those destinations have to claim them again. `None` when there
/// is no such key any more.
///
/// # Errors
/// Refused for a day that is not over, or while a part that it seals is open or
/// waits at a destination which is not retired.
pub(super) fn drop_key(group: &mut Group<'_>, day: Day) -> Result<Option<KeyDrop>, Trouble> {
    let now = Timestamp::now();
    if day >= Day::of(now) {
        let problem = format!("{day} is not over; its key is still in use");
        return Err(Trouble::refused("the journal", problem));
    }
    let connection = group.connection;
    let sealed = sealed_with(connection, day)?;
    let owners = owners_of_parts(connection, day)?;
    if !owners.is_empty() {
        let problem = format!(
            "parts of files that {day} seals are open, or wait for an object store, at {}; its key stays until they are finished and there",
            owners.join(", ")
        );
        return Err(Trouble::refused("the journal", problem));
    }
    if !keys::drop_wrapped(group, day)? {
        return Ok(None);
    }
    forget_corrections(connection, &sealed)?;
    stages::forget_sealed(connection, day)?;
    let revision = newest_revision(connection)?;
    let mut dropped = KeyDrop {
        lost_parts: give_up_parts(connection, day)?,
        ..KeyDrop::default()
    };
    for mut destination in Destination::load_all(connection)? {
        forget_responses(connection, destination.id, &sealed)?;
        let unsettled = unsettled(connection, &destination, group.tail.head, &sealed)?;
        if unsettled.is_empty() {
            continue;
        }
        let expired = |seq| {
            let reason = Reason::from(Defect::KeyDropped.as_str());
            Outcome::without_attempt(seq, State::Expired, reason, revision)
        };
        let outcomes: Vec<_> = unsettled.into_iter().map(expired).collect();
        destination.epoch += 1;
        dissolve_batches(connection, destination.id, &sealed)?;
        pass(group, &mut destination, now, &outcomes)?;
        destination.store(connection)?;
        let count = u64::try_from(outcomes.len()).unwrap_or(u64::MAX);
        dropped.expired.insert(destination.name, count);
    }
    Ok(Some(dropped))
}

/// The destinations that have parts which are sealed with the key of a day, and can
/// finish and bring them.
fn owners_of_parts(connection: &Connection, day: Day) -> Result<Vec<String>, Trouble> {
    let parts = files::sealed_with(connection, day)?;
    let destinations = Destination::load_all(connection)?.into_iter();
    let owners = destinations.filter(|it| it.end.is_none() && parts.contains_key(&it.id));
    Ok(owners.map(|destination| destination.name).collect())
}

/// Gives up the parts that nobody finishes or brings.
fn give_up_parts(connection: &Connection, day: Day) -> Result<BTreeMap<String, u64>, Trouble> {
    let parts = files::sealed_with(connection, day)?;
    let mut lost = BTreeMap::new();
    for destination in Destination::load_all(connection)? {
        if let Some(count) = parts.get(&destination.id) {
            files::give_up(connection, &destination, day)?;
            lost.insert(destination.name, *count);
        }
    }
    Ok(lost)
}

/// The arrivals that are sealed with the key of a day.
fn sealed_with(connection: &Connection, day: Day) -> Result<SeqSet, Trouble> {
    let ranges = keys::ranges(connection)?;
    let Some(range) = ranges.into_iter().find(|range| range.day == day) else {
        return Ok(SeqSet::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM arrival_index WHERE seq BETWEEN ?1 AND ?2 AND key_day = ?3 ORDER BY seq",
    )?;
    seqs(statement.query(range.bounds()?)?)
}

/// Of some arrivals those that are pending or an exception at a destination, in
/// order.
fn unsettled(
    connection: &Connection,
    destination: &Destination,
    head: Seq,
    arrivals: &SeqSet,
) -> Result<Vec<Seq>, Trouble> {
    let within = destination.start..=destination.end(head);
    let exceptions = exceptions(connection, destination.id, arrivals)?;
    let is_unsettled = |seq: &Seq| !destination.has_passed(*seq) || exceptions.contains(*seq);
    let mine = arrivals.iter().filter(|seq| within.contains(seq));
    Ok(mine.filter(is_unsettled).collect())
}

fn exceptions(
    connection: &Connection,
    destination: i64,
    arrivals: &SeqSet,
) -> Result<SeqSet, Trouble> {
    let (Some(first), Some(last)) = (arrivals.iter().next(), arrivals.last()) else {
        return Ok(SeqSet::new());
    };
    let mut statement = connection.prepare_cached(
        "SELECT seq FROM exceptions WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq",
    )?;
    seqs(statement.query(params![destination, to_sql(first.0)?, to_sql(last.0)?])?)
}

fn seqs(mut rows: Rows<'_>) -> Result<SeqSet, Trouble> {
    let mut seqs = SeqSet::new();
    while let Some(row) = rows.next()? {
        seqs.insert(Seq(from_sql(row.get(0)?, "a seq")?));
    }
    Ok(seqs)
}

/// A frozen batch is not sent without one of its members under its id: the others
/// go alone, or in another one.
fn dissolve_batches(
    connection: &Connection,
    destination: i64,
    arrivals: &SeqSet,
) -> Result<(), Trouble> {
    let mut dissolve = connection.prepare_cached(
        "UPDATE exceptions SET batch = NULL WHERE destination = ?1 AND batch IN
         (SELECT batch FROM exceptions WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3)",
    )?;
    for range in arrivals.ranges() {
        dissolve.execute([destination, to_sql(*range.start())?, to_sql(*range.end())?])?;
    }
    Ok(())
}

/// What people corrected cannot be read any more, and must not hide that.
fn forget_corrections(connection: &Connection, arrivals: &SeqSet) -> Result<(), Trouble> {
    let mut delete =
        connection.prepare_cached("DELETE FROM corrections WHERE seq BETWEEN ?1 AND ?2")?;
    for range in arrivals.ranges() {
        delete.execute([to_sql(*range.start())?, to_sql(*range.end())?])?;
    }
    Ok(())
}

/// What receivers answered cannot be read any more either.
fn forget_responses(
    connection: &Connection,
    destination: i64,
    arrivals: &SeqSet,
) -> Result<(), Trouble> {
    let mut delete = connection.prepare_cached(
        "DELETE FROM attempt_responses WHERE destination = ?1 AND seq BETWEEN ?2 AND ?3",
    )?;
    for range in arrivals.ranges() {
        delete.execute([destination, to_sql(*range.start())?, to_sql(*range.end())?])?;
    }
    Ok(())
}

fn newest_revision(connection: &Connection) -> Result<u32, Trouble> {
    let newest: Option<i64> =
        connection.query_row("SELECT max(number) FROM revisions", [], |row| row.get(0))?;
    from_sql(newest.unwrap_or(0), "a revision")
}
