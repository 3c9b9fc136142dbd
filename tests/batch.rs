//! Batches: formed by the first limit that is reached, sent again as they were,
//! halved until the guilty record is alone; over kills, repairs and reloads.

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

#[test]
fn a_refused_batch_is_halved_until_the_guilty_record_is_alone() {
    for status in [400, 413, 422] {
        let crm = Receiver::start();
        crm.refuse_only("\"session-5\"", status);
        // What is halved does not wait for the schedule.
        let retry = "retry = { initial_ms = 3600000 }";
        let gateway = start(&crm, &format!("max_records = 8, {PATIENT}"), retry);
        push_all(&gateway, &records(8));
        let dead = gateway.wait_for("crm", "dead", 1);
        gateway.wait_for("crm", "delivered", 7);
        assert_eq!(dead[0]["session"], "session-5");
        assert_eq!(dead[0]["status"], status);
        let got = crm.got();
        assert_accepted_once(&got, (0..8).filter(|index| *index != 5));
        assert_eq!(by_id(&got).len(), got.len(), "each is another batch");
        let mut sizes = sizes(&got);
        sizes.sort_unstable();
        assert_eq!(sizes, [1, 1, 2, 2, 4, 4, 8]);
        let splits = "cdr_gateway_batch_splits_total{destination=\"crm\"}";
        assert_eq!(metric(&gateway, splits), 3);

        let attempts = shown(&gateway, id(&dead[0]))["attempts"].clone();
        let attempts = attempts.as_array().expect("attempts");
        let records: Vec<_> = attempts.iter().map(|it| &it["batch"]["records"]).collect();
        assert_eq!(records, [8, 4, 2, 1]);
        let output = gateway.cli(&["deliveries", "show", id(&dead[0])]);
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(text.contains("of 8 records"), "{text}");
    }
}

/// Halving would only ask the same question again.
#[test]
fn a_refusal_that_is_about_no_record_refuses_all() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = start(&crm, &format!("max_records = 4, {PATIENT}"), "");
    push_all(&gateway, &records(4));
    gateway.wait_for("crm", "dead", 4);
    assert_eq!(sizes(&crm.got()), [4]);

    // Tried again by a person, they are formed into a batch anew.
    crm.answer(&[200]);
    let (status, answer) = gateway.api_post("/deliveries/retry", &json!({ "state": "dead" }));
    assert_eq!(status, 200, "{answer}");
    gateway.wait_for("crm", "delivered", 4);
    let got = crm.got();
    assert_eq!(sizes(&got), [4, 4]);
    assert_eq!(by_id(&got).len(), 1, "the same records, the same id");
}

/// A record that a receiver breaks on, instead of refusing it, takes no other
/// with it.
#[test]
fn a_batch_that_used_up_its_retries_is_halved_too() {
    let crm = Receiver::start();
    crm.fail_only_on("\"session-1\"");
    let retry = "retry = { schedule_ms = [1] }";
    let gateway = start(&crm, &format!("max_records = 4, {PATIENT}"), retry);
    push_all(&gateway, &records(4));
    let dead = gateway.wait_for("crm", "dead", 1);
    assert_eq!(dead[0]["session"], "session-1");
    gateway.wait_for("crm", "delivered", 3);
    let got = crm.got();
    assert_accepted_once(&got, [0, 2, 3]);
    by_id(&got);
    assert_eq!(sizes(&got)[..2], [4, 4], "the retry first");
}

