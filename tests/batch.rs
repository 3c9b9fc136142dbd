//! Batches: formed by the first limit that is reached, and sent again as they
//! were, over kills and reloads.

mod halved;
mod left;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::{
    harness::{Gateway, Received, Receiver, all_to, until},
    outage::records,
};

/// No limit but the one that a test sets is reached.
const PATIENT: &str = "max_wait_ms = 600000";

/// One destination that takes batches with these limits, and further settings.
fn config(crm: &Receiver, batch: &str, settings: &str) -> String {
    let settings = format!(
        "http.url = \"{}\"\nhttp.batch = {{ {batch} }}\n{settings}",
        crm.url()
    );
    all_to("crm", &settings)
}

fn start(crm: &Receiver, batch: &str, settings: &str) -> Gateway {
    Gateway::start(&config(crm, batch, settings))
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

fn push_all(gateway: &Gateway, records: &[String]) {
    for record in records {
        gateway.push("cdr", record);
    }
}

fn id(delivery: &Value) -> &str {
    delivery["arrival"].as_str().expect("an id")
}

/// The delivery at the CRM with its attempts.
fn shown(gateway: &Gateway, arrival: &str) -> Value {
    gateway.api(&format!("/arrivals/{arrival}"))["deliveries"][0].clone()
}

/// The records in a request, by the sessions that `records` gives them.
fn sessions(got: &Received) -> Vec<String> {
    let of = |record: &Value| record["SessionId"].as_str().expect("a session").to_owned();
    match serde_json::from_str(&got.body).expect("JSON") {
        Value::Array(records) => records.iter().map(of).collect(),
        record => vec![of(&record)],
    }
}

fn sizes(got: &[Received]) -> Vec<usize> {
    got.iter().map(|got| sessions(got).len()).collect()
}

/// The id that anyone can compute of a batch: over its format and the ids that
/// its records would have had alone.
fn batch_id(format: &str, arrivals: &[&str]) -> String {
    let members = arrivals.iter().map(|arrival| format!("\n{arrival}_crm"));
    let digest = Sha256::digest(format!("{format}{}", members.collect::<String>()));
    format!("batch_{}", &format!("{digest:x}")[..32])
}

/// The bodies by id; the same id always came with the same bytes.
fn by_id(got: &[Received]) -> BTreeMap<&str, &[u8]> {
    let mut bodies = BTreeMap::new();
    for got in got {
        let id = got.header("webhook-id");
        let body = bodies.entry(id).or_insert(&got.raw[..]);
        assert_eq!(*body, &got.raw[..], "{id}");
    }
    bodies
}

/// Every record was accepted exactly once.
fn assert_accepted_once(got: &[Received], sessions_expected: impl IntoIterator<Item = usize>) {
    let accepted = got.iter().filter(|got| got.status == 200);
    let mut all: Vec<_> = accepted.flat_map(sessions).collect();
    all.sort();
    let expected = sessions_expected.into_iter();
    let mut expected: Vec<_> = expected.map(|index| format!("session-{index}")).collect();
    expected.sort();
    assert_eq!(all, expected);
}

/// A counter or a sum of whole numbers.
fn metric(gateway: &Gateway, name: &str) -> usize {
    let (_, metrics) = gateway.get("/metrics");
    let value = metrics.lines().find_map(|line| line.strip_prefix(name));
    value.map_or(0, |value| value.trim().parse().expect("a whole number"))
}

#[test]
fn the_first_limit_that_is_reached_sends_a_batch() {
    let records = records(4);
    let two = records[0].len() + records[1].len() + 3;
    for (batch, expected, closed_by) in [
        (format!("max_records = 2, {PATIENT}"), vec![2, 2], "records"),
        (format!("max_bytes = {two}, {PATIENT}"), vec![2, 2], "bytes"),
        (format!("max_bytes = 1024, {PATIENT}"), vec![1; 4], "bytes"),
        ("max_wait_ms = 1".to_owned(), vec![], "wait"),
    ] {
        let crm = Receiver::start();
        let gateway = start(&crm, &batch, "");
        push_all(&gateway, &records);
        gateway.wait_for("crm", "delivered", 4);
        let got = crm.got();
        if !expected.is_empty() {
            assert_eq!(sizes(&got), expected, "{batch}");
        }
        assert_accepted_once(&got, 0..4);
        let series = format!(
            "cdr_gateway_batches_formed_total{{destination=\"crm\",closed_by=\"{closed_by}\"}}"
        );
        assert_eq!(metric(&gateway, &series), got.len(), "{batch}");
        let sum = "cdr_gateway_batch_records_sum{destination=\"crm\"}";
        assert_eq!(metric(&gateway, sum), 4, "{batch}");
    }
}

#[test]
fn a_batch_holds_its_records_as_they_came_and_bears_an_id_of_its_own() {
    let records = records(3);
    let lines: String = records
        .iter()
        .map(|it| it.replace('\n', "") + "\n")
        .collect();
    let array = format!("[{}]", records.join(","));
    for (format, media_type, body) in [
        ("json_array", "application/json", array),
        ("ndjson", "application/x-ndjson", lines),
    ] {
        let crm = Receiver::start();
        let batch = format!("format = \"{format}\", max_records = 3, {PATIENT}");
        let gateway = start(&crm, &batch, "");
        push_all(&gateway, &records);
        let delivered = gateway.wait_for("crm", "delivered", 3);
        let got = &crm.wait_for(1)[0];
        assert_eq!(got.body, body);
        assert_eq!(got.header("content-type"), media_type);
        let arrivals: Vec<_> = delivered.iter().map(id).collect();
        let expected = batch_id(format, &arrivals);
        assert_eq!(got.header("webhook-id"), expected);
        let trace = expected.trim_start_matches("batch_");
        let parent = got.header("traceparent");
        assert!(parent.starts_with(&format!("00-{trace}-")), "{parent}");
    }
}

#[test]
fn a_thousand_records_fill_a_batch() {
    let crm = Receiver::start();
    let limits = format!("max_records = 1000, max_bytes = 8388608, {PATIENT}");
    let gateway = start(&crm, &limits, "paused = true");
    push_all(&gateway, &records(1000));
    reload(&gateway, &config(&crm, &limits, ""));
    until("all to be delivered", || {
        let ledger = gateway.api("/balance");
        let of_crm = &ledger["destinations"][0]["counts"];
        (of_crm["delivered"] == 1000).then_some(())
    });
    assert_eq!(sizes(&crm.got()), [1000]);
}

/// Killed, and started again with limits under which no such batch would be
/// formed, or without batches at all.
#[test]
fn a_batch_that_failed_is_sent_again_as_it_was() {
    for later in [
        "http.batch = { max_records = 1 }",
        "http.compress = \"gzip\"",
        "",
    ] {
        let crm = Receiver::start();
        crm.answer(&[503]);
        let retry = "retry = { initial_ms = 20, max_ms = 50 }";
        let limits = format!("max_records = 4, {PATIENT}");
        let gateway = start(&crm, &limits, retry);
        push_all(&gateway, &records(4));
        crm.wait_for(2);
        let workspace = gateway.kill();
        let other = format!("http.url = \"{}\"\n{later}\n{retry}", crm.url());
        workspace.configure(&all_to("crm", &other));
        let before = crm.got().len();
        let gateway = Gateway::start_with(workspace, &[]);
        crm.wait_for(before + 1);
        crm.answer(&[200]);
        let delivered = gateway.wait_for("crm", "delivered", 4);
        let got = crm.got();
        let ids: BTreeSet<_> = got.iter().map(|got| got.header("webhook-id")).collect();
        let arrivals: Vec<_> = delivered.iter().map(id).collect();
        let expected = batch_id("json_array", &arrivals);
        assert_eq!(ids, BTreeSet::from([expected.as_str()]), "{later}");
        if !later.contains("gzip") {
            assert_eq!(by_id(&got).len(), 1, "{later}");
        }
        // Each was one attempt of each record.
        let attempts = shown(&gateway, arrivals[0])["attempts"].clone();
        let attempts = attempts.as_array().expect("attempts");
        let last = attempts.last().expect("an attempt");
        assert_eq!(last["outcome"], "delivered");
        assert_eq!(last["batch"], json!({ "id": expected, "records": 4 }));
    }
}

/// While a receiver is down, what is tried is little; once it is back, everything
/// arrives, and nothing under an id that stood for something else.
#[test]
fn a_receiver_that_is_down_gets_every_batch_later() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let retry = "retry = { initial_ms = 50, max_ms = 200 }";
    let mut gateway = start(&crm, "max_records = 10, max_wait_ms = 20", retry);
    let all = records(60);
    push_all(&gateway, &all[..30]);
    crm.wait_for(8);
    gateway = gateway.kill_and_restart();
    push_all(&gateway, &all[30..]);
    let tried = crm.got().len();
    crm.wait_for(tried + 1);
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 60);
    let got = crm.got();
    by_id(&got);
    assert_accepted_once(&got, 0..60);
}

