//! How a receiver's answer to a failed attempt begins is kept, and seen where
//! payloads are.

use crate::harness::{Gateway, Receiver, SEED, all_to};

/// An answer that repeats a number, is not UTF-8, and would turn a terminal red.
const ANSWER: &[u8] = b"no customer 13800138000\n\x1b[31m\xff";

fn start(crm: &Receiver, settings: &str) -> Gateway {
    let url = crm.url();
    let policy = "retry = { initial_ms = 1, max_ms = 1 }";
    let settings = format!("http.url = {url:?}\n{settings}\n{policy}");
    Gateway::start(&all_to("crm", &settings))
}

/// How the answers to the attempts at the one delivery began.
fn kept(gateway: &Gateway, state: &str) -> Vec<serde_json::Value> {
    let delivery = &gateway.wait_for("crm", state, 1)[0];
    let path = format!("/arrivals/{}", delivery["arrival"].as_str().expect("an id"));
    let attempts = gateway.api(&path)["deliveries"][0]["attempts"].clone();
    let attempts = attempts.as_array().expect("attempts").iter();
    attempts
        .map(|attempt| attempt["response"].clone())
        .collect()
}

#[test]
fn the_answer_to_a_failed_attempt_is_shown_and_not_logged() {
    let crm = Receiver::start();
    crm.say(ANSWER);
    crm.answer(&[503, 404]);
    let gateway = start(&crm, "");
    gateway.push("cdr", SEED);
    let shown = "no customer 13800138000\n\x1b[31m\u{fffd}";
    assert_eq!(kept(&gateway, "dead"), [shown, shown]);

    let dead = &gateway.deliveries("crm", "dead")[0];
    let id = dead["arrival"].as_str().expect("an id");
    let output = gateway.cli(&["deliveries", "show", id]);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("    | no customer 13800138000\n"), "{text}");
    assert!(text.contains("    | \\u{1b}[31m\u{fffd}\n"), "{text}");
    for elsewhere in [gateway.log(), gateway.get("/metrics").1, dead.to_string()] {
        assert!(!elsewhere.contains("no customer"), "{elsewhere}");
    }
}

#[test]
fn no_more_is_kept_than_is_wanted_and_nothing_of_a_success() {
    for (settings, expected) in [
        ("http.keep_response_bytes = 0", None),
        ("http.keep_response_bytes = 5", Some("no cu")),
    ] {
        let crm = Receiver::start();
        crm.say(ANSWER);
        crm.answer(&[503, 200]);
        let gateway = start(&crm, settings);
        gateway.push("cdr", SEED);
        let kept = kept(&gateway, "delivered");
        let kept: Vec<_> = kept.iter().map(|one| one.as_str()).collect();
        assert_eq!(kept, [expected, None], "{settings}");
    }
}
