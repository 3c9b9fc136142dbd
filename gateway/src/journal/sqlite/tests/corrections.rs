//! Corrections: beside the original, in order, gone with it.

use bytes::Bytes;

use super::fixture::{CRM, Fixture, at, exception, frozen, parking, settlement};
use crate::{
    journal::{
        Journal, JournalError, JournalReader, NewCorrection, Parking, Payload, Retire, Start, State,
    },
    record::{Correction, Seq, Tags},
};

pub(super) fn correction(after: u32, body: &'static str) -> NewCorrection {
    NewCorrection {
        after,
        at: at(50),
        because: "typed by hand".to_owned(),
        session: Some("corrected".into()),
        tags: Tags::new(),
        body: Bytes::from_static(body.as_bytes()),
        dead: false,
        revision: 7,
    }
}

#[tokio::test]
async fn corrections_lie_over_the_arrival_and_go_with_it() {
    let fixture = Fixture::new();
    let arrivals = fixture.append(3).await;
    let journal = &fixture.journal;
    let mut corrections = journal.corrections();
    for (after, body) in [(0, "{}"), (1, r#"{"a":1}"#)] {
        let corrected = journal.correct(Seq(2), correction(after, body)).await;
        assert_eq!(corrected.expect("corrected").number, after + 1);
    }
    assert_eq!(*corrections.borrow_and_update(), 2);
    let outdated = journal.correct(Seq(2), correction(1, "{}")).await;
    let expected = JournalError::Outdated {
        seq: Seq(2),
        expected: 1,
        newest: 2,
    };
    assert_eq!(outdated, Err(expected));
    assert!(!corrections.has_changed().expect("open"));

    let fixture = fixture.reopened();
    let read = fixture.journal.read(Seq(1), 9, usize::MAX).await;
    let read = read.expect("a read");
    let bodies: Vec<_> = read.iter().map(|arrival| &arrival.record()[..]).collect();
    assert_eq!(
        bodies,
        [&arrivals[0].body[..], br#"{"a":1}"#, &arrivals[2].body[..]]
    );
    let found = fixture.journal.find(arrivals[1].id).await;
    let found = found.expect("a read").expect("the arrival");
    assert_eq!((&found.body, found.correction()), (&arrivals[1].body, 2));
    assert_eq!(found.session.as_deref(), Some("corrected"));
    let before: Vec<_> = found.before().collect();
    assert_eq!(before, [&arrivals[1].body, &found.corrections[0].body]);
    assert_eq!(read[0].before().count(), 0);

    let epoch = fixture.claim().await.epoch;
    fixture
        .settle(epoch, super::fixture::delivered([1, 2, 3]))
        .await;
    assert_eq!(fixture.remove_before(at(1_000)).await, 2);
    let gone = fixture.journal.correct(Seq(2), correction(2, "{}")).await;
    assert!(
        matches!(gone, Err(JournalError::Refused { .. })),
        "{gone:?}"
    );
    let left = rusqlite::Connection::open(fixture.path()).expect("a database");
    let rows = left.query_row("SELECT count(*) FROM corrections", [], |row| row.get(0));
    assert_eq!(rows, Ok(0));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_waits_is_due_at_once_everywhere() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let journal = &fixture.journal;
    let epoch = fixture.claim().await.epoch;
    let other = journal
        .claim("bi", Start::Beginning)
        .await
        .expect("a claim");
    let gone = journal
        .claim("old", Start::Beginning)
        .await
        .expect("a claim");
    let suspended = || settlement(vec![], vec![parking(1, State::Suspended)]);
    fixture.settle(epoch, suspended()).await;
    let dead = settlement(vec![], vec![parking(1, State::Dead)]);
    journal
        .settle("bi", other.epoch, dead)
        .await
        .expect("settled");
    journal
        .settle("old", gone.epoch, suspended())
        .await
        .expect("settled");
    journal
        .retire("old", Retire::AsItStands)
        .await
        .expect("retired");

    let corrected = journal.correct(Seq(1), correction(0, "{}")).await;
    assert_eq!(
        corrected.expect("corrected").resumed,
        [CRM.to_owned()].into()
    );
    let with_dead = NewCorrection {
        dead: true,
        ..correction(1, r#"{"a":1}"#)
    };
    let corrected = journal.correct(Seq(1), with_dead).await;
    assert_eq!(
        corrected.expect("corrected").resumed,
        ["bi".to_owned()].into()
    );
    let fates = journal.fates(Seq(1)).await.expect("fates");
    let states: Vec<_> = fates
        .iter()
        .map(|fate| (fate.state, fate.revision))
        .collect();
    let resumed = (State::Retrying, 7);
    assert_eq!(states, [resumed, resumed, (State::Suspended, 1)]);
    assert_eq!(fates[0].reason.as_str(), "corrected");
    assert_eq!(journal.next_due("bi").await, Ok(Some(at(50))));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn what_was_made_of_an_earlier_version_is_overtaken() {
    let fixture = Fixture::new();
    fixture.append(2).await;
    let journal = &fixture.journal;
    let epoch = fixture.claim().await.epoch;
    journal
        .correct(Seq(1), correction(0, "{}"))
        .await
        .expect("corrected");
    let kept = |seq, correction| Parking {
        exception: crate::journal::Exception {
            correction,
            ..exception(seq, State::Suspended)
        },
        payload: Payload::Freeze(Box::new(crate::journal::Frozen {
            correction,
            ..frozen()
        })),
    };
    for (correction, state) in [(0, State::Retrying), (1, State::Suspended)] {
        let parked = vec![kept(1, correction), kept(2, 0)];
        fixture.settle(epoch, settlement(vec![], parked)).await;
        let fates = journal.fates(Seq(1)).await.expect("fates");
        assert_eq!(fates[0].state, state, "made of {correction}");
        let frozen = journal.frozen(CRM, Seq(1)).await.expect("a read");
        assert_eq!(frozen.expect("frozen").superseded, correction == 0);
    }
    let other = journal.fates(Seq(2)).await.expect("fates");
    assert_eq!(other[0].state, State::Suspended);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn an_arrival_takes_so_many_corrections() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    for after in 0..Correction::MAX {
        let corrected = fixture
            .journal
            .correct(Seq(1), correction(after, "{}"))
            .await;
        assert!(corrected.is_ok());
    }
    let more = correction(Correction::MAX, "{}");
    let refused = fixture.journal.correct(Seq(1), more).await;
    assert!(
        refused
            .expect_err("too many")
            .to_string()
            .contains("takes no more")
    );
}
