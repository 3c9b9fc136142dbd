//! What is old and settled everywhere goes; the books stay.

use jiff::{SignedDuration, Timestamp};

use super::fixture::{CRM, Fixture, arrival, at, delivered, outcome, parking, settlement};
use crate::{
    journal::{
        Attempt, Excerpt, FilePart, Journal, JournalError, JournalReader, Limits, NewArrival,
        PartStage, Reason, Retention, Retire, Settlement, Start, State, sqlite::Options,
    },
    record::{ArrivalId, Seq},
};

const BI: &str = "bi";

/// Old enough for everything that fixtures append.
fn all() -> Timestamp {
    at(1_000)
}

#[tokio::test]
async fn only_what_is_settled_everywhere_goes() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(8).await;
    let crm = fixture.claim().await.epoch;
    let journal = &fixture.journal;
    let bi = journal.claim(BI, Start::Beginning).await.expect("a claim");
    let mixed = settlement(
        [1, 2, 4, 5, 6, 8]
            .map(|seq| outcome(seq, State::Skipped))
            .into(),
        vec![parking(3, State::Dead), parking(7, State::Retrying)],
    );
    fixture.settle(crm, mixed).await;
    assert_eq!(
        fixture.remove_before(all()).await,
        0,
        "bi has none of them yet"
    );

    let settled = journal.settle(BI, bi.epoch, delivered(1..=6)).await;
    settled.expect("settled");
    assert_eq!(fixture.remove_before(at(2)).await, 2, "those before 2 ms");
    assert_eq!(fixture.remove_before(all()).await, 3);
    assert_eq!(fixture.kept().await, [3, 7, 8]);
    for seq in [1, 2, 4, 5, 6] {
        let seq = Seq(seq);
        assert!(
            journal.fates(seq).await.expect("a read").is_empty(),
            "{seq}"
        );
        assert!(journal.get(seq).await.expect("a read").is_none());
    }
    let id = arrivals[4].id;
    assert!(journal.find(id).await.expect("a read").is_none());
    let fates = journal.fates(Seq(3)).await.expect("a read");
    let states: Vec<_> = fates.iter().map(|fate| fate.state).collect();
    assert_eq!(states, [State::Dead, State::Delivered], "told in full");

    let audit = fixture.assert_clean().await;
    let ledger = &audit.destinations[0].ledger;
    assert_eq!(
        (ledger.start, ledger.end, ledger.removed),
        (Seq(1), Seq(8), 5)
    );
    assert_eq!(ledger.counts.skipped, 6);

    // What was an exception goes as soon as it is finished.
    let discarded = settlement(vec![outcome(3, State::Discarded)], vec![]);
    fixture.settle(crm, discarded).await;
    assert_eq!(fixture.remove_before(all()).await, 1);
    let fixture = fixture.reopened();
    assert_eq!(fixture.kept().await, [7, 8]);
    let audit = fixture.assert_clean().await;
    assert_eq!(audit.destinations[0].recount.discarded, 1);
}

#[tokio::test]
async fn the_newest_stays_and_numbers_go_on() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(5).await;
    assert_eq!(
        fixture.remove_before(all()).await,
        4,
        "no destination needs them"
    );
    let fixture = fixture.reopened();
    assert_eq!(fixture.kept().await, [5]);
    let next = fixture.append(1).await;
    assert_eq!(next[0].seq, Seq(6));
    assert!(next[0].id > arrivals[4].id);
}

