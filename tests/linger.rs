//! What was delivered waits for company before it is committed, for as long as nobody
//! asks: whoever does finds it settled. The time is the longest that may be
//! configured.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, all_to, until},
    outage::records,
};

fn config(crm: &Receiver, settings: &str) -> String {
    let settings = format!("http.url = \"{}\"\n{settings}", crm.url());
    let linger = "journal.settle_linger_ms = 1000";
    format!("{linger}\n{}", all_to("crm", &settings))
}

/// A gateway that has brought so many records to the CRM, settled or not.
fn delivered(crm: &Receiver, settings: &str, count: usize) -> Gateway {
    let gateway = Gateway::start(&config(crm, settings));
    for record in records(count) {
        gateway.push("cdr", &record);
    }
    crm.wait_for(count);
    until("nothing to be under way", || {
        (gateway.api("/destinations")[0]["status"]["under_way"] == 0).then_some(())
    });
    gateway
}

fn counts(gateway: &Gateway) -> Value {
    let books = gateway.api("/balance?verify=true");
    assert_eq!(books["balanced"], true, "{books}");
    books["destinations"][0]["counts"].clone()
}

#[test]
fn a_stop_settles_what_lingers() {
    let crm = Receiver::start();
    let gateway = delivered(&crm, "", 20);
    let workspace = gateway.stop();
    workspace.assert_balanced();
    let gateway = Gateway::start_with(workspace, &[]);
    assert_eq!(counts(&gateway)["delivered"], 20);
    assert_eq!(crm.got().len(), 20, "nothing is sent again");
}

#[test]
fn a_kill_repeats_what_lingers_under_the_same_id() {
    let crm = Receiver::start();
    let gateway = delivered(&crm, "", 20).kill_and_restart();
    gateway.wait_for("crm", "delivered", 20);
    crate::outage::assert_same_id_same_bytes(&crm.got());
}

#[test]
fn who_asks_finds_everything_settled_that_ended() {
    for (what, request) in [
        ("/destinations/crm/pause", json!({ "because": "the test" })),
        ("/destinations/crm/resume", json!({})),
    ] {
        let crm = Receiver::start();
        let gateway = delivered(&crm, "", 20);
        let (status, answer) = gateway.api_post(what, &request);
        assert_eq!(status, 200, "{what}: {answer}");
        assert_eq!(counts(&gateway)["delivered"], 20, "{what}");
    }
}
