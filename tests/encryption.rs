//! Encryption at rest, of parts of files too until they are finished or in an object
//! store: nothing of a record stands in the files, keys are changed
//! under load, and a dropped day is gone with its books in order.

pub mod parts;
mod waiting;

use std::{path::Path, sync::Arc};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use cdr_gateway::{
    journal::{
        Dedup, Journal, NewArrival,
        seal::{MasterKey, Masters},
        sqlite::{Options, SqliteJournal},
    },
    record::{Kind, Tags},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::{
    harness::{
        Gateway, NUMBERS, RECORD, Receiver, SEED, TRANSFER, VOICEMAIL, Workspace, command, until,
    },
    outage::records,
};

/// A master key, by the byte that it consists of.
pub fn key(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

/// The ids of master keys, as `keys list` shows them.
fn id(byte: u8) -> String {
    let key = MasterKey::parse(&key(byte)).expect("a key");
    key.id().to_string()
}

/// Everything goes to one receiver; the journal has these settings.
pub fn config(crm: &Receiver, encryption: &str) -> String {
    format!(
        r#"
        [journal]
        {encryption}
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        start = "beginning"
        retry = {{ initial_ms = 20, max_ms = 20 }}
        "#,
        crm.url()
    )
}

pub const ONE: &str = "encryption.master.env = \"ONE\"";
const NONE: &str = "";

fn keys() -> [(&'static str, String); 2] {
    [("ONE", key(1)), ("TWO", key(2))]
}

pub fn start(workspace: Workspace) -> Gateway {
    let keys = keys();
    let environment: Vec<_> = keys
        .iter()
        .map(|(name, key)| (*name, key.as_str()))
        .collect();
    Gateway::start_with(workspace, &environment)
}

/// Files below a directory that hold a text.
pub fn files_with(directory: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with(&path, text));
        } else if let Ok(held) = std::fs::read(&path) {
            let mut windows = held.windows(text.len());
            if windows.any(|window| window == text.as_bytes()) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

/// Asserts that no number of the records stands in a file below a directory.
fn assert_sealed(directory: &Path, when: &str) {
    for number in NUMBERS {
        let found = files_with(directory, number);
        assert!(found.is_empty(), "{number} {when}: {found:?}");
    }
}

fn push_all(gateway: &Gateway) {
    for (action, record) in [
        ("cdr", SEED),
        ("cdr", TRANSFER),
        ("voicemail", VOICEMAIL),
        ("record", RECORD),
    ] {
        gateway.push(action, record);
    }
}

#[test]
fn no_number_stands_in_any_file() {
    for (encryption, sealed) in [(ONE, true), (NONE, false)] {
        let crm = Receiver::start();
        crm.say(b"no customer 13800138000");
        crm.answer(&[503]);
        let gateway = start(Workspace::new(&config(&crm, encryption)));
        push_all(&gateway);
        gateway.wait_for("crm", "retrying", 4);
        let data = gateway.workspace.path("data");
        if sealed {
            assert_sealed(&data, "while it runs");
        } else {
            assert!(
                !files_with(&data, NUMBERS[0]).is_empty(),
                "searched in vain"
            );
        }
        let gateway = gateway.kill_and_restart();
        if sealed {
            assert_sealed(&data, "after a kill");
        }
        crm.answer(&[200]);
        gateway.wait_for("crm", "delivered", 4);
        let bodies: Vec<_> = crm.got().into_iter().map(|got| got.body).collect();
        for record in [SEED, TRANSFER, VOICEMAIL, RECORD] {
            assert!(bodies.iter().any(|body| body == record), "as received");
        }
    }
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

#[test]
fn a_master_key_is_changed_under_load() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let gateway = start(Workspace::new(&config(&crm, ONE)));
    let records = records(90);
    for record in &records[..20] {
        gateway.push("cdr", record);
    }
    crm.wait_for(3);
    let both = "encryption.master.env = \"TWO\"\nencryption.previous = [{ env = \"ONE\" }]";
    let two = "encryption.master.env = \"TWO\"";
    // Refused, and the first one goes on.
    gateway.workspace.configure(&config(&crm, two));
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    let said = problem["detail"].as_str().unwrap_or_default();
    assert_eq!(status, 422, "{problem}");
    assert!(said.contains(&id(1)) && said.contains("previous"), "{said}");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for record in &records[20..] {
                gateway.push("cdr", record);
            }
        });
        reload(&gateway, &config(&crm, both));
        reload(&gateway, &config(&crm, two));
    });
    for key in gateway.api("/keys")["keys"].as_array().expect("keys") {
        assert_eq!(key["master"], id(2), "{key}");
    }
    let gateway = gateway.kill_and_restart();
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 90);
}

