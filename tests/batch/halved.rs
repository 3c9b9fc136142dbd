//! Batches that are given up: halved until the guilty record is alone.

use serde_json::json;

use super::{PATIENT, assert_accepted_once, by_id, id, metric, push_all, shown, sizes, start};
use crate::{harness::Receiver, outage::records};

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
