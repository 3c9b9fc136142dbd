//! Sealed bodies: with the right key, a wrong one, another one, and none.

use std::{path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use jiff::SignedDuration;
use rusqlite::Connection;
use uuid::Uuid;

use super::{
    corrections::correction,
    fixture::{
        CRM, Fixture, arrival, at, delivered, exception, frozen, outcome, parking, settlement,
    },
};
use crate::{
    journal::{
        Attempt, Excerpt, FilePart, Journal, JournalError, JournalReader, KeyDrop, NewArrival,
        Parking, PartStage, Payload, Reason, Retire, SealedContent, Settlement, Start, State,
        seal::{Day, MasterKey, Masters, PartKey},
        sqlite::{Options, SqliteJournal},
    },
    record::{ArrivalId, Defect, Seq},
};

const BI: &str = "bi";
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn master(byte: u8) -> Arc<MasterKey> {
    Arc::new(MasterKey::parse(&STANDARD.encode([byte; 32])).expect("a key"))
}

fn only(byte: u8) -> Masters {
    Masters {
        current: Some(master(byte)),
        previous: Vec::new(),
    }
}

fn options(masters: Masters) -> Options {
    Options {
        masters,
        ..Options::default()
    }
}

pub(super) fn sealed() -> Fixture {
    Fixture::with(&options(only(1)))
}

fn reopened(fixture: Fixture, masters: Masters) -> Result<Fixture, JournalError> {
    let Fixture { directory, journal } = fixture;
    drop(journal);
    let journal = SqliteJournal::open(&directory.path().join("journal.db"), &options(masters))?;
    Ok(Fixture {
        directory,
        journal: journal.into(),
    })
}

fn db(fixture: &Fixture) -> Connection {
    Connection::open(fixture.path()).expect("a database")
}

/// Whether a file of the journal holds these bytes.
pub(super) fn is_in_files(directory: &Path, bytes: &[u8]) -> bool {
    let files = std::fs::read_dir(directory).expect("a directory");
    files.flatten().any(|file| {
        let held = std::fs::read(file.path()).expect("a file");
        held.windows(bytes.len()).any(|window| window == bytes)
    })
}

fn number(number: usize) -> String {
    format!("{{\"number\": {number}}}")
}

/// Arrivals on the days after the first, as many each.
async fn append_on(fixture: &Fixture, days: &[i32], each: usize) {
    for day in days {
        for index in 0..each {
            let new = arrival(index);
            let received = new.received + DAY * *day;
            let new = NewArrival { received, ..new };
            fixture.journal.append(new).await.expect("an arrival");
        }
    }
}

fn day(after: i32) -> Day {
    Day::of(at(0) + DAY * after)
}

async fn body(fixture: &Fixture, seq: u64) -> (Option<Defect>, String) {
    let arrival = fixture.journal.get(Seq(seq)).await.expect("a read");
    let arrival = arrival.expect("an arrival");
    let body = String::from_utf8(arrival.body.to_vec()).expect("UTF-8");
    (arrival.defect, body)
}

fn failed(seq: u64) -> Settlement {
    let parked = Parking {
        exception: exception(seq, State::Retrying),
        payload: Payload::Freeze(Box::new(frozen())),
    };
    Settlement {
        attempts: vec![Attempt {
            seq: Seq(seq),
            number: 1,
            at: at(9),
            outcome: Reason::from("failed"),
            status: 503,
            duration_ms: 12,
            error: String::new(),
            response: Excerpt::new("who is 13800138000"),
            batch: None,
            revision: 1,
        }],
        ..settlement(Vec::new(), vec![parked])
    }
}

fn wrapped(fixture: &Fixture) -> Vec<Option<Vec<u8>>> {
    let db = db(fixture);
    let mut statement = db
        .prepare("SELECT wrapped FROM day_keys ORDER BY day")
        .expect("a query");
    let rows = statement.query_map([], |row| row.get(0)).expect("rows");
    rows.map(|row| row.expect("a row")).collect()
}

#[tokio::test]
async fn nothing_of_a_record_stands_in_the_files() {
    let fixture = sealed();
    append_on(&fixture, &[0, 1], 2).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, failed(2)).await;
    let corrected = correction(0, "{\"typed\": \"by hand\"}");
    let kept = fixture.journal.correct(Seq(1), corrected.clone()).await;
    kept.expect("corrected");
    for directory in [&fixture, &fixture.after_power_cut_with(only(1))] {
        let directory = directory.directory.path();
        for plain in ["\"number\"", "\"typed\"", "\"a\"", "13800138000"] {
            assert!(!is_in_files(directory, plain.as_bytes()), "{plain}");
        }
        assert!(is_in_files(directory, b"session-1"), "searched in vain");
    }

    let fixture = reopened(fixture, only(1)).expect("a journal");
    let read = fixture.journal.read(Seq(1), 9, usize::MAX).await;
    let read = read.expect("a read");
    assert_eq!(read[0].record(), &corrected.body);
    let bodies: Vec<_> = (read.iter())
        .map(|arrival| String::from_utf8_lossy(&arrival.body).into_owned())
        .collect();
    assert_eq!(bodies, [0, 1, 0, 1].map(number));
    let kept = fixture.journal.frozen(CRM, Seq(2)).await.expect("a read");
    assert_eq!(kept, Some(frozen()));
    let attempts = fixture.journal.attempts(CRM, Seq(2)).await.expect("a read");
    assert_eq!(attempts, failed(2).attempts);
    let days = fixture.journal.sealed_days().await.expect("a read");
    let days: Vec<_> = days.iter().map(|sealed| sealed.day).collect();
    assert_eq!(days, [day(0), day(1)]);
    let found = fixture.journal.find_session("session-1", 9).await;
    assert_eq!(found.expect("a read").len(), 2, "sessions are looked up");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_wrong_master_key_opens_nothing_and_changes_nothing() {
    let fixture = sealed();
    append_on(&fixture, &[0], 2).await;
    let directory = fixture.directory.path().to_owned();
    let before = wrapped(&fixture);
    let path = directory.join("journal.db");
    let keep = fixture.directory;
    drop(fixture.journal);
    for masters in [Masters::default(), only(2)] {
        let refused = SqliteJournal::open(&path, &options(masters)).expect_err("a wrong key");
        let expected = JournalError::KeyMissing {
            day: day(0),
            master: master(1).id().to_string(),
        };
        assert_eq!(refused, expected);
    }
    // Books need no key, bodies do.
    let reader = SqliteJournal::open_read_only(&path).expect("a reader");
    assert!(reader.verify().await.expect("an audit").is_clean());
    let refused = reader.get(Seq(1)).await.expect_err("no key");
    assert!(
        matches!(refused, JournalError::KeyMissing { .. }),
        "{refused}"
    );
    let journal = SqliteJournal::open(&path, &options(only(1))).expect("a journal");
    let fixture = Fixture {
        directory: keep,
        journal: journal.into(),
    };
    assert_eq!(body(&fixture, 2).await, (None, number(1)));
    assert_eq!(wrapped(&fixture), before);
}

#[tokio::test]
async fn it_is_switched_on_and_off_over_what_is_there() {
    let fixture = Fixture::new();
    append_on(&fixture, &[0], 1).await;
    let fixture = reopened(fixture, only(1)).expect("a journal");
    append_on(&fixture, &[0], 2).await;
    let off = Masters {
        current: None,
        previous: vec![master(1)],
    };
    fixture.journal.set_masters(off.clone()).await.expect("off");
    append_on(&fixture, &[0], 1).await;
    let epoch = fixture.claim().await.epoch;
    for seq in 1..=4 {
        fixture.settle(epoch, failed(seq)).await;
    }
    let fixture = reopened(fixture, off).expect("a journal");
    for (seq, expected) in [(1, 0), (2, 0), (3, 1), (4, 0)] {
        assert_eq!(body(&fixture, seq).await, (None, number(expected)));
        let kept = fixture.journal.frozen(CRM, Seq(seq)).await.expect("a read");
        assert_eq!(kept, Some(frozen()), "{seq}");
    }
    let is_plain = |query: &str| -> Vec<bool> {
        let db = db(&fixture);
        let mut statement = db.prepare(query).expect("a query");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.map(|row| row.expect("a row")).collect()
    };
    let plain = [true, false, false, true];
    let bodies = "SELECT substr(body, 1, 1) = x'7b' FROM arrivals ORDER BY seq";
    assert_eq!(is_plain(bodies), plain);
    let payloads = "SELECT substr(body, 1, 1) = x'7b' FROM frozen ORDER BY seq";
    assert_eq!(is_plain(payloads), plain, "as the arrival is");
    let shown = "SELECT body <> 'sealed' FROM arrivals_readable ORDER BY seq";
    assert_eq!(is_plain(shown), plain);
}

#[tokio::test]
async fn another_master_key_takes_over() {
    let fixture = sealed();
    append_on(&fixture, &[0, 1], 1).await;
    let old = wrapped(&fixture);
    let both = Masters {
        current: Some(master(2)),
        previous: vec![master(1)],
    };
    let refused = fixture.journal.set_masters(only(2)).await;
    assert!(matches!(refused, Err(JournalError::KeyMissing { .. })));
    append_on(&fixture, &[1], 1).await;
    fixture
        .journal
        .set_masters(both.clone())
        .await
        .expect("taken");
    append_on(&fixture, &[2], 1).await;
    let days = fixture.journal.sealed_days().await.expect("a read");
    for sealed in &days {
        assert_eq!(sealed.master, *master(2).id(), "{}", sealed.day);
    }
    assert_eq!(days.len(), 3);
    for old in old.iter().flatten() {
        assert!(!wrapped(&fixture).contains(&Some(old.clone())));
    }
    let fixture = reopened(fixture, only(2)).expect("the old one may go");
    for (seq, expected) in [(1, 0), (2, 0), (3, 0), (4, 0)] {
        assert_eq!(body(&fixture, seq).await, (None, number(expected)));
    }
    // Also at a start.
    let fixture = reopened(
        fixture,
        Masters {
            current: Some(master(3)),
            previous: vec![master(2)],
        },
    );
    let fixture = reopened(fixture.expect("a journal"), only(3)).expect("taken over");
    assert_eq!(body(&fixture, 4).await, (None, number(0)));
    for old in old.iter().flatten() {
        let directory = fixture.directory.path();
        assert!(!is_in_files(directory, old), "a trace of the old wrapping");
    }
}

#[tokio::test]
async fn a_dropped_key_expires_what_is_not_settled_and_leaves_no_trace() {
    let fixture = sealed();
    append_on(&fixture, &[0, 1], 6).await;
    let journal = &fixture.journal;
    let epoch = fixture.claim().await.epoch;
    let bi = journal.claim(BI, Start::Beginning).await.expect("a claim");
    fixture.settle(epoch, failed(2)).await;
    let states = settlement(
        vec![outcome(1, State::Delivered), outcome(7, State::Skipped)],
        vec![parking(3, State::Dead), parking(8, State::Suspended)],
    );
    fixture.settle(epoch, states).await;
    let settled = journal.settle(BI, bi.epoch, delivered(1..=6)).await;
    settled.expect("settled");
    for seq in [4, 8] {
        let corrected = journal.correct(Seq(seq), correction(0, "{}")).await;
        corrected.expect("corrected");
    }

    let content = journal.sealed_content(day(0)).await.expect("a count");
    let unsettled = [(CRM.to_owned(), 5)].into();
    let expected = SealedContent {
        arrivals: 6,
        unsettled,
        ..SealedContent::default()
    };
    assert_eq!(content, expected);
    let key = wrapped(&fixture).remove(0).expect("a key");
    assert!(is_in_files(fixture.directory.path(), &key));

    let dropped = journal.drop_key(day(0)).await.expect("dropped");
    let expected = KeyDrop {
        expired: [(CRM.to_owned(), 5)].into(),
        erased: true,
        ..KeyDrop::default()
    };
    assert_eq!(dropped, Some(expected));
    assert!(!is_in_files(fixture.directory.path(), &key), "a trace");
    assert_eq!(journal.drop_key(day(0)).await, Ok(None));
    let late = journal.correct(Seq(5), correction(0, "{}")).await;
    assert!(
        matches!(late, Err(JournalError::Refused { .. })),
        "{late:?}"
    );

    for seq in 1..=6 {
        assert_eq!(
            body(&fixture, seq).await,
            (Some(Defect::KeyDropped), String::new())
        );
    }
    assert_eq!(body(&fixture, 7).await, (None, number(0)));
    let fates = journal.fates(Seq(2)).await.expect("a read");
    let at_crm = (fates[0].state, fates[0].reason.as_str());
    assert_eq!(at_crm, (State::Expired, "key_dropped"));
    assert_eq!(fates[1].state, State::Delivered, "what is settled stays");
    assert_eq!(journal.frozen(CRM, Seq(2)).await, Ok(None));
    let attempts = journal.attempts(CRM, Seq(2)).await.expect("a read");
    assert!(attempts[0].response.is_empty());
    assert_eq!(fixture.counted(State::Expired).await, 5);
    assert_eq!(fixture.counted(State::Retrying).await, 1, "corrected");
    fixture.assert_clean().await;

    // Whoever was at it has to claim it again; the other destination had nothing
    // to lose.
    let late = journal.settle(CRM, epoch, delivered([4])).await;
    assert!(matches!(late, Err(JournalError::Fenced { .. })), "{late:?}");
    let claim = fixture.claim().await;
    assert_eq!(claim.cursor, Seq(8));
    let others = journal.settle(BI, bi.epoch, delivered([7])).await;
    assert_eq!(others, Ok(()));

    let fixture = reopened(fixture, only(1)).expect("a journal");
    assert_eq!(body(&fixture, 1).await.0, Some(Defect::KeyDropped));
    fixture.assert_clean().await;
}

#[tokio::test]
async fn the_key_in_use_is_not_dropped_and_no_dropped_one_is_used() {
    let fixture = sealed();
    let today = Day::of(jiff::Timestamp::now());
    let refused = fixture.journal.drop_key(today).await;
    assert!(
        matches!(refused, Err(JournalError::Refused { .. })),
        "{refused:?}"
    );
    append_on(&fixture, &[0], 1).await;
    let dropped = fixture.journal.drop_key(day(0)).await.expect("dropped");
    assert!(dropped.is_some());
    // The clock stands still, or goes back.
    append_on(&fixture, &[0, -1], 1).await;
    for seq in [2, 3] {
        assert_eq!(body(&fixture, seq).await, (None, number(0)));
    }
    let fixture = reopened(fixture, only(1)).expect("a journal");
    append_on(&fixture, &[0, 3], 1).await;
    let days = fixture.journal.sealed_days().await.expect("a read");
    let days: Vec<_> = days.iter().map(|sealed| sealed.day).collect();
    assert_eq!(days, [day(0), day(1), day(3)]);
    for (of, arrivals) in [(0, 1), (1, 3), (3, 1)] {
        let content = fixture.journal.sealed_content(day(of)).await;
        assert_eq!(content.expect("a count").arrivals, arrivals, "day {of}");
    }
}

#[tokio::test]
async fn bytes_that_were_changed_or_moved_are_noticed() {
    let fixture = sealed();
    append_on(&fixture, &[0], 4).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, failed(1)).await;
    fixture.settle(epoch, failed(2)).await;
    db(&fixture)
        .execute_batch(
            "UPDATE arrivals SET body = (SELECT body FROM arrivals WHERE seq = 2) WHERE seq = 1;
             UPDATE arrivals SET body = substr(body, 1, 40) WHERE seq = 3;
             UPDATE arrivals SET body = CAST('{\"number\": 3}' AS BLOB) WHERE seq = 4;
             UPDATE frozen SET body = (SELECT body FROM frozen WHERE seq = 2) WHERE seq = 1",
        )
        .expect("a forgery");
    for seq in [1, 3, 4] {
        let damaged = (Some(Defect::Damaged), String::new());
        assert_eq!(body(&fixture, seq).await, damaged, "{seq}");
    }
    assert_eq!(body(&fixture, 2).await, (None, number(1)));
    let error = fixture
        .journal
        .frozen(CRM, Seq(1))
        .await
        .expect_err("moved");
    assert!(error.to_string().contains("frozen/1/1"), "{error}");
}