/// Nothing was settled of a first attempt when the process died: the records come
/// again, in batches that may be others.
#[test]
fn a_kill_during_a_first_attempt_repeats_ids_only_with_their_bytes() {
    let crm = Receiver::start();
    crm.hang(true);
    let gateway = start(&crm, "max_records = 4, max_wait_ms = 50", "");
    push_all(&gateway, &records(6));
    crm.wait_for(2);
    let gateway = gateway.kill_and_restart();
    crm.wait_for(3);
    crm.hang(false);
    gateway.wait_for("crm", "delivered", 6);
    let got = crm.got();
    by_id(&got);
    let all: BTreeSet<_> = got.iter().flat_map(sessions).collect();
    assert_eq!(all.len(), 6);
}

/// A destination that takes one record in a thousand must not wait for company
/// that cannot come: what waits holds the cursor, and the window ends.
#[test]
fn a_batch_that_keeps_all_company_away_is_sent() {
    let crm = Receiver::start();
    let config = config(&crm, &format!("max_records = 2, {PATIENT}"), "");
    let routed = "from = [\"tccc\"]\nwhen = 'cdr.SessionId == \"session-0\"'";
    let gateway = Gateway::start(&config.replace("from = [\"tccc\"]", routed));
    push_all(&gateway, &records(1025));
    gateway.wait_for("crm", "delivered", 1);
    assert_eq!(sizes(&crm.got()), [1]);
    let room = "cdr_gateway_batches_formed_total{destination=\"crm\",closed_by=\"room\"}";
    assert_eq!(metric(&gateway, room), 1);
}
