//! What is appended comes back, by every way of looking.

use std::sync::Arc;

use super::fixture::{Fixture, arrival, at};
use crate::{
    journal::{Journal, JournalReader, NewArrival, sqlite::SqliteJournal},
    record::{ArrivalId, Defect, Kind, Seq},
};

#[tokio::test]
async fn an_arrival_comes_back_as_it_was() {
    let fixture = Fixture::new();
    let new = NewArrival {
        kind: Kind::Voicemail,
        session: None,
        tags: [("violations".to_owned(), "[\"/a\"]".to_owned())].into(),
        defect: Some(Defect::Unreadable),
        body: bytes::Bytes::from_static(b"\xff not JSON \0"),
        ..arrival(7)
    };
    let appended = fixture.journal.append(new).await.expect("an arrival");
    let fixture = fixture.reopened();
    let read = fixture
        .journal
        .get(Seq(1))
        .await
        .expect("a read")
        .expect("an arrival");
    assert_eq!(format!("{read:?}"), format!("{appended:?}"));
}

#[tokio::test]
async fn arrivals_are_found_by_position_id_and_session() {
    let fixture = Fixture::new();
    let mut head = fixture.journal.watch();
    let arrivals = fixture.append(12).await;
    assert_eq!(*head.borrow_and_update(), Seq(12));
    let journal = &fixture.journal;

    for arrival in &arrivals {
        let found = journal
            .find(arrival.id)
            .await
            .expect("a read")
            .expect("an arrival");
        assert_eq!(found.seq, arrival.seq);
    }
    let unknown = ArrivalId(uuid::Uuid::now_v7());
    assert!(journal.find(unknown).await.expect("a read").is_none());
    assert!(journal.get(Seq(13)).await.expect("a read").is_none());

    let again = journal.append(arrival(3)).await.expect("an arrival");
    let of_session = journal.find_session("session-3", 10).await.expect("a read");
    let seqs: Vec<_> = of_session.iter().map(|arrival| arrival.seq).collect();
    assert_eq!(seqs, [Seq(4), again.seq]);
    let newest = journal.find_session("session-3", 1).await.expect("a read");
    assert_eq!(newest[0].seq, again.seq);
    assert!(
        journal
            .find_session("other", 9)
            .await
            .expect("a read")
            .is_empty()
    );
}

#[tokio::test]
async fn times_become_positions() {
    let fixture = Fixture::new();
    fixture.append(5).await;
    for (ms, position) in [(-9, 1), (0, 1), (1, 2), (4, 5), (5, 6), (9, 6)] {
        let found = fixture.journal.first_since(at(ms)).await;
        assert_eq!(found, Ok(Seq(position)), "{ms}");
    }
    let none = Fixture::new().journal.first_since(at(0)).await;
    assert_eq!(none, Ok(Seq(1)));
}

#[tokio::test]
async fn reading_stops_at_the_limits() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(10).await;
    let two = arrivals[0].body.len() + arrivals[1].body.len();
    for (from, limit, bytes, expected) in [
        (1, 3, usize::MAX, vec![1, 2, 3]),
        (9, 30, usize::MAX, vec![9, 10]),
        (11, 3, usize::MAX, vec![]),
        (1, 30, 0, vec![1]),
        (1, 30, two, vec![1, 2]),
        (0, 0, usize::MAX, vec![]),
    ] {
        let read = fixture
            .journal
            .read(Seq(from), limit, bytes)
            .await
            .expect("a read");
        let seqs: Vec<_> = read.iter().map(|arrival| arrival.seq.0).collect();
        assert_eq!(seqs, expected, "from {from}, limit {limit}, bytes {bytes}");
    }
}

