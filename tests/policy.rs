//! What a destination's policy does: rate, concurrency, breaker.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, all_to, until},
    outage::records,
};

/// A configuration with one destination, and this policy.
fn with_policy(receiver: &Receiver, policy: &str) -> String {
    all_to(
        "crm",
        &format!("http.url = \"{}\"\n{policy}", receiver.url()),
    )
}

/// The destination as operators see it.
fn crm(gateway: &Gateway) -> Value {
    gateway.api("/destinations")[0].clone()
}

fn push_all(gateway: &Gateway, records: &[String]) {
    for record in records {
        gateway.push("cdr", record);
    }
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

#[test]
fn a_rate_is_kept_and_its_wait_is_no_part_of_an_attempt() {
    let receiver = Receiver::start();
    let hourly = "rate = { attempts = 1, per = \"hour\" }\nhttp.timeout_ms = 500";
    let gateway = Gateway::start(&with_policy(&receiver, hourly));
    push_all(&gateway, &records(4));
    gateway.wait_for("crm", "delivered", 1);
    until("the others to wait for a token", || {
        (crm(&gateway)["status"]["under_way"] == 3).then_some(())
    });
    assert_eq!(receiver.got().len(), 1);

    // What waits has sent nothing: it comes back for the new revision, and for a
    // stop, which does not wait for tokens.
    let more = hourly.replace("attempts = 1", "attempts = 2");
    reload(&gateway, &with_policy(&receiver, &more));
    gateway.wait_for("crm", "delivered", 2);
    let gateway = Gateway::start_with(gateway.stop(), &[]);
    gateway.wait_for("crm", "delivered", 3);
    reload(&gateway, &with_policy(&receiver, "http.timeout_ms = 500"));
    gateway.wait_for("crm", "delivered", 4);
    assert_eq!(receiver.got().len(), 4, "none was sent twice");
}

#[test]
fn concurrency_adapts_within_its_range() {
    let receiver = Receiver::start();
    receiver.hang(true);
    let policy = "concurrency = { min = 2, max = 8 }";
    let gateway = Gateway::start(&with_policy(&receiver, policy));
    push_all(&gateway, &records(20));
    receiver.wait_for(2);
    assert_eq!(crm(&gateway)["status"]["concurrency_limit"], 2);
    assert_eq!(receiver.got().len(), 2, "no more than the floor at once");
    receiver.hang(false);
    gateway.wait_for("crm", "delivered", 20);

    let mut sent = 20;
    let risen = until("a higher limit", || {
        for record in records(sent + 20).split_off(sent) {
            gateway.push("cdr", &record);
        }
        sent += 20;
        let limit = crm(&gateway)["status"]["concurrency_limit"].as_u64()?;
        (limit > 2).then_some(limit)
    });
    assert!(risen <= 8);
    let (_, metrics) = gateway.get("/metrics");
    assert!(
        metrics.contains("cdr_gateway_concurrency_limit{destination=\"crm\"}"),
        "{metrics}"
    );
}

#[test]
fn a_dead_receiver_is_noticed_before_its_backlog_becomes_exceptions() {
    let receiver = Receiver::start();
    receiver.answer(&[503]);
    let slow = "retry = { initial_ms = 600000, max_ms = 600000 }";
    let gateway = Gateway::start(&with_policy(&receiver, slow));
    push_all(&gateway, &records(60));
    let counts = until("the breaker to open", || {
        let crm = crm(&gateway);
        let is_open = crm["status"]["halt"]["cause"] == "breaker_open";
        is_open.then(|| crm["counts"].clone())
    });
    let tried = counts["retrying"].as_u64().expect("a number");
    assert!((5..=14).contains(&tried), "{counts}");

    receiver.answer(&[200]);
    gateway.wait_for("crm", "delivered", 60);
}

#[test]
fn a_receiver_that_fails_half_of_its_requests_goes_on() {
    let receiver = Receiver::start();
    let every_other: Vec<u16> = [200, 503].repeat(500);
    receiver.answer(&every_other);
    let policy = "concurrency = 1\nretry = { initial_ms = 1, max_ms = 1 }";
    let gateway = Gateway::start(&with_policy(&receiver, policy));
    push_all(&gateway, &records(40));
    gateway.wait_for("crm", "delivered", 40);
    assert!(!gateway.log().contains("is broken"), "{}", gateway.log());
}

#[test]
fn without_a_breaker_every_record_is_tried() {
    let receiver = Receiver::start();
    receiver.answer(&[503]);
    let policy = "breaker.enabled = false\nretry = { initial_ms = 600000, max_ms = 600000 }";
    let gateway = Gateway::start(&with_policy(&receiver, policy));
    push_all(&gateway, &records(30));
    gateway.wait_for("crm", "retrying", 30);
    assert_eq!(crm(&gateway)["status"]["halt"], Value::Null);
}
