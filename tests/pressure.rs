//! A crowd of senders before a journal that cannot take more: each is told at
//! once to try again, and nobody is kept hanging.

use std::{thread, time::Duration};

use serde_json::Value;

use crate::{
    harness::{Gateway, Receiver, until},
    outage::records,
};

const SENDERS: usize = 96;

fn config(crm: &Receiver, settings: &str) -> String {
    format!(
        r#"
        {settings}
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        "#,
        crm.url()
    )
}

/// What one sender of the crowd was answered.
struct Answer {
    status: u16,
    code: u64,
    retry_after: Option<u64>,
}

/// All senders push at once, each on a connection of its own; every one of them
/// is answered.
fn crowd(gateway: &Gateway, name: &str, padding: usize) -> Vec<Answer> {
    let padding = format!("{{\"Padding\":\"{}\",", "x".repeat(padding));
    let records = records(SENDERS);
    let url = gateway.ingest_url("/tccc?action=cdr&version=1");
    thread::scope(|scope| {
        let senders: Vec<_> = records
            .iter()
            .map(|record| {
                let record = record.replace("session-", name);
                let record = record.replacen('{', &padding, 1);
                scope.spawn(|| push(&url, record))
            })
            .collect();
        let answers = senders.into_iter().map(thread::ScopedJoinHandle::join);
        answers.map(|answer| answer.expect("an answer")).collect()
    })
}

fn push(url: &str, record: String) -> Answer {
    let client = reqwest::blocking::Client::builder()
        .no_proxy()
        // Only a sender that is kept hanging gets there.
        .timeout(Duration::from_mins(1))
        .build()
        .expect("a client");
    let answer = client.post(url).body(record).send().expect("an answer");
    let retry_after = answer.headers().get("retry-after");
    let retry_after = retry_after.map(|value| value.to_str().expect("a text").to_owned());
    Answer {
        status: answer.status().as_u16(),
        retry_after: retry_after.map(|seconds| seconds.parse().expect("seconds")),
        code: answer.json::<Value>().expect("JSON")["ErrCode"]
            .as_u64()
            .expect("a code"),
    }
}

/// How many of a crowd were taken; the others must have been told to try again.
fn taken(answers: &[Answer], codes: &[u64]) -> usize {
    let refused = answers.iter().filter(|answer| answer.status != 200);
    for answer in refused {
        assert_eq!(answer.status, 503);
        assert!(codes.contains(&answer.code), "{}", answer.code);
        assert!(answer.retry_after.is_some_and(|seconds| seconds > 0));
    }
    answers.iter().filter(|answer| answer.status == 200).count()
}

#[test]
fn a_full_journal_answers_a_crowd() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&config(&crm, "journal.max_bytes = 2000000"));
    let mut count = 0;
    until("a full journal", || {
        let answers = crowd(&gateway, &format!("{count}-"), 40_000);
        let more = taken(&answers, &[50303, 50302]);
        count += more;
        (more == 0).then_some(())
    });
    assert!(count > 10, "only {count} fit");
    gateway.wait_for("crm", "delivered", count);
}

#[test]
fn a_writer_that_is_held_up_keeps_nobody_hanging() {
    let crm = Receiver::start();
    let settings = "journal.max_queue = 8\ningest.request_timeout_ms = 1000";
    let gateway = Gateway::start(&config(&crm, settings));
    let journal = gateway.workspace.path("data/journal.db");
    let db = rusqlite::Connection::open(journal).expect("a journal");
    db.execute_batch("BEGIN IMMEDIATE").expect("the lock");
    let answers = crowd(&gateway, "held-up-", 0);
    assert_eq!(taken(&answers, &[50302, 50304]), 0);
    let busy = answers.iter().filter(|answer| answer.code == 50302).count();
    assert!(busy > SENDERS / 2, "{busy} found the queue full");

    db.execute_batch("ROLLBACK").expect("no lock");
    let mut count = 0;
    until("everyone to be taken", || {
        let answers = crowd(&gateway, &format!("{count}-"), 0);
        count += taken(&answers, &[50302, 50304]);
        (count >= SENDERS).then_some(())
    });
    until("all of them delivered", || {
        let distinct: std::collections::BTreeSet<_> =
            crm.got().into_iter().map(|got| got.body).collect();
        (distinct.len() >= count).then_some(())
    });
}