#[tokio::test]
async fn ids_ascend_over_restarts_and_clock_steps() {
    let mut fixture = Fixture::new();
    let mut last = None;
    for ms in [50_000, 60_000, 10_000, 10_000, -90_000, 60_000] {
        let new = NewArrival {
            received: at(ms),
            ..arrival(0)
        };
        let appended = fixture.journal.append(new).await.expect("an arrival");
        assert_eq!(appended.received, at(ms), "the time of receipt is not bent");
        assert!(Some(appended.id) > last, "after a step to {ms}");
        last = Some(appended.id);
        fixture = fixture.reopened();
    }
    fixture.assert_clean().await;
}

#[tokio::test]
async fn concurrent_appends_leave_no_gap() {
    let fixture = Fixture::new();
    let tasks: Vec<_> = (0..300)
        .map(|number| {
            let journal = Arc::clone(&fixture.journal);
            tokio::spawn(async move { journal.append(arrival(number)).await })
        })
        .collect();
    let mut arrivals = Vec::new();
    for task in tasks {
        arrivals.push(task.await.expect("a task").expect("an arrival"));
    }
    arrivals.sort_by_key(|arrival| arrival.seq);
    assert!(arrivals.is_sorted_by(|a, b| a.id < b.id));
    let seqs: Vec<_> = arrivals.iter().map(|arrival| arrival.seq.0).collect();
    assert_eq!(seqs, (1..=300).collect::<Vec<_>>());
    assert!(
        fixture.journal.health().commits < 300,
        "commits were shared"
    );
}

#[tokio::test]
async fn the_dedup_window_is_rebuilt_from_its_time_on() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(20).await;
    let fixture = fixture.reopened();
    for (since, limit, expected) in [(0, 100, 1..=20), (15, 100, 16..=20), (0, 3, 18..=20)] {
        let window = fixture
            .journal
            .dedup_window(at(since), limit)
            .await
            .expect("a window");
        let seqs: Vec<_> = window.iter().map(|seen| seen.seq.0).collect();
        assert_eq!(
            seqs,
            expected.collect::<Vec<_>>(),
            "since {since}, limit {limit}"
        );
        for seen in window {
            let arrival = &arrivals[usize::try_from(seen.seq.0 - 1).expect("small")];
            assert_eq!((seen.id, seen.received), (arrival.id, arrival.received));
            assert_eq!(seen.dedup.key[0], !seen.dedup.body[0]);
        }
    }
    let none = fixture
        .journal
        .dedup_window(at(99_999), 9)
        .await
        .expect("a window");
    assert!(none.is_empty());
}

#[tokio::test]
async fn another_process_may_look_meanwhile() {
    let fixture = Fixture::new();
    fixture.append(3).await;
    fixture.claim().await;
    let reader = SqliteJournal::open_read_only(&fixture.path()).expect("a reader");
    assert_eq!(reader.head(), Seq(3));
    fixture.append(1).await;
    assert_eq!(
        reader.ledgers().await.expect("ledgers")[0].counts.pending,
        4
    );
    assert!(reader.verify().await.expect("an audit").is_clean());
    let path = fixture.path();
    let Fixture { directory, journal } = fixture;
    drop((journal, reader));
    let reader = SqliteJournal::open_read_only(&path).expect("a reader of a closed journal");
    assert_eq!(reader.head(), Seq(4));
    drop(directory);
}

#[tokio::test]
async fn the_views_are_readable() {
    let fixture = Fixture::new();
    fixture.append(2).await;
    fixture.claim().await;
    let db = rusqlite::Connection::open(fixture.path()).expect("a database");
    let (received, source, body): (String, String, String) = db
        .query_row(
            "SELECT received, source, body FROM arrivals_readable WHERE seq = 2",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .expect("a row");
    assert_eq!(received, "2023-11-14T22:13:20.001Z");
    assert_eq!(
        (source.as_str(), body.as_str()),
        ("tccc", "{\"number\": 1}")
    );
    let pending: i64 = db
        .query_row("SELECT pending FROM ledger WHERE name = 'crm'", [], |row| {
            row.get(0)
        })
        .expect("a row");
    assert_eq!(pending, 2);
}
