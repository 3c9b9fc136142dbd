//! The end of the journal: the newest position and id, and what follows them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use uuid::{Builder, Uuid};

use super::trouble::{Trouble, from_sql, to_sql};
use crate::record::{ArrivalId, Seq};

/// Bits of a `UUIDv7` behind its time, without version and variant.
const RANDOM_BITS: u32 = 74;

/// The newest arrival's position and id, and what was received up to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tail {
    /// `Seq(0)` in an empty journal.
    pub head: Seq,
    /// `None` in an empty journal.
    pub id: Option<ArrivalId>,
    /// Bytes of all bodies received up to it.
    pub bytes: u64,
}

impl Tail {
    /// Reads the tail, and makes sure that both halves of the newest arrival
    /// are there.
    pub(super) fn load(connection: &Connection) -> Result<Self, Trouble> {
        let newest: Option<(i64, Uuid, i64)> = connection
            .query_row(
                "SELECT seq, id, bytes_through FROM arrival_index ORDER BY seq DESC LIMIT 1",
                [],
                |row| Ok((row.get(0)?, row.get(1).map(Uuid::from_bytes)?, row.get(2)?)),
            )
            .optional()?;
        let body: Option<i64> =
            connection.query_row("SELECT max(seq) FROM arrivals", [], |row| row.get(0))?;
        let indexed = newest.map(|(seq, ..)| seq);
        if indexed != body {
            return Err(Trouble::Malformed(format!(
                "arrival_index ends at {indexed:?}, arrivals at {body:?}"
            )));
        }
        Ok(Self {
            head: Seq(from_sql(indexed.unwrap_or(0), "the newest seq")?),
            id: newest.map(|(_, id, _)| ArrivalId(id)),
            bytes: from_sql(newest.map_or(0, |(.., bytes)| bytes), "bytes received")?,
        })
    }

    /// Whether the file still holds the arrival that this tail ends with.
    pub(super) fn is_in(&self, connection: &Connection) -> Result<bool, Trouble> {
        let Some(id) = self.id else {
            return Ok(true);
        };
        let stored: Option<[u8; 16]> = connection
            .query_row(
                "SELECT id FROM arrival_index WHERE seq = ?1",
                [to_sql(self.head.0)?],
                |row| row.get(0),
            )
            .optional()?;
        Ok(stored.map(Uuid::from_bytes) == Some(id.0))
    }

    /// The position and id of an arrival received at a time with a body of so
    /// many bytes, as the tail behind this one. Ids ascend whatever the clock does: while it stands or is
    /// behind, the newest id is counted up.
    pub(super) fn following(&self, received: Timestamp, bytes: usize) -> Self {
        let clock = u64::try_from(received.as_millisecond()).unwrap_or(0);
        let (_, random) = parts(Uuid::now_v7());
        let (ms, random) = match self.id.map(|id| parts(id.0)) {
            Some((last, counter)) if clock <= last => {
                let next = random.max(counter + 1);
                (last + u64::from(next >> RANDOM_BITS != 0), next)
            }
            _ => (clock, random),
        };
        Self {
            head: self.head.next(),
            id: Some(ArrivalId(compose(ms, random))),
            bytes: self.bytes + u64::try_from(bytes).unwrap_or(0),
        }
    }
}

/// The smallest id of a millisecond: where the arrivals of a time begin.
pub(super) fn first_id_at(time: Timestamp) -> ArrivalId {
    ArrivalId(compose(
        u64::try_from(time.as_millisecond()).unwrap_or(0),
        0,
    ))
}

/// Milliseconds and random bits of a `UUIDv7`.
fn parts(id: Uuid) -> (u64, u128) {
    let (high, low) = id.as_u64_pair();
    let random = u128::from(high & 0xfff) << 62 | u128::from(low & (u64::MAX >> 2));
    (high >> 16, random)
}

/// The `UUIDv7` of milliseconds and random bits.
fn compose(ms: u64, random: u128) -> Uuid {
    let mut counter = [0; 10];
    // The builder takes 80 bits and writes version and variant over six of them.
    let high = (random >> 62) & 0xfff;
    let low = random & u128::from(u64::MAX >> 2);
    counter.copy_from_slice(&(high << 64 | low).to_be_bytes()[6..]);
    Builder::from_unix_timestamp_millis(ms, &counter).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(ms).expect("a time in range")
    }

    #[test]
    fn ids_are_version_7_and_bear_the_time() {
        let id = Tail::default()
            .following(at(1_700_000_000_123), 7)
            .id
            .expect("an id")
            .0;
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
        assert_eq!(parts(id).0, 1_700_000_000_123);
        assert_eq!(compose(parts(id).0, parts(id).1), id);
    }

    #[test]
    fn ids_ascend_whatever_the_clock_does() {
        let mut tail = Tail::default();
        for ms in [5_000, 5_000, 4_000, -7, 5_000, 5_001, 6_000, 1].repeat(50) {
            let next = tail.following(at(ms), 2);
            assert!(next.id > tail.id, "{ms}");
            assert_eq!(next.head, tail.head.next());
            assert_eq!(next.bytes, tail.bytes + 2);
            tail = next;
        }
    }

    #[test]
    fn a_used_up_millisecond_borrows_the_next() {
        let full = Tail {
            head: Seq(1),
            id: Some(ArrivalId(compose(9, (1 << RANDOM_BITS) - 1))),
            bytes: 0,
        };
        let next = full.following(at(9), 0);
        assert!(next.id > full.id);
        assert_eq!(parts(next.id.expect("an id").0), (10, 0));
    }
}
