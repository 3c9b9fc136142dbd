//! Files that an older version of this program wrote.

use std::path::Path;

use rusqlite::{Connection, params};

use super::fixture::{CRM, Fixture, at};
use crate::{
    journal::{
        JournalError, JournalReader, State,
        packed::{Step, pack},
        sqlite::{Options, SqliteJournal, schema},
    },
    record::Seq,
};

/// A file of schema version 1 with four arrivals: two delivered, one dead, one
/// pending.
fn version_1(path: &Path) {
    let db = Connection::open(path).expect("a database");
    db.pragma_update(None, "auto_vacuum", "INCREMENTAL")
        .expect("a setting");
    db.execute_batch(include_str!("../schema/001.sql"))
        .expect("the first schema");
    db.pragma_update(None, "application_id", schema::APPLICATION_ID.cast_signed())
        .expect("an application id");
    db.pragma_update(None, "user_version", 1)
        .expect("a version");
    db.execute_batch("INSERT INTO sources VALUES (1, 'tccc')")
        .expect("a source");
    for seq in 1..=4_i64 {
        let mut id = [0; 16];
        id[15] = u8::try_from(seq).expect("small");
        let received = at(seq).as_millisecond();
        db.execute(
            "INSERT INTO arrival_index VALUES (?1, ?2, ?3, 1, 'cdr', zeroblob(16), zeroblob(16), NULL)",
            params![seq, id, received],
        )
        .expect("an arrival");
        db.execute(
            "INSERT INTO arrivals VALUES (?1, NULL, NULL, NULL, x'7b7d')",
            [seq],
        )
        .expect("a body");
    }
    db.execute(
        "INSERT INTO destinations (id, name, epoch, range_start, cursor, ahead, next_ordinal,
         delivered, dead) VALUES (1, ?1, 1, 1, 3, x'', 2, 2, 1)",
        [CRM],
    )
    .expect("a destination");
    let states = [State::Delivered, State::Delivered, State::Dead];
    let steps: Vec<_> = (1..).zip(states).map(step).collect();
    let packed = pack(&steps).remove(0);
    db.execute(
        "INSERT INTO outcomes VALUES (1, 1, 1, 3, 0, ?1)",
        [packed.entries],
    )
    .expect("outcomes");
    db.execute_batch("INSERT INTO exceptions VALUES (1, 3, 5, 0, '', 1, 0, NULL, 1)")
        .expect("an exception");
}

fn step((first, state): (u64, State)) -> Step {
    Step {
        first,
        more: 0,
        state,
        reason: 0,
        status: 0,
        revision: 1,
        duration_ms: 0,
    }
}

#[tokio::test]
async fn a_file_of_version_1_opens_and_balances() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal.db");
    version_1(&path);
    let refused = SqliteJournal::open_read_only(&path).expect_err("too old to look at");
    let expected = JournalError::OlderSchema {
        path: path.clone(),
        found: 1,
        known: schema::known_version(),
    };
    assert_eq!(refused, expected);

    let journal = SqliteJournal::open(&path, &Options::default()).expect("a journal");
    let fixture = Fixture {
        directory,
        journal: journal.into(),
    };
    assert_eq!(fixture.journal.head(), Seq(4));
    let audit = fixture.assert_clean().await;
    let counts = audit.destinations[0].recount;
    assert_eq!((counts.delivered, counts.dead, counts.pending), (2, 1, 1));
    assert_eq!(fixture.remove_before(at(1_000)).await, 2);
    fixture.assert_clean().await;
    SqliteJournal::open_read_only(&path).expect("new enough to look at");
}

#[tokio::test]
async fn what_an_older_version_froze_is_sent_again() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("journal.db");
    version_1(&path);
    let old = Connection::open(&path).expect("a database");
    old.execute_batch(
        "INSERT INTO frozen VALUES (1, 3, 'id', 'application/json', NULL, '[]', '', x'7b7d')",
    )
    .expect("a frozen payload");
    drop(old);
    let journal = SqliteJournal::open(&path, &Options::default()).expect("a journal");
    let frozen = journal.frozen(CRM, Seq(3)).await.expect("a read");
    let frozen = frozen.expect("what was frozen");
    assert_eq!((&frozen.body[..], frozen.superseded), (&b"{}"[..], false));
}
