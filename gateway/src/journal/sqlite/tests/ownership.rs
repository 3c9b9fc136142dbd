//! Who may write: one process, and of each destination one owner.

use super::fixture::{CRM, Fixture, at, delivered, outcome, parking, settlement};
use crate::{
    journal::{
        Journal, JournalError, JournalReader, Retire, Retirement, Start, State,
        sqlite::{Options, SqliteJournal},
    },
    record::Seq,
};

#[tokio::test]
async fn only_the_newest_owner_settles() {
    let fixture = Fixture::new();
    fixture.append(2).await;
    let old = fixture.claim().await;
    let new = fixture.claim().await;
    assert!(new.epoch > old.epoch);
    let fenced = fixture.journal.settle(CRM, old.epoch, delivered([1])).await;
    let expected = JournalError::Fenced {
        destination: CRM.to_owned(),
        epoch: old.epoch,
        current: new.epoch,
    };
    assert_eq!(fenced, Err(expected));
    assert_eq!(fixture.counted(State::Pending).await, 2);
    fixture.settle(new.epoch, delivered([1])).await;
    let unknown = fixture.journal.settle("bi", 1, delivered([1])).await;
    assert!(matches!(
        unknown,
        Err(JournalError::UnknownDestination { .. })
    ));
}

#[tokio::test]
async fn ranges_start_where_they_are_told() {
    let fixture = Fixture::new();
    fixture.append(10).await;
    for (name, start, expected) in [
        ("now", Start::Now, 11),
        ("beginning", Start::Beginning, 1),
        ("time", Start::At(at(4)), 5),
        ("future", Start::At(at(99_999)), 11),
        ("past", Start::At(at(-1)), 1),
    ] {
        let claim = fixture.journal.claim(name, start).await.expect("a claim");
        assert_eq!(claim.start, Seq(expected), "{name}");
        assert_eq!(claim.cursor, Seq(expected - 1), "{name}");
        let again = fixture
            .journal
            .claim(name, Start::Now)
            .await
            .expect("a claim");
        assert_eq!(again.start, claim.start, "{name} keeps its range");
    }
    let audit = fixture.assert_clean().await;
    let pending: Vec<_> = audit
        .destinations
        .iter()
        .map(|d| d.recount.pending)
        .collect();
    assert_eq!(pending, [0, 10, 6, 0, 10]);
    let names = fixture.journal.destinations().await.expect("names");
    assert_eq!(names, ["now", "beginning", "time", "future", "past"]);
}

#[tokio::test]
async fn a_retired_destination_rests_and_resumes() {
    let fixture = Fixture::new();
    fixture.append(2).await;
    let old = fixture.claim().await;
    let retire = |name: &'static str| fixture.journal.retire(name, Retire::AsItStands);
    assert_eq!(retire(CRM).await, Ok(Retirement::Frozen));
    assert_eq!(retire("unknown").await, Ok(Retirement::Unknown));
    let fenced = fixture.journal.settle(CRM, old.epoch, delivered([1])).await;
    assert!(matches!(fenced, Err(JournalError::Fenced { .. })));
    fixture.append(3).await;
    let ledger = fixture
        .journal
        .ledger(CRM)
        .await
        .expect("a read")
        .expect("a ledger");
    assert_eq!(
        (ledger.retired, ledger.end, ledger.counts.pending),
        (true, Seq(2), 2)
    );
    fixture.assert_clean().await;
    fixture.claim().await;
    assert_eq!(fixture.counted(State::Pending).await, 5);
}

#[tokio::test]
async fn only_what_is_settled_is_retired_without_a_word() {
    let fixture = Fixture::new();
    fixture.append(3).await;
    let epoch = fixture.claim().await.epoch;
    let retire = |through| {
        let how = Retire::Settled {
            through: Seq(through),
        };
        fixture.journal.retire(CRM, how)
    };
    assert_eq!(retire(0).await, Ok(Retirement::Frozen), "it has none yet");
    let epoch = epoch.max(fixture.claim().await.epoch);
    fixture.settle(epoch, delivered([1])).await;
    assert_eq!(retire(2).await, Ok(Retirement::Unsettled(2)));
    fixture.settle(epoch, delivered([3])).await;
    let passed_in_part = retire(1).await;
    assert_eq!(passed_in_part, Ok(Retirement::Unsettled(1)));
    let dead = settlement(vec![], vec![parking(2, State::Dead)]);
    fixture.settle(epoch, dead).await;
    assert_eq!(retire(3).await, Ok(Retirement::Unsettled(1)));
    let given_up = settlement(vec![outcome(2, State::Discarded)], vec![]);
    fixture.settle(epoch, given_up).await;

    // What comes while it is being removed is not in its range.
    fixture.append(2).await;
    assert_eq!(retire(3).await, Ok(Retirement::Frozen));
    let ledger = fixture.journal.ledger(CRM).await.expect("a read");
    let ledger = ledger.expect("a ledger");
    assert_eq!((ledger.end, ledger.counts.pending), (Seq(3), 0));
    fixture.assert_clean().await;
    fixture.claim().await;
    assert_eq!(fixture.counted(State::Pending).await, 2, "it is again");
    fixture.assert_clean().await;
}