#[test]
fn a_member_that_is_repaired_leaves_the_others_to_themselves() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let retry = "retry = { initial_ms = 3600000 }";
    let limits = "max_records = 4, max_wait_ms = 200";
    let gateway = start(&crm, &format!("max_records = 4, {PATIENT}"), retry);
    push_all(&gateway, &records(4));
    let retrying = gateway.wait_for("crm", "retrying", 4);
    reload(
        &gateway,
        &config(&crm, limits, &format!("{retry}\npaused = true")),
    );
    let arrivals: Vec<_> = retrying.iter().map(id).collect();
    let frozen = batch_id("json_array", &arrivals);
    let member = shown(&gateway, arrivals[0]);
    assert_eq!(member["batch"], frozen.as_str());

    let one = json!({ "arrivals": [arrivals[1]] });
    let (status, answer) = gateway.api_post("/deliveries/retry", &one);
    assert_eq!((status, &answer["retried"]["crm"]), (200, &1.into()));
    let gone = json!({ "arrivals": [arrivals[2]], "because": "a test call" });
    let (status, answer) = gateway.api_post("/deliveries/discard", &gone);
    assert_eq!((status, &answer["discarded"]["crm"]), (200, &1.into()));
    assert_eq!(shown(&gateway, arrivals[1])["batch"], Value::Null);

    crm.answer(&[200]);
    let soon = "retry = { initial_ms = 1, max_ms = 1 }";
    reload(&gateway, &config(&crm, limits, soon));
    let delivered = gateway.wait_for("crm", "delivered", 1);
    assert_eq!(id(&delivered[0]), arrivals[1]);
    // The others stay where they are until their time comes, or someone says so.
    let still = shown(&gateway, arrivals[0]);
    assert_eq!(
        (&still["state"], &still["batch"]),
        (&"retrying".into(), &frozen.as_str().into())
    );

    // A restart, and the end of the wait, by the hand of another tool.
    let workspace = gateway.kill();
    let journal = rusqlite::Connection::open(workspace.path("data/journal.db")).expect("a file");
    let early = "UPDATE exceptions SET next_attempt_ms = 0 WHERE batch IS NOT NULL";
    assert_eq!(journal.execute(early, []).expect("two rows"), 2);
    drop(journal);
    let gateway = Gateway::start_with(workspace, &[]);
    gateway.wait_for("crm", "delivered", 3);
    let got = crm.got();
    assert_accepted_once(&got, [0, 1, 3]);
    let ids: Vec<_> = got.iter().map(|got| got.header("webhook-id")).collect();
    let alone = batch_id("json_array", &arrivals[1..2]);
    let rest = batch_id("json_array", &[arrivals[0], arrivals[3]]);
    assert_eq!(ids, [frozen.as_str(), &alone, &rest]);
}

/// The contract is checked again with each attempt: a member that breaks it by
/// then is held back, and the others are another batch.
#[test]
fn a_member_that_may_not_leave_any_more_is_held_back() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let source = "[source.app]\npath = \"/app\"\ndialect = \"json\"\nnumbers_in = [\"/caller\"]\n";
    let config = |settings: &str| {
        let batch = format!("max_records = 3, {PATIENT}");
        let config = config(&crm, &batch, settings);
        let config = config.replace("from = [\"tccc\"]", "from = [\"tccc\", \"app\"]");
        format!("{source}{config}")
    };
    let gateway = Gateway::start(&config("retry = { initial_ms = 1, max_ms = 1 }"));
    for body in [
        r#"{"SessionId":"session-0"}"#,
        r#"{"SessionId":"session-1","caller":"+8613800138000"}"#,
        r#"{"SessionId":"session-2"}"#,
    ] {
        let (status, answer) = gateway.post("/app", body);
        assert_eq!(status, 200, "{answer}");
    }
    crm.wait_for(1);
    let retry = "retry = { initial_ms = 1, max_ms = 1 }";
    reload(&gateway, &config(&format!("{retry}\nnumbers = \"masked\"")));
    let suspended = gateway.wait_for("crm", "suspended", 1);
    assert_eq!(suspended[0]["reason"], "egress_violation");
    crm.answer(&[200]);
    let delivered = gateway.wait_for("crm", "delivered", 2);
    let arrivals: Vec<_> = delivered.iter().map(id).collect();
    let got = crm.got();
    by_id(&got);
    let last = got.last().expect("a request");
    assert_eq!(sessions(last), ["session-0", "session-2"]);
    assert_eq!(last.header("webhook-id"), batch_id("json_array", &arrivals));
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
