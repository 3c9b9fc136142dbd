//! What becomes of a record that a plugin fails on: what the use says.

use serde_json::{Value, json};

use super::{config, telling};
use crate::harness::{Gateway, Receiver, field, until};

/// The hostile guest in the chain of the destination `crm`, with a policy.
fn with(crm: &Receiver, bi: &Receiver, policy: &str) -> String {
    let used = format!(r#"{{ use = "hostile", on_error = "{policy}" }}"#);
    config(crm, bi, &used)
}

/// The same in the chain of the route.
fn for_all_with(crm: &Receiver, bi: &Receiver, policy: &str) -> String {
    let chain = format!(r#"chain = [{{ use = "hostile", on_error = "{policy}" }}]"#);
    let to = r#"to = ["crm", "bi"]"#;
    config(crm, bi, "").replace(to, &format!("{chain}\n{to}"))
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

/// Waits until plugins hold a destination up, and tells how.
fn halted(gateway: &Gateway, destination: &str) -> Value {
    until(&format!("{destination} to be halted"), || {
        let found = gateway.api(&format!("/destinations/{destination}"));
        let halt = found["status"]["halt"].clone();
        (halt["cause"] == "plugins_fail" && found["state"] == "halted").then_some(halt)
    })
}

fn goes_on(gateway: &Gateway, destination: &str) {
    until(&format!("{destination} to go on"), || {
        let found = gateway.api(&format!("/destinations/{destination}"));
        (found["state"] == "running").then_some(())
    });
}

/// Whether plugins hold a destination up, by its metric.
fn failing(gateway: &Gateway, destination: &str) -> bool {
    let (_, metrics) = gateway.get("/metrics");
    let is_on = |on: u8| {
        let line = format!("cdr_gateway_plugins_failing{{destination=\"{destination}\"}} {on}\n");
        metrics.contains(&line)
    };
    assert!(is_on(0) != is_on(1), "{metrics}");
    is_on(1)
}

fn told(received: &crate::harness::Received) -> Value {
    field(&received.body, "/Uui")
}

#[test]
fn skip_lets_the_record_go_on_as_it_was() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&with(&crm, &bi, "skip"));
    let record = telling("trap");
    gateway.push("cdr", &record);
    assert_eq!(crm.wait_for(1)[0].body, record);
}

#[test]
fn drop_ends_the_record_as_skipped_with_the_failure_as_its_reason() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    for (config, at_bi) in [
        (with(&crm, &bi, "drop"), "delivered"),
        (for_all_with(&crm, &bi, "drop"), "skipped"),
    ] {
        let gateway = Gateway::start(&config);
        for (passed, (behaviour, reason)) in [("trap", "plugin_trap"), ("panic:no", "plugin_panic")]
            .into_iter()
            .enumerate()
        {
            gateway.push("cdr", &telling(behaviour));
            let skipped = gateway.wait_for("crm", "skipped", passed + 1);
            assert!(skipped.iter().any(|one| one["reason"] == reason));
            gateway.wait_for("bi", at_bi, passed + 1);
        }
        gateway.push("cdr", &telling("keep"));
        gateway.wait_for_count("crm", "delivered", 1);
        assert_eq!(gateway.counted("crm", "suspended"), 0);
    }
}

