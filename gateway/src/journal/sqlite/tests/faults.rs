//! Full disks, files held by others, and queues that overflow.

use std::{sync::Arc, task::Poll};

use super::fixture::{Fixture, arrival, delivered};
use crate::{
    journal::{
        Journal, JournalError, JournalReader, NewArrival, State,
        sqlite::{Options, SqliteJournal, group::Isolation},
    },
    record::Seq,
};

fn large(bytes: usize) -> NewArrival {
    NewArrival {
        body: vec![b'x'; bytes].into(),
        ..arrival(bytes)
    }
}

/// Lets the file have only so many pages more, until it is opened anew.
async fn disk_with(journal: &SqliteJournal, pages: u32) {
    let limited = journal.submit(Isolation::Savepoint, move |group| {
        let db = group.connection;
        let used: u32 = db.pragma_query_value(None, "page_count", |row| row.get(0))?;
        db.pragma_update_and_check(None, "max_page_count", used + pages, |_| Ok(()))?;
        Ok(())
    });
    limited.await.expect("a smaller disk");
}

#[tokio::test]
async fn a_full_file_acknowledges_nothing_and_heals() {
    let fixture = Fixture::new();
    let acknowledged = fixture.append(3).await;
    let epoch = fixture.claim().await.epoch;
    let journal = &fixture.journal;
    disk_with(journal, 20).await;
    let (first, second, third) = tokio::join!(
        journal.append(large(100_000)),
        journal.append(large(100_000)),
        journal.append(large(100_000)),
    );
    let results = [first, second, third];
    let stored = results.iter().flatten().count() as u64;
    assert!(stored < 3, "something did not fit");
    for error in results.into_iter().filter_map(Result::err) {
        assert!(matches!(error, JournalError::Full { .. }), "{error}");
        assert!(error.is_transient());
    }
    assert_eq!(
        journal.head(),
        Seq(3 + stored),
        "nothing but what was acknowledged"
    );
    assert!(!journal.health().is_ok());
    // Opened anew, the file has room again.
    assert_eq!(journal.probe().await, Ok(()));
    assert!(journal.health().is_ok());
    let next = fixture.append(1).await;
    assert_eq!(next[0].seq, Seq(4 + stored));
    assert!(next[0].id > acknowledged[2].id);
    fixture.settle(epoch, delivered([1, 2, 3])).await;
    let fixture = fixture.reopened();
    assert_eq!(fixture.journal.head(), Seq(4 + stored));
    assert_eq!(fixture.counted(State::Delivered).await, 3);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_lost_file_is_noticed() {
    let fixture = Fixture::new();
    fixture.append(3).await;
    let db = rusqlite::Connection::open(fixture.path()).expect("a database");
    db.execute_batch("DELETE FROM arrival_index WHERE seq = 3; DELETE FROM arrivals WHERE seq = 3")
        .expect("a loss");
    // The writer believes in position 4 and only looks again after a failure.
    disk_with(&fixture.journal, 0).await;
    assert!(fixture.journal.append(large(400_000)).await.is_err());
    let error = fixture
        .journal
        .append(arrival(1))
        .await
        .expect_err("a loss");
    assert!(matches!(error, JournalError::Corrupt { .. }), "{error}");
    assert!(
        error.to_string().contains("arrival 3 was acknowledged"),
        "{error}"
    );
    assert!(fixture.journal.probe().await.is_err());
}

#[tokio::test]
async fn a_full_queue_is_told_at_once() {
    let fixture = Fixture::with(&Options {
        max_queue: 2,
        max_group: 1,
        ..Options::default()
    });
    let journal = &fixture.journal;
    let blocker = rusqlite::Connection::open(fixture.path()).expect("a database");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("a lock");
    let append = |number| journal.append(arrival(number));
    let unblock = async { blocker.execute_batch("ROLLBACK").expect("unlocked") };
    let (one, two, three, four, five, ()) = tokio::join!(
        append(1),
        append(2),
        append(3),
        append(4),
        append(5),
        unblock,
    );
    let results = [one, two, three, four, five];
    let stored = results.iter().flatten().count() as u64;
    // The writer holds one at most, and two wait.
    assert!((2..=3).contains(&stored), "{stored} stored");
    for error in results.into_iter().filter_map(Result::err) {
        assert_eq!(error, JournalError::Busy { queue: 2 });
    }
    assert_eq!(journal.head(), Seq(stored));
    assert_eq!(journal.health().queued, 0);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_waits_is_committed_when_the_journal_is_dropped() {
    let fixture = Fixture::new();
    let journal = Arc::clone(&fixture.journal);
    let mut append = Box::pin(async move { journal.append(arrival(1)).await });
    // Polled once, so that it waits in the queue, and then given up.
    let polled = std::future::poll_fn(|context| Poll::Ready(append.as_mut().poll(context)));
    let _ = polled.await;
    drop(append);
    let fixture = fixture.reopened();
    assert_eq!(fixture.journal.head(), Seq(1));
}