#[tokio::test]
async fn a_key_goes_with_the_last_arrival_of_its_day() {
    let fixture = sealed();
    append_on(&fixture, &[0, 1, 2], 2).await;
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, delivered(1..=6)).await;
    let two_days = at(0) + DAY + DAY;
    let retention = crate::journal::Retention {
        now: two_days + DAY,
        keep: DAY,
    };
    let removed = fixture.journal.remove_settled(Seq(0), retention).await;
    assert_eq!(removed.expect("a step").arrivals, 4);
    while fixture.journal.tidy(retention).await.expect("tidied") {}
    let days = fixture.journal.sealed_days().await.expect("a read");
    assert_eq!(days.len(), 1, "{days:?}");
    assert_eq!(body(&fixture, 5).await, (None, number(0)));
    fixture.assert_clean().await;
}

/// An open part, sealed with the key of a day.
fn open_part(key: &PartKey) -> FilePart {
    FilePart {
        path: "a.ndjson".to_owned(),
        part: 1,
        length: 50,
        records: 1,
        first: ArrivalId(Uuid::nil()),
        last: ArrivalId(Uuid::nil()),
        opened: at(0),
        base_dir: "files".to_owned(),
        layout: String::new(),
        key_day: Some(key.day()),
        stage: PartStage::Open,
    }
}