#[test]
fn halt_has_the_destination_stand_still_until_the_plugin_works() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&with(&crm, &bi, "halt"));
    assert!(!failing(&gateway, "crm"));
    gateway.push("cdr", &telling("panic:no such prefix"));
    let arrival = gateway.wait_for("bi", "delivered", 1)[0]["arrival"].clone();
    let halt = halted(&gateway, "crm");
    assert_eq!(halt["arrival"], arrival, "{halt}");
    let error = halt["error"].as_str().expect("an error");
    assert!(error.contains("hostile") && error.contains("no such prefix"));
    assert!(failing(&gateway, "crm") && !failing(&gateway, "bi"));
    let shown = gateway.cli(&["destinations", "show", "crm"]);
    let shown = String::from_utf8(shown.stdout).expect("a text");
    assert!(shown.contains("no such prefix"), "{shown}");

    // What would pass the plugin waits behind the one that does not.
    for index in 0..3 {
        gateway.push("cdr", &telling(&format!("keep {index}")));
    }
    gateway.wait_for_count("bi", "delivered", 4);
    assert_eq!(gateway.counted("crm", "pending"), 4);
    // A probe does not park it either.
    let retired = |gateway: &Gateway| {
        let (_, metrics) = gateway.get("/metrics");
        let line = metrics.lines().find(|line| {
            line.starts_with("cdr_gateway_plugin_calls_total")
                && line.contains(r#"outcome="panic""#)
                && line.contains(r#"plugin="hostile""#)
        });
        let count = line.and_then(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
        count.unwrap_or_default()
    };
    until("three probes", || (retired(&gateway) > 3).then_some(()));
    assert_eq!(gateway.counted("crm", "pending"), 4);

    reload(&gateway, &config(&crm, &bi, ""));
    let got = crm.wait_for(4);
    assert_eq!(told(&got[0]), "panic:no such prefix");
    goes_on(&gateway, "crm");
    assert!(!failing(&gateway, "crm"));
    gateway.wait_for_count("crm", "delivered", 4);
}

#[test]
fn a_correction_ends_a_halt_and_the_next_failure_begins_another() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&with(&crm, &bi, "halt"));
    gateway.push("cdr", &telling("trap"));
    let first = halted(&gateway, "crm")["arrival"].clone();
    gateway.push("cdr", &telling("panic:again"));
    gateway.wait_for_count("bi", "delivered", 2);

    let path = |arrival: &Value| format!("/arrivals/{}/corrections", arrival.as_str().unwrap());
    let mended = json!({ "after": 0, "because": "a test", "body": telling("keep 1") });
    gateway.api_post(&path(&first), &mended);
    gateway.wait_for_count("crm", "delivered", 1);
    let second = until("the second halt", || {
        let halt = halted(&gateway, "crm");
        (halt["arrival"] != first).then_some(halt)
    });
    assert_eq!(gateway.counted("crm", "pending"), 1);
    gateway.api_post(&path(&second["arrival"]), &mended);
    gateway.wait_for_count("crm", "delivered", 2);
    goes_on(&gateway, "crm");
}

#[test]
fn a_route_that_halts_holds_all_of_its_destinations_up() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&for_all_with(&crm, &bi, "halt"));
    gateway.push("cdr", &telling("trap"));
    for destination in ["crm", "bi"] {
        halted(&gateway, destination);
        assert_eq!(gateway.counted(destination, "pending"), 1);
    }
    reload(&gateway, &config(&crm, &bi, ""));
    for destination in ["crm", "bi"] {
        gateway.wait_for_count(destination, "delivered", 1);
        goes_on(&gateway, destination);
    }
}

#[test]
fn what_is_run_again_halts_too_and_goes_on_without_new_records() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let without = config(&crm, &bi, "");
    let gateway = Gateway::start(&without);
    crm.answer(&[404, 200]);
    gateway.push("cdr", &telling("trap"));
    gateway.wait_for("crm", "dead", 1);

    reload(&gateway, &with(&crm, &bi, "halt"));
    let rerun = json!({ "destination": "crm", "state": "dead", "rerun": true });
    let (status, answer) = gateway.api_post("/deliveries/retry", &rerun);
    assert_eq!(status, 200, "{answer}");
    halted(&gateway, "crm");
    assert_eq!(gateway.counted("crm", "retrying"), 1);

    reload(&gateway, &without);
    gateway.wait_for_count("crm", "delivered", 1);
    goes_on(&gateway, "crm");
}

#[test]
fn what_a_broken_plugin_parked_goes_out_without_new_records() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&with(&crm, &bi, "suspend"));
    for index in 0..20 {
        gateway.push("cdr", &telling(&format!("panic:{index}")));
    }
    halted(&gateway, "crm");
    gateway.wait_for_count("crm", "suspended", 20);
    reload(&gateway, &config(&crm, &bi, ""));
    gateway.api_post("/deliveries/retry", &json!({ "state": "suspended" }));
    gateway.wait_for_count("crm", "delivered", 20);
    goes_on(&gateway, "crm");
}
