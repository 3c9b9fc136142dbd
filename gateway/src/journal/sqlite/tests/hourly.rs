//! The books by hour: of one moment, the sum of the ledger, and the same after
//! arrivals are gone.

use jiff::Timestamp;
use rusqlite::Connection;

use super::fixture::{CRM, Fixture, arrival, at, delivered, outcome, parking, settlement};
use crate::{
    journal::{
        Hours, Journal, JournalReader, NewArrival, Retire, State,
        sqlite::hourly::{Fold, Step},
    },
    record::Seq,
};

const HOUR: i64 = 3_600_000;

/// When the fixtures' first hour begins.
fn first_hour() -> i64 {
    at(0).as_millisecond().div_euclid(HOUR)
}

/// An arrival in each of the hours that are named by their distance.
async fn append_at(fixture: &Fixture, hours: &[i64]) {
    for (number, hour) in hours.iter().enumerate() {
        let received = at(hour * HOUR);
        let new = NewArrival {
            received,
            ..arrival(number)
        };
        fixture.journal.append(new).await.expect("an arrival");
    }
}

type Told = (Option<i64>, State, String, u64);

async fn told(fixture: &Fixture, hours: Hours) -> Vec<Told> {
    let hourly = fixture.journal.by_hour(CRM, hours).await.expect("a read");
    let hourly = hourly.expect("a destination");
    if hours.is_all() {
        assert_eq!(hourly.sums(), hourly.ledger.counts);
    }
    let entries = hourly.entries.iter();
    let distance = |hour: Timestamp| hour.as_millisecond().div_euclid(HOUR) - first_hour();
    entries
        .map(|entry| {
            let hour = entry.hour.map(distance);
            let reason = entry.reason.to_string();
            (hour, entry.state, reason, entry.deliveries)
        })
        .collect()
}

fn told_as(expected: &[(Option<i64>, State, &str, u64)]) -> Vec<Told> {
    let owned =
        |&(hour, state, reason, count): &(_, _, &str, _)| (hour, state, reason.to_owned(), count);
    expected.iter().map(owned).collect()
}

#[tokio::test]
async fn hours_add_up_and_stay_when_arrivals_go() {
    let fixture = Fixture::new();
    append_at(&fixture, &[0, 0, 1, 1, 3, 3]).await;
    let epoch = fixture.claim().await.epoch;
    let mixed = settlement(
        vec![outcome(1, State::Delivered), outcome(3, State::Skipped)],
        vec![parking(2, State::Dead), parking(4, State::Dead)],
    );
    fixture.settle(epoch, mixed).await;
    let expired = settlement(vec![outcome(4, State::Expired)], vec![]);
    fixture.settle(epoch, expired).await;
    let expected = told_as(&[
        (Some(0), State::Delivered, "", 1),
        (Some(0), State::Dead, "status", 1),
        (Some(1), State::Skipped, "no_route", 1),
        (Some(1), State::Expired, "", 1),
        (Some(3), State::Pending, "", 2),
    ]);
    assert_eq!(told(&fixture, Hours::default()).await, expected);

    assert_eq!(fixture.remove_before(at(2 * HOUR)).await, 3);
    fixture.assert_clean().await;
    assert_eq!(told(&fixture, Hours::default()).await, expected);
    let fixture = fixture.reopened();
    assert_eq!(told(&fixture, Hours::default()).await, expected);

    for (since, until, shown) in [
        (Some(HOUR), None, &expected[2..]),
        (None, Some(HOUR), &expected[..2]),
        (Some(1), Some(HOUR + 1), &expected[2..4]),
        (Some(HOUR), Some(HOUR), &[]),
        (Some(4 * HOUR), None, &[]),
    ] {
        // The fixtures do not begin with a full hour.
        let begin = Timestamp::from_millisecond(first_hour() * HOUR).expect("a time");
        let time = |ms: i64| {
            begin
                .checked_add(jiff::SignedDuration::from_millis(ms))
                .ok()
        };
        let hours = Hours {
            since: since.and_then(time),
            until: until.and_then(time),
        };
        assert_eq!(told(&fixture, hours).await, shown, "{since:?} to {until:?}");
    }
    let unknown = fixture.journal.by_hour("bi", Hours::default()).await;
    assert_eq!(unknown, Ok(None));
}

#[tokio::test]
async fn what_went_while_a_destination_was_retired_has_no_hour() {
    let fixture = Fixture::new();
    append_at(&fixture, &[0]).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1])).await;
    let retired = fixture.journal.retire(CRM, Retire::AsItStands).await;
    retired.expect("retired");
    append_at(&fixture, &[1, 2, 3]).await;
    assert_eq!(fixture.remove_before(at(3 * HOUR)).await, 3);
    fixture.claim().await;
    fixture.assert_clean().await;
    let expected = told_as(&[
        (None, State::Expired, "removed_while_retired", 2),
        (Some(0), State::Delivered, "", 1),
        (Some(3), State::Pending, "", 1),
    ]);
    assert_eq!(told(&fixture, Hours::default()).await, expected);
}

#[tokio::test]
async fn a_fold_tells_of_the_moment_when_it_began() {
    let fixture = Fixture::new();
    append_at(&fixture, &[0, 1, 2]).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1])).await;
    let db = Connection::open(fixture.path()).expect("a database");
    let begin = || {
        let begun = Fold::begin(&db, CRM, Hours::default()).expect("a read");
        begun.expect("a destination")
    };
    let (of_before, to_be_stale) = (begin(), begin());

    fixture.settle(epoch, delivered([2])).await;
    append_at(&fixture, &[3]).await;
    let mut step = of_before.step(&db).expect("a read");
    if let Step::More(fold) = step {
        step = fold.step(&db).expect("a read");
    }
    let Step::Done(hourly) = step else {
        panic!("{step:?}");
    };
    assert_eq!(hourly.ledger.end, Seq(3));
    assert_eq!(hourly.sums(), hourly.ledger.counts);
    assert_eq!((hourly.sums().delivered, hourly.sums().pending), (1, 2));

    assert_eq!(fixture.remove_before(at(HOUR)).await, 1);
    let step = to_be_stale.step(&db).expect("a read");
    assert!(matches!(step, Step::Stale), "{step:?}");
}

#[tokio::test]
async fn hours_that_lost_count_are_told_in_words() {
    let fixture = Fixture::new();
    append_at(&fixture, &[0, 1]).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered([1])).await;
    assert_eq!(fixture.remove_before(at(HOUR)).await, 1);
    let db = Connection::open(fixture.path()).expect("a database");
    db.execute("UPDATE removed_deliveries SET deliveries = 3", [])
        .expect("a change");
    let audit = fixture.journal.verify().await.expect("an audit");
    let mismatches = &audit.destinations[0].mismatches;
    let expected = "1 delivered are counted as removed, the books by hour hold 3 of them";
    assert_eq!(mismatches, &[expected]);
}
