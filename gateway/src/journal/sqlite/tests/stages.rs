//! Stages: what they did is all there, or not at all; also under seal, over restarts
//! and beside retention.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    fixture::{Fixture, arrival, at, delivered},
    sealing::{is_in_files, sealed},
};
use crate::{
    journal::{
        Journal, JournalError, JournalReader, Limits, NewArrival, StageHeld, StageJournal,
        StageStep, StageValue, Start, seal::Day, sqlite::Options,
    },
    record::Seq,
};

const JOIN: &str = "join";

/// A step that does a little of everything: 10 bytes of state, a timer, a record.
fn step(cursor: u64) -> StageStep {
    StageStep {
        state: BTreeMap::from([("key".to_owned(), Some(value("waiting")))]),
        timers: BTreeMap::from([("timer".to_owned(), Some(at(500)))]),
        derived: vec![derived(7)],
        ..StageStep::new(at(100), Seq(cursor))
    }
}

fn value(text: &'static str) -> StageValue {
    StageValue {
        value: Bytes::from_static(text.as_bytes()),
        expires: None,
    }
}

fn derived(key: u8) -> NewArrival {
    NewArrival {
        source: Arc::from(JOIN),
        body: Bytes::from_static(b"{\"joined\": true}"),
        dedup: crate::journal::Dedup {
            key: [key; 16],
            body: [0; 16],
        },
        ..arrival(3)
    }
}

async fn claim(fixture: &Fixture) -> u64 {
    let claim = fixture.journal.claim_stage(JOIN, Start::Beginning).await;
    claim.expect("a claim").epoch
}

async fn advance(fixture: &Fixture, epoch: u64, step: StageStep) -> StageHeld {
    let advanced = fixture.journal.advance_stage(JOIN, epoch, step).await;
    advanced.expect("advanced").held
}

async fn get(fixture: &Fixture, key: &str, now: Timestamp) -> Option<Bytes> {
    let found = fixture.journal.stage_value(JOIN, key, now).await;
    found.expect("a read").map(|found| found.value)
}