#[tokio::test]
async fn a_new_destination_begins_where_nothing_is_missing() {
    let fixture = Fixture::new();
    fixture.append(9).await;
    let epoch = fixture.claim().await.epoch;
    let settled = settlement(
        [1, 3, 4, 5]
            .map(|seq| outcome(seq, State::Delivered))
            .into(),
        vec![parking(2, State::Suspended)],
    );
    fixture.settle(epoch, settled).await;
    assert_eq!(fixture.remove_before(all()).await, 4);
    for (name, start, expected) in [
        ("beginning", Start::Beginning, 6),
        ("long ago", Start::At(at(-5)), 6),
        ("later", Start::At(at(7)), 8),
        ("now", Start::Now, 10),
    ] {
        let claim = fixture.journal.claim(name, start).await.expect("a claim");
        assert_eq!(claim.start, Seq(expected), "{name}");
    }
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_went_while_a_destination_was_retired_is_expired() {
    let fixture = Fixture::new();
    fixture.append(2).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1])).await;
    let retired = fixture.journal.retire(CRM, Retire::AsItStands).await;
    retired.expect("retired");
    let other = fixture
        .journal
        .claim(BI, Start::Now)
        .await
        .expect("a claim");
    fixture.append(6).await;
    let settled = settlement(
        [3, 4, 6, 7]
            .map(|seq| outcome(seq, State::Delivered))
            .into(),
        vec![parking(5, State::Dead)],
    );
    let settled = fixture.journal.settle(BI, other.epoch, settled).await;
    settled.expect("settled");
    assert_eq!(fixture.remove_before(all()).await, 5);
    assert_eq!(
        fixture.kept().await,
        [2, 5, 8],
        "2 is pending at the retired one"
    );
    fixture.assert_clean().await;

    let claim = fixture.claim().await;
    assert_eq!(claim.cursor, Seq(1));
    let ahead: Vec<_> = claim.ahead.ranges().collect();
    assert_eq!(ahead, [3..=4, 6..=7]);
    assert_eq!(fixture.counted(State::Expired).await, 4);
    assert_eq!(fixture.counted(State::Pending).await, 3);
    fixture.assert_clean().await;
    fixture.settle(claim.epoch, delivered([2, 5])).await;
    assert_eq!(fixture.claim().await.cursor, Seq(7));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn attempts_and_finished_parts_go_along() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(4).await;
    let epoch = fixture.claim().await.epoch;
    let attempt = |seq| Attempt {
        seq: Seq(seq),
        number: 1,
        at: at(9),
        outcome: Reason::from("failed"),
        status: 503,
        duration_ms: 12,
        error: String::new(),
        response: Excerpt::new("no such customer"),
        revision: 1,
        batch: None,
    };
    let part = |path: &str, part, last: ArrivalId, finished| FilePart {
        path: path.to_owned(),
        part,
        length: 1,
        records: 1,
        first: arrivals[0].id,
        last,
        opened: at(0),
        base_dir: "files".to_owned(),
        layout: String::new(),
        key_day: None,
        stage: if finished {
            PartStage::Finished
        } else {
            PartStage::Open
        },
    };
    let settled = Settlement {
        attempts: vec![attempt(1), attempt(3)],
        files: vec![
            part("a", 1, arrivals[0].id, true),
            part("a", 2, arrivals[1].id, true),
            part("b", 1, arrivals[1].id, true),
            part("b", 2, arrivals[3].id, false),
        ],
        ..delivered([1, 2])
    };
    let settled = Settlement {
        parked: vec![parking(3, State::Dead)],
        ..settled
    };
    fixture.settle(epoch, settled).await;
    assert_eq!(fixture.remove_before(at(2)).await, 2);
    let journal = &fixture.journal;
    for (seq, count) in [(1, 0), (3, 1)] {
        let attempts = journal.attempts(CRM, Seq(seq)).await.expect("a read");
        assert_eq!(attempts.len(), count, "attempts of {seq}");
    }
    let db = rusqlite::Connection::open(fixture.path()).expect("a database");
    let answers: Vec<i64> = db
        .prepare("SELECT seq FROM attempt_responses")
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .expect("rows");
    assert_eq!(answers, [3], "what was answered goes with its attempt");
    let parts = || {
        let mut statement = db
            .prepare("SELECT path || part FROM files ORDER BY path, part")
            .expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a row")).collect::<Vec<String>>()
    };
    assert_eq!(parts(), ["a2", "b2"], "the newest of each path stays");

    let long_after = Retention {
        now: at(0) + SignedDuration::from_hours(24 * 365),
        keep: SignedDuration::from_hours(24),
    };
    while journal.tidy(long_after).await.expect("tidied") {}
    assert_eq!(parts(), ["b2"], "an open one stays however old");
}

#[tokio::test]
async fn a_clock_that_was_ahead_does_not_stop_retention() {
    let fixture = Fixture::new();
    let journal = &fixture.journal;
    for ms in [1, 99_000_000, 2, 3] {
        let new = NewArrival {
            received: at(ms),
            ..arrival(0)
        };
        journal.append(new).await.expect("an arrival");
    }
    assert_eq!(fixture.remove_before(all()).await, 2);
    assert_eq!(fixture.kept().await, [2, 4]);
}