fn with_parts(parts: Vec<FilePart>) -> Settlement {
    Settlement {
        files: parts,
        ..Settlement::new(at(0))
    }
}

#[tokio::test]
async fn the_key_of_a_part_is_that_of_its_day() {
    let fixture = sealed();
    let key = async |of: i32| {
        let key = fixture.journal.key_for_parts(day(of)).await;
        key.expect("an answer").expect("a key")
    };
    // It may come before the first arrival of the day.
    let first = key(0).await;
    append_on(&fixture, &[0, 1], 2).await;
    assert_eq!((first.day(), key(1).await.day()), (day(0), day(1)));
    assert_eq!(key(0).await.day(), day(1), "never an older one's again");
    for (of, arrivals) in [(0, 2), (1, 2)] {
        let content = fixture.journal.sealed_content(day(of)).await;
        assert_eq!(content.expect("a count").arrivals, arrivals, "day {of}");
    }
    let frame = first.seal(&"1/0", b"secret").expect("sealed");
    let off = Masters {
        current: None,
        previous: vec![master(1)],
    };
    let fixture = reopened(fixture, off).expect("a journal");
    let again = fixture.journal.part_key(day(0)).await.expect("an answer");
    let again = again.expect("a key");
    assert_eq!(
        again.open(&"1/0", frame.clone()).as_deref(),
        Some(&b"secret"[..])
    );
    assert_eq!(again.open(&"1/9", frame), None);
    let none = fixture.journal.key_for_parts(day(2)).await;
    assert!(
        none.expect("an answer").is_none(),
        "in the clear from now on"
    );
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_key_stays_while_a_part_that_it_seals_is_open() {
    let fixture = sealed();
    let journal = &fixture.journal;
    let key = journal.key_for_parts(day(0)).await.expect("an answer");
    let part = open_part(&key.expect("a key"));
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, with_parts(vec![part.clone()])).await;
    assert_eq!(fixture.claim().await.files, std::slice::from_ref(&part));
    let content = journal.sealed_content(day(0)).await.expect("a count");
    assert_eq!(content.sealed_parts, [(CRM.to_owned(), 1)].into());
    let refused = journal.drop_key(day(0)).await.expect_err("a part is open");
    assert!(refused.to_string().contains(CRM), "{refused}");
    // No arrival needs it either.
    let retention = crate::journal::Retention {
        now: at(0) + DAY * 4,
        keep: DAY,
    };
    while journal.tidy(retention).await.expect("tidied") {}
    assert!(journal.part_key(day(0)).await.expect("an answer").is_some());

    let finished = FilePart {
        key_day: None,
        stage: PartStage::Finished,
        ..part.clone()
    };
    let epoch = fixture.claim().await.epoch;
    fixture.settle(epoch, with_parts(vec![finished])).await;
    let dropped = journal.drop_key(day(0)).await.expect("dropped");
    assert_eq!(dropped.expect("a key").lost_parts, [].into());
    assert!(journal.part_key(day(0)).await.expect("an answer").is_none());
    let late = journal.settle(CRM, epoch, with_parts(vec![part])).await;
    assert!(
        matches!(late, Err(JournalError::Refused { .. })),
        "{late:?}"
    );
}

