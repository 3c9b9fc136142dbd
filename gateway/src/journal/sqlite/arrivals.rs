//! Reading arrivals.

use std::{collections::HashMap, ops::RangeInclusive, sync::Arc};

use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};
use uuid::Uuid;

use super::{
    append::session_hash,
    corrections,
    keyring::{Opened, Snapshot},
    trouble::{Trouble, from_sql, time, to_sql},
};
use crate::{
    journal::{Dedup, Seen, seal::Place},
    record::{Arrival, ArrivalId, Defect, Kind, Seq, Tags},
};

const QUERY: &str =
    "SELECT i.seq, i.id, i.received_ms, s.name, i.kind, a.session, a.tags, a.defect,
    a.body, i.key_day FROM arrival_index AS i JOIN arrivals AS a ON a.seq = i.seq
    JOIN sources AS s ON s.id = i.source";

/// Arrivals from a position on; see
/// [`JournalReader::read`](crate::journal::JournalReader::read).
pub(super) fn read(
    snapshot: &Snapshot<'_>,
    from: Seq,
    limit: usize,
    max_bytes: usize,
) -> Result<Vec<Arc<Arrival>>, Trouble> {
    let mut statement =
        snapshot.prepare_cached(&format!("{QUERY} WHERE i.seq >= ?1 ORDER BY i.seq"))?;
    let mut rows = statement.query([to_sql(from.0)?])?;
    let mut found: Vec<Arrival> = Vec::new();
    let mut sources = HashMap::new();
    let mut bytes = 0;
    while found.len() < limit && bytes < max_bytes {
        let Some(row) = rows.next()? else { break };
        let arrival = arrival(snapshot, row, &mut sources)?;
        bytes += arrival.body.len();
        found.push(arrival);
    }
    corrections::lay_over(snapshot, &mut found)?;
    Ok(found.into_iter().map(Arc::new).collect())
}

/// The arrival at a position.
pub(super) fn get(snapshot: &Snapshot<'_>, seq: Seq) -> Result<Option<Arc<Arrival>>, Trouble> {
    let mut statement = snapshot.prepare_cached(&format!("{QUERY} WHERE i.seq = ?1"))?;
    let mut rows = statement.query([to_sql(seq.0)?])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut found = [arrival(snapshot, row, &mut HashMap::new())?];
    corrections::lay_over(snapshot, &mut found)?;
    Ok(found.map(Arc::new).into_iter().next())
}

/// The arrival with an id.
pub(super) fn find(
    snapshot: &Snapshot<'_>,
    id: ArrivalId,
) -> Result<Option<Arc<Arrival>>, Trouble> {
    let head = newest(snapshot)?;
    match first_not_before(snapshot, head, id)? {
        Some((seq, found)) if found == id => get(snapshot, seq),
        _ => Ok(None),
    }
}

/// The newest position.
pub(super) fn newest(connection: &Connection) -> Result<Seq, Trouble> {
    let max: Option<i64> = connection
        .prepare_cached("SELECT max(seq) FROM arrival_index")?
        .query_row([], |row| row.get(0))?;
    Ok(Seq(from_sql(max.unwrap_or(0), "the newest seq")?))
}