/// What a start that is refused says, with its exit code.
fn refused(workspace: &Workspace, environment: &[(&str, String)]) -> (Option<i32>, String) {
    let output = command()
        .arg("run")
        .arg("--config")
        .arg(workspace.config())
        .envs(environment.iter().cloned())
        .output()
        .expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), said)
}

#[test]
fn a_start_with_a_wrong_key_loses_nothing() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let gateway = start(Workspace::new(&config(&crm, ONE)));
    push_all(&gateway);
    let workspace = gateway.stop();
    let wrong = ("ONE", key(7));
    for (encryption, environment) in [(ONE, vec![wrong]), (NONE, Vec::new())] {
        workspace.configure(&config(&crm, encryption));
        let (code, said) = refused(&workspace, &environment);
        assert_eq!(code, Some(78), "{said}");
        assert!(said.contains(&id(1)), "{said}");
        assert!(said.contains("journal.encryption.master"), "{said}");
        assert!(!said.contains(&key(7)), "{said}");
        workspace.assert_balanced();
    }
    workspace.configure(&config(&crm, ONE));
    crm.answer(&[200]);
    start(workspace).wait_for("crm", "delivered", 4);
}

#[test]
fn a_key_that_is_none_is_told_and_not_shown() {
    let crm = Receiver::start();
    let workspace = Workspace::new(&config(&crm, ONE));
    let (code, said) = refused(&workspace, &[("ONE", "correct horse".into())]);
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("32 random bytes in Base64"), "{said}");
    assert!(said.contains("openssl rand -base64 32"), "{said}");
    assert!(!said.contains("correct horse"), "{said}");
}

#[test]
fn it_is_switched_on_over_a_plain_journal_and_off_again() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let gateway = start(Workspace::new(&config(&crm, NONE)));
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    reload(&gateway, &config(&crm, ONE));
    gateway.push("voicemail", VOICEMAIL);
    let off = "encryption.previous = [{ env = \"ONE\" }]";
    reload(&gateway, &config(&crm, off));
    gateway.push("record", RECORD);
    let gateway = gateway.kill_and_restart();
    let keys = gateway.api("/keys");
    assert_eq!(keys["keys"][0]["arrivals"], 1, "{keys}");
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 3);
    let journal = gateway.workspace.path("data/journal.db");
    let db = rusqlite::Connection::open(journal).expect("a journal");
    let mut query = db
        .prepare("SELECT body = 'sealed' FROM arrivals_readable ORDER BY seq")
        .expect("a query");
    let sealed: Vec<bool> = query
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .expect("rows");
    assert_eq!(sealed, [false, true, false]);
}

/// A workspace whose journal holds one sealed record for each of these ages in
/// days, the oldest first.
pub fn aged(config: &str, ages: &[i64]) -> Workspace {
    let workspace = Workspace::new(config);
    let options = Options {
        masters: Masters {
            current: Some(Arc::new(MasterKey::parse(&key(1)).expect("a key"))),
            previous: Vec::new(),
        },
        ..Options::default()
    };
    let journal = SqliteJournal::open(&workspace.path("data/journal.db"), &options);
    let journal = journal.expect("a journal");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    for (number, age) in (1..).zip(ages) {
        let new = NewArrival {
            received: Timestamp::now() - SignedDuration::from_hours(24 * age),
            source: Arc::from("tccc"),
            kind: Kind::Cdr,
            session: None,
            tags: Tags::new(),
            defect: None,
            dedup: Dedup {
                key: [number; 16],
                body: [number; 16],
            },
            body: Bytes::from_static(SEED.as_bytes()),
        };
        runtime.block_on(journal.append(new)).expect("an arrival");
    }
    workspace
}