#[tokio::test]
async fn many_arrivals_go_in_steps_and_the_file_shrinks() {
    let fixture = Fixture::new();
    let epoch = fixture.claim().await.epoch;
    let journal = &fixture.journal;
    let large = || NewArrival {
        body: vec![b'x'; 20_000].into(),
        ..arrival(1)
    };
    for first in (1..=1200).step_by(100) {
        let appends = (0..100).map(|_| journal.append(large()));
        futures_util::future::try_join_all(appends)
            .await
            .expect("arrivals");
        fixture.settle(epoch, delivered(first..first + 100)).await;
    }
    let before = journal.health();
    let retention = Retention {
        now: at(1_000_000),
        keep: SignedDuration::from_secs(1),
    };
    let step = journal.remove_settled(Seq(0), retention).await;
    let step = step.expect("a step");
    assert!((1..=512).contains(&step.arrivals), "{step:?}");
    assert!(step.next.is_some());
    assert_eq!(fixture.remove_before(all()).await, 1199 - step.arrivals);

    let after = journal.health();
    assert!(after.used_bytes < before.used_bytes / 10, "{after:?}");
    let db = rusqlite::Connection::open(fixture.path()).expect("a database");
    let pages: i64 = db
        .pragma_query_value(None, "page_count", |row| row.get(0))
        .expect("a count");
    let pages = u64::try_from(pages).expect("a count");
    assert!(
        pages * 8192 < before.used_bytes / 2,
        "{pages} pages are left"
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_full_journal_refuses_arrivals_but_settles_and_recovers() {
    let limits = |max_bytes| Limits {
        max_bytes,
        ..Limits::default()
    };
    let fixture = Fixture::with(&Options {
        limits: limits(3_000_000),
        ..Options::default()
    });
    let journal = &fixture.journal;
    let large = || NewArrival {
        body: vec![b'x'; 100_000].into(),
        ..arrival(1)
    };
    let epoch = fixture.claim().await.epoch;
    let refused = loop {
        if let Err(error) = journal.append(large()).await {
            break error;
        }
    };
    assert!(matches!(refused, JournalError::Full { .. }), "{refused}");
    let health = journal.health();
    assert!(health.used_bytes <= health.max_bytes, "{health:?}");
    assert!(health.is_ok(), "deliveries go on: {health:?}");

    let head = journal.head().0;
    assert!(head > 20, "only {head} fit");
    fixture.settle(epoch, delivered(1..head)).await;
    let parked = settlement(vec![], vec![parking(head, State::Retrying)]);
    fixture.settle(epoch, parked).await;
    assert!(
        journal.append(large()).await.is_err(),
        "settling frees nothing yet"
    );
    fixture.remove_before(all()).await;
    journal.append(large()).await.expect("room again");

    journal.set_limits(limits(100_000));
    assert!(journal.append(large()).await.is_err(), "a lower limit");
    journal.set_limits(limits(0));
    journal.append(large()).await.expect("no limit");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn retention_that_lost_count_is_told_in_words() {
    for (damage, words) in [
        (
            "UPDATE destinations SET removed_delivered = removed_delivered + 1",
            "2 arrivals of its range are not kept any more, 3 are counted as removed",
        ),
        (
            "DELETE FROM arrival_index WHERE seq = 3; DELETE FROM arrivals WHERE seq = 3",
            "arrival 3 is delivered, but is not kept any more",
        ),
        (
            "INSERT INTO exceptions (destination, seq, state, reason, detail, attempts,
             first_failed_ms, revision) VALUES (1, 1, 5, 0, '', 1, 0, 1)",
            "arrival 1 is pending, but is not kept any more",
        ),
    ] {
        let fixture = Fixture::new();
        fixture.append(4).await;
        let epoch = fixture.claim().await.epoch;
        fixture.settle(epoch, delivered([1, 2, 3])).await;
        fixture.remove_before(at(2)).await;
        fixture.assert_clean().await;
        let db = rusqlite::Connection::open(fixture.path()).expect("a database");
        db.execute_batch(damage).expect("damage");
        let audit = fixture.journal.verify().await.expect("an audit");
        let told = serde_json::to_string(&audit).expect("JSON");
        assert!(told.contains(words), "{damage}: {told}");
    }
}

#[tokio::test]
async fn a_delivery_that_cannot_be_counted_is_not_removed() {
    let fixture = Fixture::new();
    fixture.append(3).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1, 2])).await;
    let db = rusqlite::Connection::open(fixture.path()).expect("a database");
    db.execute_batch("DELETE FROM outcomes").expect("damage");
    let retention = Retention {
        now: all(),
        keep: SignedDuration::ZERO,
    };
    let refused = fixture.journal.remove_settled(Seq(0), retention).await;
    let error = refused.expect_err("damage").to_string();
    assert!(error.contains("nothing is removed"), "{error}");
    assert_eq!(fixture.kept().await, [1, 2, 3]);
    assert!(fixture.journal.append(arrival(1)).await.is_ok());
}
