//! Turns: what a call sees, what is kept of it, and where its quotas end.

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;

use super::{
    Allowance, Outgoing, Turn,
    ask::{EmitError, FetchError, NewRecord, Request, StateError, TimerError},
    outgoing::Settings,
};
use crate::{
    journal::{
        Journal, StageHeld, StageJournal, Start,
        sqlite::{Options, SqliteJournal},
    },
    plugin::stage::StateGrant,
    record::Seq,
};

/// A journal, and turns over it.
struct Fixture {
    journal: Arc<SqliteJournal>,
    epoch: u64,
    held: StageHeld,
    _directory: TempDir,
}

const GRANT: StateGrant = StateGrant {
    max_bytes: 20,
    max_keys: 3,
    max_timers: 2,
};

impl Fixture {
    async fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = SqliteJournal::open(&directory.path().join("j"), &Options::default());
        let journal = Arc::new(journal.expect("a journal"));
        let claim = journal.claim_stage("join", Start::Now).await;
        let claim = claim.expect("a claim");
        Self {
            journal,
            epoch: claim.epoch,
            held: claim.held,
            _directory: directory,
        }
    }

    /// Does a turn on a thread that may block, and commits it.
    async fn turn<T: Send + 'static>(
        &mut self,
        state: Option<StateGrant>,
        work: impl FnOnce(&mut Turn) -> T + Send + 'static,
    ) -> T {
        let settings = Settings {
            hosts: vec!["http://127.0.0.1:9".parse().expect("an origin")],
            timeout: Duration::from_secs(1),
            max_response_bytes: 10,
            max_cached_bytes: 10,
        };
        // Connects to nothing; the provider of TLS is not set up in these tests.
        let outgoing = Outgoing::new("join".into(), settings, plain_client());
        let allowance = Allowance {
            state,
            max_derived: 2,
            max_record_bytes: 100,
            max_requests: 2,
        };
        let journal: Arc<dyn Journal> = self.journal.clone();
        let handle = tokio::runtime::Handle::current();
        let held = self.held;
        let (done, step) = tokio::task::spawn_blocking(move || {
            let outgoing = Arc::new(outgoing);
            let mut turn = Turn::new("join".into(), journal, handle, outgoing, allowance, held);
            turn.begin();
            let done = work(&mut turn);
            (done, turn.take_step(Seq(0)))
        })
        .await
        .expect("a turn");
        let advanced = self.journal.advance_stage("join", self.epoch, step).await;
        self.held = advanced.expect("advanced").held;
        done
    }
}

fn plain_client() -> reqwest::Client {
    // A second one changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::new()
}

fn set(turn: &mut Turn, key: &str, value: &str) -> Result<(), StateError> {
    let set = turn.set(key.to_owned(), value.as_bytes().to_vec(), None);
    set.expect("a journal")
}

fn get(turn: &mut Turn, key: &str) -> Option<String> {
    let found = turn.get(key).expect("a journal").expect("granted");
    found.map(|value| String::from_utf8(value.to_vec()).expect("UTF-8"))
}

fn record(key: &str, json: &str) -> NewRecord {
    NewRecord {
        kind: "cdr".to_owned(),
        key: key.to_owned(),
        session: None,
        json: json.to_owned(),
        tags: Vec::new(),
    }
}

#[tokio::test]
async fn a_call_sees_what_was_kept_and_its_own_changes() {
    let mut fixture = Fixture::new().await;
    fixture
        .turn(Some(GRANT), |turn| {
            set(turn, "a", "1").expect("set");
            assert_eq!(get(turn, "a").as_deref(), Some("1"));
            turn.keep();
            set(turn, "a", "2").expect("set");
            set(turn, "b", "2").expect("set");
            // Undone: the call failed.
            turn.begin();
            assert_eq!(get(turn, "a").as_deref(), Some("1"));
            assert_eq!(get(turn, "b"), None);
        })
        .await;
    assert_eq!(fixture.held.state_bytes, 2);
    fixture
        .turn(Some(GRANT), |turn| {
            assert_eq!(get(turn, "a").as_deref(), Some("1"), "from the journal");
            set(turn, "c", "3").expect("set");
            let listed = turn.list("", None, 10).expect("a journal");
            assert_eq!(listed, Ok(vec!["a".to_owned(), "c".to_owned()]));
            assert_eq!(turn.remove("a".to_owned()).expect("a journal"), Ok(true));
            assert_eq!(turn.remove("a".to_owned()).expect("a journal"), Ok(false));
            let listed = turn.list("", None, 10).expect("a journal");
            assert_eq!(listed, Ok(vec!["c".to_owned()]));
            turn.keep();
        })
        .await;
    assert_eq!(fixture.held.state_keys, 1);
}