#[tokio::test]
async fn the_parts_of_a_retired_destination_keep_no_key() {
    for stage in [PartStage::Open, PartStage::Waiting] {
        let fixture = sealed();
        let journal = &fixture.journal;
        let key = journal.key_for_parts(day(0)).await.expect("an answer");
        let part = FilePart {
            stage,
            ..open_part(&key.expect("a key"))
        };
        let epoch = fixture.claim().await.epoch;
        fixture.settle(epoch, with_parts(vec![part])).await;
        let refused = journal.drop_key(day(0)).await;
        assert!(refused.is_err(), "its owner lives: {stage}");
        let retired = journal.retire(CRM, Retire::AsItStands).await;
        retired.expect("retired");
        let dropped = journal.drop_key(day(0)).await.expect("dropped");
        let lost = dropped.expect("a key").lost_parts;
        assert_eq!(lost, [(CRM.to_owned(), 1)].into(), "{stage}");
        assert_eq!(fixture.claim().await.files, [], "given up for good");
    }
}

#[tokio::test]
async fn a_key_whose_commit_failed_is_not_used_again() {
    let fixture = sealed();
    append_on(&fixture, &[0], 1).await;
    // Read-only for a while: the first arrival of the next day fails.
    let limited = fixture
        .journal
        .submit(super::super::group::Isolation::Savepoint, |group| {
            group
                .connection
                .pragma_update_and_check(None, "max_page_count", 1, |_| Ok(()))?;
            Ok(())
        });
    limited.await.expect("a smaller disk");
    let new = arrival(1);
    let large = NewArrival {
        received: new.received + DAY,
        body: vec![b'x'; 400_000].into(),
        ..new
    };
    let failed = fixture.journal.append(large).await;
    assert!(failed.is_err(), "{failed:?}");
    append_on(&fixture, &[1], 2).await;
    let fixture = reopened(fixture, only(1)).expect("a journal");
    let head = fixture.journal.head().0;
    assert_eq!(body(&fixture, head).await, (None, number(1)));
    assert_eq!(
        fixture.journal.sealed_days().await.expect("a read").len(),
        2
    );
}