/// The first arrival that is kept at or after a position.
pub(super) fn first_kept(
    connection: &Connection,
    from: Seq,
) -> Result<Option<(Seq, ArrivalId)>, Trouble> {
    let found: Option<(i64, [u8; 16])> = connection
        .prepare_cached("SELECT seq, id FROM arrival_index WHERE seq >= ?1 ORDER BY seq LIMIT 1")?
        .query_row([to_sql(from.0)?], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    found
        .map(|(seq, id)| {
            Ok((
                Seq(from_sql(seq, "a seq")?),
                ArrivalId(Uuid::from_bytes(id)),
            ))
        })
        .transpose()
}

/// The runs of positions between two others, both included, that are not kept.
pub(super) fn gaps(
    connection: &Connection,
    first: Seq,
    last: Seq,
) -> Result<Vec<RangeInclusive<u64>>, Trouble> {
    let mut statement = connection
        .prepare_cached("SELECT seq FROM arrival_index WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq")?;
    let mut rows = statement.query([to_sql(first.0)?, to_sql(last.0)?])?;
    let (mut next, mut gaps) = (first.0, Vec::new());
    while let Some(row) = rows.next()? {
        let kept: u64 = from_sql(row.get(0)?, "a seq")?;
        if next < kept {
            gaps.push(next..=kept - 1);
        }
        next = kept + 1;
    }
    if next <= last.0 {
        gaps.push(next..=last.0);
    }
    Ok(gaps)
}

/// The first arrival whose id is not less than this one: ids ascend, so the
/// positions are halved until it is found. Positions may be missing.
pub(super) fn first_not_before(
    connection: &Connection,
    head: Seq,
    id: ArrivalId,
) -> Result<Option<(Seq, ArrivalId)>, Trouble> {
    let (mut low, mut high) = (0, head.0 + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match first_kept(connection, Seq(middle))? {
            Some((seq, found)) if found < id => low = seq.0 + 1,
            _ => high = middle,
        }
    }
    first_kept(connection, Seq(low))
}

/// The newest arrivals of a session within a range of positions, newest first.
pub(super) fn of_session(
    snapshot: &Snapshot<'_>,
    session: &str,
    first: u64,
    last: u64,
    limit: usize,
) -> Result<Vec<Arc<Arrival>>, Trouble> {
    let mut statement = snapshot.prepare_cached(
        "SELECT seq FROM arrival_index WHERE seq BETWEEN ?1 AND ?2 AND session_hash = ?3
         ORDER BY seq DESC",
    )?;
    let mut rows = statement.query(params![
        to_sql(first)?,
        to_sql(last)?,
        session_hash(session)
    ])?;
    let mut found = Vec::new();
    while found.len() < limit {
        let Some(row) = rows.next()? else { break };
        let seq = Seq(from_sql(row.get(0)?, "a seq")?);
        found.extend(
            get(snapshot, seq)?.filter(|arrival| arrival.session.as_deref() == Some(session)),
        );
    }
    Ok(found)
}

/// What the deduplication window remembers of a range of positions since a time,
/// newest first.
pub(super) fn seen(
    connection: &Connection,
    first: u64,
    last: u64,
    since: Timestamp,
    limit: usize,
) -> Result<Vec<Seen>, Trouble> {
    let mut statement = connection.prepare_cached(
        "SELECT seq, id, received_ms, dedup_key, body_hash FROM arrival_index
         WHERE seq BETWEEN ?1 AND ?2 AND received_ms >= ?3 ORDER BY seq DESC",
    )?;
    let mut rows = statement.query([to_sql(first)?, to_sql(last)?, since.as_millisecond()])?;
    let mut seen = Vec::new();
    while seen.len() < limit {
        let Some(row) = rows.next()? else { break };
        seen.push(Seen {
            seq: Seq(from_sql(row.get(0)?, "a seq")?),
            id: ArrivalId(Uuid::from_bytes(row.get(1)?)),
            received: time(row.get(2)?, "a time of receipt")?,
            dedup: Dedup {
                key: row.get(3)?,
                body: row.get(4)?,
            },
        });
    }
    Ok(seen)
}

/// Tags as they are stored.
pub(super) fn tags_of(seq: u64, stored: Option<String>) -> Result<Tags, Trouble> {
    stored.map_or(Ok(Tags::new()), |tags| {
        serde_json::from_str(&tags)
            .map_err(|_| Trouble::Malformed(format!("arrival {seq} has an unknown form of tags")))
    })
}

fn arrival(
    snapshot: &Snapshot<'_>,
    row: &Row<'_>,
    sources: &mut HashMap<String, Arc<str>>,
) -> Result<Arrival, Trouble> {
    let seq: u64 = from_sql(row.get(0)?, "a seq")?;
    let malformed = |what: &str| Trouble::Malformed(format!("arrival {seq} has an unknown {what}"));
    let source: String = row.get(3)?;
    let kind: String = row.get(4)?;
    let session: Option<String> = row.get(5)?;
    let tags: Option<String> = row.get(6)?;
    let defect: Option<String> = row.get(7)?;
    let defect = defect
        .map(|name| name.parse().map_err(|_| malformed("defect")))
        .transpose()?;
    let place = Place::Arrival(Seq(seq));
    let (defect, body) = match snapshot.open(row.get(9)?, place, row.get(8)?)? {
        Opened::Plain(body) => (defect, Bytes::from(body)),
        Opened::KeyDropped => (Some(Defect::KeyDropped), Bytes::new()),
        Opened::Damaged => (Some(Defect::Damaged), Bytes::new()),
    };
    Ok(Arrival {
        seq: Seq(seq),
        id: ArrivalId(Uuid::from_bytes(row.get(1)?)),
        received: time(row.get(2)?, "a time of receipt")?,
        source: Arc::clone(
            sources
                .entry(source)
                .or_insert_with_key(|name| Arc::from(name.as_str())),
        ),
        kind: kind.parse::<Kind>().map_err(|_| malformed("kind"))?,
        session: session.map(Arc::from),
        tags: tags_of(seq, tags)?,
        defect,
        body,
        corrections: Vec::new(),
    })
}
