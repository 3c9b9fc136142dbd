//! Writing arrivals.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::params;
use sha2::{Digest, Sha256};

use super::{
    group::Group,
    keys,
    trouble::{Trouble, to_sql},
};
use crate::{
    journal::{
        JournalError, NewArrival,
        seal::{Day, Place},
    },
    record::{Arrival, Tags},
};

/// The largest body, in bytes. Sources have far smaller limits; SQLite's own is
/// a thousand million, and running into it would fail a whole group.
const MAX_BODY: usize = 256 << 20;

/// What an arrival takes on disk besides its body, in bytes.
const OVERHEAD: usize = 200;

/// Adds an arrival to the group.
pub(super) fn append(group: &mut Group<'_>, new: NewArrival) -> Result<Arc<Arrival>, Trouble> {
    let room = group.room;
    append_within(room, group, new)
}

/// Adds an arrival that a stage derived.
pub(super) fn append_derived(
    group: &mut Group<'_>,
    new: NewArrival,
) -> Result<Arc<Arrival>, Trouble> {
    let room = group.room_for_derived;
    append_within(room, group, new)
}

fn append_within(
    room: u64,
    group: &mut Group<'_>,
    new: NewArrival,
) -> Result<Arc<Arrival>, Trouble> {
    if new.body.len() > MAX_BODY {
        return Err(Trouble::refused(
            &new.source,
            format!("a body of more than {MAX_BODY} bytes"),
        ));
    }
    let size = new.body.len() + OVERHEAD;
    let size_on_disk = u64::try_from(size).unwrap_or(u64::MAX);
    if room < size_on_disk {
        let path = group.connection.path().unwrap_or_default().into();
        return Err(Trouble::Refused(JournalError::Full { path }));
    }
    let tags = tags_as_json(&new.tags)?;
    let tail = group.tail.following(new.received, new.body.len());
    let arrival = Arrival {
        seq: tail.head,
        id: tail
            .id
            .unwrap_or_else(|| super::tail::first_id_at(new.received)),
        received: to_the_millisecond(new.received),
        source: new.source,
        kind: new.kind,
        session: new.session,
        tags: new.tags,
        defect: new.defect,
        body: new.body,
        corrections: Vec::new(),
    };
    let seq = to_sql(arrival.seq.0)?;
    let day = Day::of_id(arrival.id);
    let key = keys::for_arrival(group, day, arrival.seq)?;
    let sealed = key
        .as_deref()
        .map(|key| key.seal(Place::Arrival(arrival.seq), &arrival.body))
        .transpose()?;
    let source = group.names.source(group.connection, &arrival.source)?;
    group
        .connection
        .prepare_cached(
            "INSERT INTO arrival_index
             (seq, id, received_ms, source, kind, dedup_key, body_hash, session_hash,
              bytes_through, key_day)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            seq,
            arrival.id.0.as_bytes(),
            arrival.received.as_millisecond(),
            source,
            arrival.kind.as_str(),
            new.dedup.key,
            new.dedup.body,
            arrival.session.as_deref().map(session_hash),
            to_sql(tail.bytes)?,
            key.map(|key| key.day().number()),
        ])?;
    group
        .connection
        .prepare_cached(
            "INSERT INTO arrivals (seq, session, tags, defect, body) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            seq,
            arrival.session.as_deref(),
            tags,
            arrival.defect.map(crate::record::Defect::as_str),
            sealed.as_deref().unwrap_or(&arrival.body),
        ])?;
    *group.tail = tail;
    group.bytes += size;
    group.room = group.room.saturating_sub(size_on_disk);
    group.room_for_derived = group.room_for_derived.saturating_sub(size_on_disk);
    Ok(Arc::new(arrival))
}

/// What sessions are looked up by: 64 bits of SHA-256, so that the narrow table
/// stays narrow. Whoever looks up compares the session itself as well.
pub(super) fn session_hash(session: &str) -> i64 {
    let digest = Sha256::digest(session.as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    i64::from_be_bytes(first)
}

/// Tags as they are stored; none where there are none.
pub(super) fn tags_as_json(tags: &Tags) -> Result<Option<String>, Trouble> {
    if tags.is_empty() {
        return Ok(None);
    }
    serde_json::to_string(tags)
        .map(Some)
        .map_err(|error| Trouble::refused("an arrival", format!("tags that are no JSON: {error}")))
}

fn to_the_millisecond(time: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(time.as_millisecond()).unwrap_or(time)
}