#[tokio::test]
async fn a_rename_carries_everything_along() {
    let fixture = Fixture::new();
    fixture.append(3).await;
    let old = fixture.claim().await;
    fixture.settle(old.epoch, delivered([1])).await;
    let journal = &fixture.journal;
    journal.claim("taken", Start::Now).await.expect("a claim");
    let refused = journal.rename(CRM, "taken").await;
    assert!(matches!(refused, Err(JournalError::Refused { .. })));
    assert_eq!(journal.rename(CRM, "sales").await, Ok(true));
    assert_eq!(journal.rename(CRM, "sales").await, Ok(false));
    let claim = journal.claim("sales", Start::Now).await.expect("a claim");
    assert_eq!((claim.start, claim.cursor), (Seq(1), Seq(1)));
    assert!(journal.ledger(CRM).await.expect("a read").is_none());
    fixture.assert_clean().await;
}

#[tokio::test]
async fn revisions_are_numbered_by_change() {
    let fixture = Fixture::new();
    for (digest, number) in [("a", 1), ("a", 1), ("b", 2), ("a", 3), ("a", 3)] {
        let registered = fixture.journal.register_revision(digest, "{}").await;
        assert_eq!(registered, Ok(number));
    }
    let revision = fixture
        .journal
        .revision(2)
        .await
        .expect("a read")
        .expect("a revision");
    assert_eq!(revision.digest, "b");
    assert!(fixture.journal.revision(4).await.expect("a read").is_none());
}

#[test]
fn a_journal_has_one_owner() {
    let fixture = Fixture::new();
    let second = SqliteJournal::open(&fixture.path(), &Options::default());
    let error = second.expect_err("a second owner");
    assert!(matches!(error, JournalError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("journal.db.lock"), "{error}");
    fixture.reopened();
}

#[test]
fn strange_files_are_refused() {
    let fixture = Fixture::new();
    let path = fixture.path();
    let Fixture { directory, journal } = fixture;
    drop(journal);
    let open = || {
        let reader = SqliteJournal::open_read_only(&path).map(drop);
        (
            SqliteJournal::open(&path, &Options::default()).map(drop),
            reader,
        )
    };
    let change = |pragma: &str, value: i32| {
        let db = rusqlite::Connection::open(&path).expect("a database");
        db.pragma_update(None, pragma, value).expect("a change");
    };

    change("user_version", 99);
    let (writer, reader) = open();
    assert!(
        matches!(writer, Err(JournalError::NewerSchema { found: 99, .. })),
        "{writer:?}"
    );
    assert_eq!(writer, reader);

    change("application_id", 7);
    let (writer, reader) = open();
    assert!(
        matches!(writer, Err(JournalError::Foreign { found: 7, .. })),
        "{writer:?}"
    );
    assert_eq!(writer, reader);

    std::fs::write(
        &path,
        "no database at all, but long enough to be read as a header. ".repeat(20),
    )
    .expect("a file");
    let (writer, reader) = open();
    assert!(
        matches!(writer, Err(JournalError::Corrupt { .. })),
        "{writer:?}"
    );
    assert!(reader.is_err());
    drop(directory);
}

#[cfg(unix)]
#[test]
fn nobody_else_may_read_it() {
    use std::os::unix::fs::PermissionsExt;

    let fixture = Fixture::new();
    for name in ["journal.db", "journal.db-wal", "journal.db-shm"] {
        let metadata = std::fs::metadata(fixture.directory.path().join(name)).expect("a file");
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{name}");
    }
}
