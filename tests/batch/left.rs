//! Members that leave a frozen batch: what becomes of them, and of the others.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    PATIENT, assert_accepted_once, batch_id, by_id, config, id, push_all, reload, sessions, shown,
    start,
};
use crate::{
    harness::{Gateway, Receiver, until},
    outage::records,
};

/// Pauses or resumes the CRM.
fn hold(gateway: &Gateway, what: &str) {
    let because = json!({ "because": "repair" });
    let (status, answer) = gateway.api_post(&format!("/destinations/crm/{what}"), &because);
    assert_eq!(status, 200, "{answer}");
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
    hold(&gateway, "pause");
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

    // Over a kill; once it goes on, all are tried.
    gateway.workspace.configure(&config(&crm, limits, retry));
    let gateway = gateway.kill_and_restart();
    crm.answer(&[200]);
    hold(&gateway, "resume");
    gateway.wait_for("crm", "delivered", 3);
    let got = crm.got();
    assert_accepted_once(&got, [0, 1, 3]);
    let ids: BTreeSet<_> = got.iter().map(|got| got.header("webhook-id")).collect();
    let alone = batch_id("json_array", &arrivals[1..2]);
    let rest = batch_id("json_array", &[arrivals[0], arrivals[3]]);
    assert_eq!(ids, BTreeSet::from([frozen.as_str(), &alone, &rest]));
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

fn correct(gateway: &Gateway, arrival: &str, body: &str) {
    let path = format!("/arrivals/{arrival}/corrections");
    let request = json!({ "after": 0, "because": "a misspelt name", "body": body });
    let (status, answer) = gateway.api_post(&path, &request);
    assert_eq!(status, 200, "{answer}");
}

#[test]
fn a_member_that_is_corrected_goes_on_as_it_is_now() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let retry = "retry = { initial_ms = 1, max_ms = 20 }";
    let gateway = start(&crm, "max_records = 3, max_wait_ms = 100", retry);
    let records = records(3);
    push_all(&gateway, &records);
    let retrying = gateway.wait_for("crm", "retrying", 3);
    let arrivals: Vec<_> = retrying.iter().map(id).collect();
    // What is under way when it is corrected may still arrive as it was.
    hold(&gateway, "pause");
    until("nothing to be under way", || {
        let under_way = &gateway.api("/destinations/crm")["status"]["under_way"];
        (under_way == 0).then_some(())
    });
    let corrected = records[1].replace("zhangsan", "lisi");
    correct(&gateway, arrivals[1], &corrected);
    crm.answer(&[200]);
    hold(&gateway, "resume");
    gateway.wait_for("crm", "delivered", 3);
    let got = crm.got();
    by_id(&got);
    assert_accepted_once(&got, 0..3);
    let mut accepted = got.iter().filter(|got| got.status == 200);
    assert!(accepted.any(|got| got.body.contains(corrected.trim())));
}

/// It was made ready of what the record was before.
#[test]
fn what_waits_for_company_is_made_anew_once_it_is_corrected() {
    let crm = Receiver::start();
    let gateway = start(&crm, &format!("max_records = 3, {PATIENT}"), "");
    let records = records(3);
    push_all(&gateway, &records[..2]);
    let pending = gateway.wait_for("crm", "pending", 2);
    let corrected = records[0].replace("zhangsan", "lisi");
    correct(&gateway, id(&pending[0]), &corrected);
    push_all(&gateway, &records[2..]);
    gateway.wait_for("crm", "delivered", 3);
    let got = &crm.wait_for(1)[0];
    assert_eq!(sessions(got).len(), 3);
    assert!(got.body.contains(corrected.trim()), "{}", got.body);
    assert!(!got.body.contains(records[0].trim()));
}