#[tokio::test]
async fn quotas_hold_within_a_turn_and_over_turns() {
    let mut fixture = Fixture::new().await;
    fixture
        .turn(Some(GRANT), |turn| {
            set(turn, "a", "123456789").expect("10 bytes");
            assert_eq!(
                set(turn, "b", "1234567890"),
                Err(StateError::TooManyBytes(20))
            );
            set(turn, "a", "1").expect("in its place");
            set(turn, "b", "1").expect("set");
            turn.keep();
        })
        .await;
    fixture
        .turn(Some(GRANT), |turn| {
            set(turn, "c", "1").expect("set");
            assert_eq!(set(turn, "d", "1"), Err(StateError::TooManyKeys(3)));
            set(turn, "b", "2").expect("one that is there");
            let long = "k".repeat(513);
            assert_eq!(set(turn, &long, ""), Err(StateError::BadKey(512)));
            assert_eq!(set(turn, "", ""), Err(StateError::BadKey(512)));
            let timer =
                |turn: &mut Turn, key: &str| turn.set_timer(key.to_owned(), 1).expect("a journal");
            timer(turn, "s").expect("set");
            timer(turn, "s").expect("set anew");
            timer(turn, "t").expect("set");
            assert_eq!(timer(turn, "u"), Err(TimerError::TooMany(2)));
            assert_eq!(turn.cancel_timer("s").expect("a journal"), Ok(true));
            assert_eq!(turn.cancel_timer("s").expect("a journal"), Ok(false));
            timer(turn, "u").expect("set");
            turn.keep();
        })
        .await;
    let expected = StageHeld {
        state_bytes: 6,
        state_keys: 3,
        timers: 2,
    };
    assert_eq!(fixture.held, expected, "as the journal counts it");
}

#[tokio::test]
async fn what_was_not_granted_is_refused() {
    let mut fixture = Fixture::new().await;
    fixture
        .turn(None, |turn| {
            assert_eq!(set(turn, "a", "1"), Err(StateError::NotGranted));
            let timer = turn.set_timer("a".to_owned(), 1).expect("a journal");
            assert_eq!(timer, Err(TimerError::NotGranted));
            let mut fetch = |method: &str, url: &str, header: &str| {
                let refused = turn.fetch(Request {
                    method: method.to_owned(),
                    url: url.to_owned(),
                    headers: vec![(header.to_owned(), "x".to_owned())],
                    body: None,
                    timeout_ms: None,
                    max_age_ms: None,
                });
                turn.begin();
                refused.expect_err(url)
            };
            assert_eq!(
                fetch("GET", "http://127.0.0.1:10/13123456789", "x"),
                FetchError::NotGranted("http://127.0.0.1:10".to_owned())
            );
            for (method, url, header) in [
                ("GET", "nowhere", "x"),
                ("G T", "http://127.0.0.1:9/", "x"),
                ("GET", "http://user:pw@127.0.0.1:9/", "x"),
                ("GET", "http://127.0.0.1:9/", "Host"),
                ("GET", "http://127.0.0.1:9/", "a b"),
            ] {
                let refused = fetch(method, url, header);
                assert!(matches!(refused, FetchError::BadRequest(_)), "{refused:?}");
            }
        })
        .await;
}

#[tokio::test]
async fn records_are_checked_and_bounded() {
    let mut fixture = Fixture::new().await;
    fixture
        .turn(None, |turn| {
            let cases = [
                (record("k", "[]"), "BadJson"),
                (record("k", "{"), "BadJson"),
                (record("", "{}"), "BadKey"),
                (
                    record("k", &format!("{{\"a\":\"{}\"}}", "x".repeat(100))),
                    "TooLarge",
                ),
                (
                    NewRecord {
                        kind: "event".to_owned(),
                        ..record("k", "{}")
                    },
                    "BadKind",
                ),
            ];
            for (new, expected) in cases {
                let refused = format!("{:?}", turn.emit(new).expect_err(expected));
                assert!(refused.starts_with(expected), "{refused}");
            }
            for key in ["a", "a"] {
                turn.emit(record(key, "{}")).expect("derived");
            }
            assert_eq!(turn.emit(record("b", "{}")), Err(EmitError::TooMany(2)));
            turn.keep();
        })
        .await;
    let standing = fixture.journal.stages().await.expect("a read").remove(0);
    assert_eq!(
        (standing.derived, standing.repeated),
        (1, 1),
        "one of a key"
    );
}
