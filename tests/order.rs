//! Order per key: what belongs together arrives one after the other.

use std::collections::BTreeMap;

use serde_json::json;

use crate::{
    harness::{Gateway, Received, Receiver, all_to, field, until},
    outage::records,
};

/// Records of three sessions, numbered by their duration, in turn.
fn of_sessions(count: usize) -> Vec<String> {
    let sessions = records(3);
    let session = |index: usize| sessions[index % 3].clone();
    let numbered = |index| {
        let text = session(index);
        let duration = field(&text, "/Duration").to_string();
        text.replace(
            &format!("\"Duration\": {duration}"),
            &format!("\"Duration\": {}", index + 1),
        )
    };
    (0..count).map(numbered).collect()
}

fn number(got: &Received) -> u64 {
    field(&got.body, "/Duration").as_u64().expect("a number")
}

fn ordered(receiver: &Receiver, by: &str, more: &str) -> String {
    let retry = "retry = { initial_ms = 30, max_ms = 60 }";
    let settings = format!(
        "http.url = \"{}\"\norder_by = \"{by}\"\n{retry}\n{more}",
        receiver.url()
    );
    all_to("crm", &settings)
}

/// In each session records are accepted in order of arrival, and one that was
/// accepted is never followed by an earlier one.
fn assert_in_order(got: &[Received]) {
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    for request in got {
        let session = field(&request.body, "/SessionId").to_string();
        let before = last.get(&session).copied().unwrap_or_default();
        assert!(
            number(request) >= before,
            "{session}: {} after {before}",
            number(request)
        );
        if request.status == 200 {
            last.insert(session, number(request));
        }
    }
}

#[test]
fn sessions_stay_in_order_over_failures_and_kills() {
    let receiver = Receiver::start();
    let half: Vec<u16> = [503, 200, 200, 503, 503, 200, 500, 200].repeat(100);
    receiver.answer(&half);
    let mut gateway = Gateway::start(&ordered(&receiver, "session", ""));
    let records = of_sessions(45);
    for (index, record) in records.iter().enumerate() {
        gateway.push("cdr", record);
        if index % 15 == 14 {
            gateway = gateway.kill_and_restart();
        }
    }
    gateway.wait_for("crm", "delivered", 45);
    assert_in_order(&receiver.got());
}

#[test]
fn one_of_a_key_is_under_way_at_a_time() {
    let receiver = Receiver::start();
    receiver.hang_on_nothing_but("\"Duration\": 1,");
    let gateway = Gateway::start(&ordered(&receiver, "session", ""));
    for record in of_sessions(12) {
        gateway.push("cdr", &record);
    }
    // The other two sessions pass; of the first nothing follows what hangs.
    gateway.wait_for("crm", "delivered", 8);
    let got = receiver.got();
    let of_first = got.iter().filter(|got| number(got) % 3 == 1);
    assert_eq!(of_first.count(), 1);
    receiver.hang(false);
    gateway.wait_for("crm", "delivered", 12);
    assert_in_order(&receiver.got());
}

#[test]
fn a_retry_holds_back_its_own_key_and_no_other() {
    let receiver = Receiver::start();
    receiver.fail_only_on("\"Duration\": 1,");
    let slow = "breaker.enabled = false";
    let config = ordered(&receiver, "/SessionId", slow)
        .replace("initial_ms = 30, max_ms = 60", "schedule_ms = [3600000]");
    let gateway = Gateway::start(&config);
    let records = of_sessions(30);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("crm", "retrying", 1);
    for record in &records[1..] {
        gateway.push("cdr", record);
    }
    gateway.wait_for("crm", "delivered", 20);
    let waiting = gateway.wait_for("crm", "retrying", 10);
    let behind = |one: &&serde_json::Value| one["reason"] == "behind_earlier";
    assert_eq!(waiting.iter().filter(behind).count(), 9);
    assert_eq!(gateway.api("/destinations/crm")["counts"]["pending"], 0);

    // What is behind waits, whatever a person asks for; a kill changes nothing.
    let gateway = gateway.kill_and_restart();
    let last = waiting.last().expect("one").clone();
    let request = json!({ "arrivals": [last["arrival"]] });
    let (status, _) = gateway.api_post("/deliveries/retry", &request);
    assert_eq!(status, 200);
    until("it to wait again", || {
        let page = gateway.deliveries("crm", "retrying");
        (page.last()?["reason"] == "behind_earlier").then_some(())
    });

    // Discarding the first one lets the others go.
    let discard = json!({ "arrivals": [waiting[0]["arrival"]], "because": "a test" });
    let (status, _) = gateway.api_post("/deliveries/discard", &discard);
    assert_eq!(status, 200);
    gateway.wait_for("crm", "delivered", 29);
    assert_in_order(&receiver.got());
}

#[test]
fn what_was_parked_goes_when_order_is_given_up() {
    let receiver = Receiver::start();
    receiver.fail_only_on("\"Duration\": 1,");
    let config = ordered(&receiver, "session", "")
        .replace("initial_ms = 30, max_ms = 60", "schedule_ms = [3600000]");
    let gateway = Gateway::start(&config);
    let records = of_sessions(4);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("crm", "retrying", 1);
    gateway.push("cdr", &records[3]);
    gateway.wait_for("crm", "retrying", 2);
    gateway
        .workspace
        .configure(&config.replace("order_by = \"session\"", ""));
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
    gateway.wait_for("crm", "delivered", 1);
}
