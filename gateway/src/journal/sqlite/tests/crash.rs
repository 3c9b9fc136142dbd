//! What a power cut, a kill or an abandoned handle leaves behind.

use super::fixture::{CRM, Fixture, delivered, parking, settlement};
use crate::{
    journal::{
        JournalReader, State,
        sqlite::{Options, SqliteJournal},
    },
    record::Seq,
};

#[tokio::test]
async fn what_was_acknowledged_survives_a_power_cut_at_any_time() {
    let fixture = Fixture::new();
    let epoch = fixture.claim().await.epoch;
    for round in 1..=6_u64 {
        let appended = fixture.append(1).await;
        let cut = fixture.after_power_cut();
        assert_eq!(cut.journal.head(), Seq(round), "appended, then cut");
        let found = cut.journal.find(appended[0].id).await.expect("a read");
        assert_eq!(found.expect("an arrival").seq, Seq(round));
        assert_eq!(cut.counted(State::Pending).await, 1);
        cut.assert_clean().await;

        let settled = match round % 2 {
            0 => delivered([round]),
            _ => settlement(vec![], vec![parking(round, State::Retrying)]),
        };
        fixture.settle(epoch, settled).await;
        let cut = fixture.after_power_cut();
        assert_eq!(cut.counted(State::Pending).await, 0, "settled, then cut");
        assert_eq!(cut.claim().await.cursor, Seq(round));
        cut.assert_clean().await;
        let next = cut.append(1).await;
        assert_eq!(next[0].seq, Seq(round + 1));
        assert!(next[0].id > appended[0].id);
    }
}

#[tokio::test]
async fn a_log_cut_short_loses_whole_commits_only() {
    let fixture = Fixture::new();
    let epoch = fixture.claim().await.epoch;
    for seq in 1..=8 {
        fixture.append(1).await;
        fixture.settle(epoch, delivered([seq])).await;
    }
    let log = std::fs::read(fixture.directory.path().join("journal.db-wal")).expect("a log");
    let mut heads = Vec::new();
    for cut_at in (1..=12).map(|part| log.len() * part / 12) {
        let directory = tempfile::tempdir().expect("a directory");
        let copy = directory.path().join("journal.db");
        std::fs::copy(fixture.path(), &copy).expect("a copy");
        std::fs::write(directory.path().join("journal.db-wal"), &log[..cut_at]).expect("a log");
        let journal = SqliteJournal::open(&copy, &Options::default());
        let journal = journal.unwrap_or_else(|error| panic!("cut at {cut_at}: {error}"));
        let audit = journal.verify().await.expect("an audit");
        assert!(audit.is_clean(), "cut at {cut_at}: {audit:#?}");
        heads.push(journal.head());
    }
    assert!(heads.is_sorted());
    assert_eq!(heads.last(), Some(&Seq(8)));
    assert!(heads.first() < heads.last(), "the cuts did cut");
}

#[tokio::test]
async fn damage_is_told_in_words() {
    for (damage, words) in [
        (
            "UPDATE destinations SET delivered = delivered + 1",
            "the ledger says 3 delivered, recounted are 2",
        ),
        (
            "UPDATE destinations SET cursor = 2",
            "arrival 3 is dead, but has not passed",
        ),
        (
            "UPDATE destinations SET cursor = 4",
            "arrival 4 has passed, but has no outcome",
        ),
        (
            "DELETE FROM exceptions",
            "arrival 3 is an exception: none, by its outcomes: dead",
        ),
        (
            "DELETE FROM outcomes",
            "arrival 1 has passed, but has no outcome",
        ),
        (
            "DELETE FROM arrivals WHERE seq = 1",
            "4 arrivals are indexed and 3 are stored",
        ),
        (
            "UPDATE arrival_index SET id = zeroblob(16) WHERE seq = 2",
            "not above the one before",
        ),
        (
            "DELETE FROM arrival_index WHERE seq = 3; DELETE FROM arrivals WHERE seq = 3",
            "arrival 3 is dead, but is not kept",
        ),
    ] {
        let fixture = Fixture::new();
        fixture.append(4).await;
        let epoch = fixture.claim().await.epoch;
        fixture.settle(epoch, delivered([1, 2])).await;
        fixture
            .settle(epoch, settlement(vec![], vec![parking(3, State::Dead)]))
            .await;
        fixture.assert_clean().await;
        let db = rusqlite::Connection::open(fixture.path()).expect("a database");
        db.execute_batch(damage).expect("damage");
        let audit = fixture.journal.verify().await.expect("an audit");
        assert!(!audit.is_clean(), "{damage}");
        let told = serde_json::to_string(&audit).expect("JSON");
        assert!(told.contains(words), "{damage}: {told}");
        assert!(told.contains(CRM));
    }
}