#[tokio::test]
async fn a_step_is_there_after_a_power_cut_with_all_that_it_did() {
    let fixture = Fixture::new();
    let pushed = fixture.append(3).await;
    let epoch = claim(&fixture).await;
    let held = advance(&fixture, epoch, step(2)).await;
    let expected = StageHeld {
        state_bytes: 10,
        state_keys: 1,
        timers: 1,
    };
    assert_eq!(held, expected);

    let fixture = fixture.after_power_cut();
    let journal = &fixture.journal;
    let again = journal
        .claim_stage(JOIN, Start::Now)
        .await
        .expect("a claim");
    assert_eq!((again.cursor, again.held), (Seq(2), expected));
    assert_eq!(
        get(&fixture, "key", at(0)).await.as_deref(),
        Some(&b"waiting"[..])
    );
    let timers = journal.stage_timers(JOIN, 9).await.expect("a read");
    assert_eq!((timers.len(), timers[0].at), (1, at(500)));
    let made = journal
        .get(Seq(4))
        .await
        .expect("a read")
        .expect("it is kept");
    assert_eq!(
        (&*made.source, &made.body[..]),
        (JOIN, &b"{\"joined\": true}"[..])
    );
    assert!(made.id > pushed[2].id);
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_refused_step_changes_nothing_and_ids_go_on() {
    let fixture = Fixture::new();
    fixture.append(2).await;
    let old = claim(&fixture).await;
    let epoch = claim(&fixture).await;
    let journal = &fixture.journal;
    let fenced = journal.advance_stage(JOIN, old, step(1)).await;
    assert!(
        matches!(fenced, Err(JournalError::Fenced { .. })),
        "{fenced:?}"
    );
    let beyond = journal.advance_stage(JOIN, epoch, step(9)).await;
    assert!(
        matches!(beyond, Err(JournalError::Refused { .. })),
        "{beyond:?}"
    );
    // Refused after the first record was written.
    let huge = StageStep {
        derived: vec![
            derived(1),
            NewArrival {
                body: Bytes::from(vec![b' '; (256 << 20) + 1]),
                ..derived(2)
            },
        ],
        ..step(1)
    };
    let huge = journal.advance_stage(JOIN, epoch, huge).await;
    assert!(
        matches!(huge, Err(JournalError::Refused { .. })),
        "{huge:?}"
    );
    assert_eq!(get(&fixture, "key", at(0)).await, None);

    assert_eq!(
        fixture.append(1).await[0].seq,
        Seq(3),
        "no position is lost"
    );
    advance(&fixture, epoch, step(3)).await;
    let back = journal.advance_stage(JOIN, epoch, step(2)).await;
    assert!(
        matches!(back, Err(JournalError::Refused { .. })),
        "{back:?}"
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn without_room_a_step_that_derives_waits_and_one_that_does_not_passes() {
    let fixture = Fixture::new();
    fixture.append(1).await;
    let epoch = claim(&fixture).await;
    let journal = &fixture.journal;
    let limit = |max_bytes| {
        journal.set_limits(Limits {
            max_bytes,
            ..Limits::default()
        });
    };
    limit(1);
    let full = journal.advance_stage(JOIN, epoch, step(1)).await;
    assert!(matches!(full, Err(JournalError::Full { .. })), "{full:?}");
    let without = StageStep {
        derived: Vec::new(),
        ..step(1)
    };
    advance(&fixture, epoch, without).await;
    limit(0);
    advance(&fixture, epoch, step(1)).await;
    assert_eq!(journal.head(), Seq(2));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_stage_that_is_behind_goes_on_in_a_full_journal_and_makes_room() {
    const LIMIT: u64 = 8_000_000;
    let fixture = Fixture::with(&Options {
        limits: Limits {
            max_bytes: LIMIT,
            ..Limits::default()
        },
        ..Options::default()
    });
    let journal = &fixture.journal;
    let owner = fixture.claim().await.epoch;
    let epoch = claim(&fixture).await;
    let large = |new: NewArrival| NewArrival {
        body: vec![b'x'; 100_000].into(),
        ..new
    };
    while journal.append(large(arrival(1))).await.is_ok() {}
    let pushed = journal.head().0;
    fixture.settle(owner, delivered(1..=pushed)).await;
    fixture.remove_before(at(1_000)).await;
    let append = journal.append(large(arrival(1))).await;
    assert!(append.is_err(), "the stage has seen nothing yet");

    let joined = |key: u8| StageStep {
        derived: vec![large(derived(key))],
        ..StageStep::new(at(100), Seq(key.into()))
    };
    let mut seen = 0;
    while journal
        .advance_stage(JOIN, epoch, joined(seen + 1))
        .await
        .is_ok()
    {
        seen += 1;
    }
    let used = journal.health().used_bytes;
    assert!(used > LIMIT && used <= LIMIT + LIMIT / 16, "{used}");
    assert!(
        journal.append(large(arrival(1))).await.is_err(),
        "not for senders"
    );

    fixture.remove_before(at(1_000)).await;
    // About as many again: pages are not exactly as large as what stands in them.
    for key in seen + 1..seen * 2 {
        advance(&fixture, epoch, joined(key)).await;
    }
    fixture.assert_clean().await;
}

#[tokio::test]
async fn one_record_of_a_key_as_long_as_it_is_kept() {
    let fixture = Fixture::new();
    let epoch = claim(&fixture).await;
    let journal = &fixture.journal;
    for (expected, repeated) in [(1, 0), (0, 1)] {
        let advanced = journal.advance_stage(JOIN, epoch, step(0)).await;
        let advanced = advanced.expect("advanced");
        assert_eq!(
            (advanced.derived.len(), advanced.repeated),
            (expected, repeated)
        );
    }
    fixture.append(1).await;
    advance(&fixture, epoch, StageStep::new(at(100), Seq(2))).await;
    assert_eq!(fixture.remove_before(at(1_000)).await, 1);
    fixture.assert_clean().await;
    let again = journal.advance_stage(JOIN, epoch, step(2)).await;
    assert_eq!(again.expect("advanced").derived.len(), 1);
}

#[tokio::test]
async fn what_a_stage_has_not_seen_is_not_removed() {
    let fixture = Fixture::new();
    fixture.append(6).await;
    let epoch = claim(&fixture).await;
    assert_eq!(fixture.remove_before(at(1_000)).await, 0);
    advance(&fixture, epoch, StageStep::new(at(100), Seq(3))).await;
    assert_eq!(fixture.remove_before(at(1_000)).await, 3);
    assert_eq!(fixture.kept().await, [4, 5, 6]);
    fixture.journal.forget_stage(JOIN).await.expect("forgotten");
    assert_eq!(
        fixture.remove_before(at(1_000)).await,
        2,
        "the newest stays"
    );
}

#[tokio::test]
async fn values_expire_are_counted_and_listed() {
    let fixture = Fixture::new();
    let epoch = claim(&fixture).await;
    let expiring = |ms: i64| StageValue {
        expires: Some(at(ms)),
        ..value("x")
    };
    let first = StageStep {
        state: BTreeMap::from([
            ("a/1".to_owned(), Some(expiring(200))),
            ("a/2".to_owned(), Some(value("x"))),
            ("a/3".to_owned(), Some(value("x"))),
            ("b".to_owned(), Some(value("x"))),
        ]),
        ..StageStep::new(at(100), Seq(0))
    };
    assert_eq!(
        advance(&fixture, epoch, first).await.state_bytes,
        4 + 4 + 4 + 2
    );
    let journal = &fixture.journal;
    let keys = async |after: Option<&'static str>, now, limit| {
        let keys = journal.stage_keys(JOIN, "a/", after, now, limit).await;
        keys.expect("a read")
    };
    assert_eq!(keys(None, at(199), 9).await, ["a/1", "a/2", "a/3"]);
    assert_eq!(keys(None, at(200), 9).await, ["a/2", "a/3"]);
    assert_eq!(keys(Some("a/1"), at(0), 1).await, ["a/2"]);
    assert_eq!(get(&fixture, "a/1", at(200)).await, None);

    let second = StageStep {
        state: BTreeMap::from([("a/2".to_owned(), None)]),
        ..StageStep::new(at(200), Seq(0))
    };
    let held = advance(&fixture, epoch, second).await;
    assert_eq!(
        (held.state_keys, held.state_bytes),
        (2, 6),
        "and what expired is gone"
    );
    let forgotten = journal.forget_stage(JOIN).await.expect("forgotten");
    assert_eq!(forgotten, held);
    assert!(journal.stages().await.expect("a read").is_empty());
    fixture.assert_clean().await;
}

#[tokio::test]
async fn values_are_sealed_and_forgotten_with_their_day() {
    const SECRET: &str = "13123456789-waits";
    let fixture = sealed();
    let epoch = claim(&fixture).await;
    let written = StageStep {
        state: BTreeMap::from([("key".to_owned(), Some(value(SECRET)))]),
        ..StageStep::new(at(0), Seq(0))
    };
    let held = advance(&fixture, epoch, written).await;
    assert_eq!(
        held.state_bytes,
        3 + SECRET.len() as u64,
        "as the stage gave it"
    );
    assert_eq!(
        get(&fixture, "key", at(0)).await.as_deref(),
        Some(SECRET.as_bytes())
    );
    assert!(!is_in_files(fixture.directory.path(), SECRET.as_bytes()));

    let day = Day::of(at(0));
    let now = at(0) + SignedDuration::from_hours(48);
    let retention = crate::journal::Retention {
        now,
        keep: SignedDuration::from_hours(1),
    };
    while fixture.journal.tidy(retention).await.expect("tidied") {}
    let days = fixture.journal.sealed_days().await.expect("a read");
    assert_eq!(days.len(), 1, "its key is in use");

    fixture.journal.drop_key(day).await.expect("dropped");
    assert_eq!(get(&fixture, "key", at(0)).await, None);
    let standing = fixture.journal.stages().await.expect("a read").remove(0);
    assert!(standing.held.is_nothing());
    let late = fixture.journal.advance_stage(JOIN, epoch, step(0)).await;
    assert!(
        matches!(late, Err(JournalError::Fenced { .. })),
        "made of what is forgotten"
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_new_stage_starts_where_it_is_told() {
    let fixture = Fixture::with(&Options::default());
    fixture.append(5).await;
    for (start, cursor) in [
        (Start::Now, 5),
        (Start::Beginning, 0),
        (Start::At(at(2)), 2),
    ] {
        let claim = fixture.journal.claim_stage(JOIN, start).await;
        assert_eq!(claim.expect("a claim").cursor, Seq(cursor), "{start:?}");
        fixture.journal.forget_stage(JOIN).await.expect("forgotten");
    }
}