fn said(output: &std::process::Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).expect("UTF-8")
}

#[test]
fn a_dropped_day_expires_what_is_not_settled() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let gateway = start(aged(&config(&crm, ONE), &[3, 3, 2, 0]));
    gateway.wait_for("crm", "retrying", 4);
    let keys = gateway.api("/keys");
    let day = keys["keys"][0]["day"].as_str().expect("a day").to_owned();
    let today = keys["keys"][2]["day"].as_str().expect("a day").to_owned();
    assert_eq!(keys["keys"][0]["unsettled"], json!({ "crm": 2 }), "{keys}");

    let counted = gateway.cli(&["keys", "drop", "--day", &day]);
    assert!(!counted.status.success());
    assert!(said(&counted).contains("add --yes"), "{}", said(&counted));
    let refused = gateway.cli(&["keys", "drop", "--day", &today, "--yes"]);
    assert!(said(&refused).contains("not over"), "{}", said(&refused));
    assert_eq!(gateway.deliveries("crm", "expired").len(), 0);

    let dropped = gateway.cli(&["keys", "drop", "--day", &day, "--yes"]);
    assert!(dropped.status.success(), "{}", said(&dropped));
    let text = said(&dropped);
    assert!(text.contains("crm: 2 have expired"), "{text}");
    assert!(!text.contains("trace"), "{text}");
    let expired = gateway.wait_for("crm", "expired", 2);
    for delivery in &expired {
        assert_eq!(delivery["reason"], "key_dropped");
    }
    let arrival = expired[0]["arrival"].as_str().expect("an id");
    let shown = said(&gateway.cli(&["deliveries", "show", arrival]));
    assert!(shown.contains("the key of its day was dropped"), "{shown}");
    assert!(!shown.contains(NUMBERS[0]), "{shown}");
    let listed = said(&gateway.cli(&["keys", "list"]));
    assert_eq!(listed.matches(&id(1)).count(), 3, "{listed}");
    let again = gateway.cli(&["keys", "drop", "--day", &day, "--yes"]);
    assert!(said(&again).contains("no key of"), "{}", said(&again));

    // What is left goes on.
    let gateway = gateway.kill_and_restart();
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 2);
    assert_eq!(gateway.deliveries("crm", "expired").len(), 2);
}

/// The days whose keys are not dropped.
fn kept(gateway: &Gateway) -> usize {
    let keys = gateway.api("/keys");
    let is_kept = |key: &&Value| key["dropped"].is_null();
    keys["keys"]
        .as_array()
        .expect("keys")
        .iter()
        .filter(is_kept)
        .count()
}

#[test]
fn keys_are_dropped_by_age_and_a_new_destination_passes_over_the_gone() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let by_age = format!("{ONE}\nencryption.drop_after_days = 2");
    let config_by_age = config(&crm, &by_age);
    let gateway = start(aged(&config_by_age, &[4, 3, 1, 0]));
    until("two dropped keys", || (kept(&gateway) == 2).then_some(()));
    gateway.wait_for("crm", "expired", 2);
    gateway.wait_for("crm", "retrying", 2);
    let (_, metrics) = gateway.get("/metrics");
    assert!(
        metrics.contains("cdr_gateway_journal_dropped_keys_total 2"),
        "{metrics}"
    );
    let bi = Receiver::start();
    let more = format!(
        "{}\n[destination.bi]\nhttp.url = {:?}\nstart = \"beginning\"\n",
        config_by_age.replace("to = [\"crm\"]", "to = [\"crm\", \"bi\"]"),
        bi.url()
    );
    reload(&gateway, &more);
    bi.wait_for(2);
    gateway.wait_for("bi", "delivered", 2);
    let expired = gateway.wait_for("bi", "expired", 2);
    assert_eq!(expired[0]["reason"], "key_dropped");
    assert_eq!(bi.got().len(), 2);
}
