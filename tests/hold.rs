//! Destinations that send nothing until a person says otherwise: paused by one,
//! or stopped by their receiver.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, all_to, until},
    outage::records,
};

fn config(receiver: &Receiver, more: &str) -> String {
    let retry = "retry = { initial_ms = 20, max_ms = 20 }";
    all_to(
        "crm",
        &format!("http.url = \"{}\"\n{retry}\n{more}", receiver.url()),
    )
}

fn crm(gateway: &Gateway) -> Value {
    gateway.api("/destinations/crm")
}

/// After a start it takes a moment until the destination is claimed.
fn wait_for(gateway: &Gateway, state: &str) -> Value {
    until(state, || {
        let now = crm(gateway);
        (now["state"] == state).then_some(now)
    })
}

fn resume(gateway: &Gateway) {
    let (status, now) = gateway.api_post("/destinations/crm/resume", &json!({}));
    assert_eq!((status, &now["state"]), (200, &"running".into()), "{now}");
}

#[test]
fn a_person_pauses_and_resumes_over_a_kill() {
    let receiver = Receiver::start();
    let gateway = Gateway::start(&config(&receiver, ""));
    let output = gateway.cli(&["destinations", "pause", "crm", "--because", "moving house"]);
    assert!(output.status.success(), "{output:?}");
    let records = records(6);
    for record in &records[..3] {
        gateway.push("cdr", record);
    }
    let gateway = gateway.kill_and_restart();
    for record in &records[3..] {
        gateway.push("cdr", record);
    }
    let paused = wait_for(&gateway, "paused");
    assert_eq!(paused["status"]["hold"]["because"], "moving house");
    assert_eq!(paused["counts"]["pending"], 6);
    assert!(paused["oldest_pending"].is_string(), "{paused}");
    assert!(receiver.got().is_empty());
    let (_, metrics) = gateway.get("/metrics");
    let held = "cdr_gateway_destination_held{destination=\"crm\",kind=\"paused\"} 1";
    assert!(metrics.contains(held), "{metrics}");

    let list = gateway.cli(&["destinations", "list"]);
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let row = list.lines().nth(1).unwrap_or_default();
    assert!(row.starts_with("crm") && row.contains("paused"), "{list}");
    let show = gateway.cli(&["destinations", "show", "crm"]);
    let show = String::from_utf8_lossy(&show.stdout).into_owned();
    assert!(show.contains("moving house"), "{show}");

    let output = gateway.cli(&["destinations", "resume", "crm"]);
    assert!(output.status.success(), "{output:?}");
    gateway.wait_for("crm", "delivered", 6);
    let gateway = gateway.kill_and_restart();
    assert_eq!(crm(&gateway)["state"], "running", "and stays so");
}

#[test]
fn pausing_calls_back_what_waits_and_keeps_retries() {
    let receiver = Receiver::start();
    receiver.answer(&[500]);
    receiver.hang(true);
    let gateway = Gateway::start(&config(&receiver, "concurrency = 1"));
    for record in records(4) {
        gateway.push("cdr", &record);
    }
    receiver.wait_for(1);
    let because = json!({ "because": "a release" });
    let (status, paused) = gateway.api_post("/destinations/crm/pause", &because);
    assert_eq!((status, &paused["state"]), (200, &"paused".into()));
    receiver.hang(false);
    until("what was under way to end", || {
        (crm(&gateway)["status"]["under_way"] == 0).then_some(())
    });
    let counts = crm(&gateway)["counts"].clone();
    assert_eq!(receiver.got().len(), 1, "{counts}");
    assert_eq!(
        (&counts["retrying"], &counts["pending"]),
        (&1.into(), &3.into())
    );
    receiver.answer(&[200]);
    resume(&gateway);
    gateway.wait_for("crm", "delivered", 4);
}

#[test]
fn a_receiver_stops_its_destination_until_a_person_resumes_it() {
    for (status, header, value) in [
        (410, "x", "y"),
        (503, "webhook-delivery", "disable"),
        (200, "webhook-delivery", "disable"),
    ] {
        let receiver = Receiver::start();
        let gateway = Gateway::start(&config(&receiver, "concurrency = 1"));
        receiver.answer_once(status, header, value);
        let records = records(5);
        gateway.push("cdr", &records[0]);
        until("the stop", || {
            (crm(&gateway)["state"] == "stopped").then_some(())
        });
        for record in &records[1..] {
            gateway.push("cdr", record);
        }
        let gateway = gateway.kill_and_restart();
        let stopped = wait_for(&gateway, "stopped");
        assert_eq!(stopped["counts"]["dead"], 0, "{status}");
        assert_eq!(receiver.got().len(), 1, "{status}");

        // A pause says less than a stop.
        let because = json!({ "because": "lunch" });
        let (_, still) = gateway.api_post("/destinations/crm/pause", &because);
        assert_eq!(still["state"], "stopped");
        resume(&gateway);
        gateway.wait_for("crm", "delivered", 5);
    }
}

#[test]
fn a_receiver_aborts_one_delivery() {
    let receiver = Receiver::start();
    let gateway = Gateway::start(&config(&receiver, "concurrency = 1"));
    receiver.answer_once(503, "webhook-delivery", "abort-message");
    for record in records(2) {
        gateway.push("cdr", &record);
    }
    let dead = &gateway.wait_for("crm", "dead", 1)[0];
    assert_eq!(dead["reason"], "aborted_by_receiver");
    gateway.wait_for("crm", "delivered", 1);
}

#[test]
fn what_cannot_be_paused_is_said() {
    let receiver = Receiver::start();
    let gateway = Gateway::start(&config(&receiver, "paused = true"));
    let because = json!({ "because": "why not" });
    let (status, problem) = gateway.api_post("/destinations/crn/pause", &because);
    assert_eq!(status, 404, "{problem}");
    let (status, problem) = gateway.api_post("/destinations/crm/pause", &json!({ "because": " " }));
    assert_eq!(status, 400, "{problem}");

    // What the configuration says is told apart, and resuming does not lift it.
    let paused = wait_for(&gateway, "paused");
    assert_eq!(paused["status"]["hold"], Value::Null);
    let (_, now) = gateway.api_post("/destinations/crm/resume", &json!({}));
    assert_eq!(now["state"], "paused");
    let show = gateway.cli(&["destinations", "show", "crm"]);
    let show = String::from_utf8_lossy(&show.stdout).into_owned();
    assert!(show.contains("the configuration says"), "{show}");
}
