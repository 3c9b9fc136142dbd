//! What a plugin was not granted: the clock stands still, chance repeats, and
//! nobody waits for a guest that sleeps.

use serde_json::Value;

use super::telling;
use crate::harness::{Gateway, Receiver, field, hostile};

/// Two uses of the same component, each at a destination of its own.
fn two_plugins(first: &Receiver, second: &Receiver, grant: &str) -> String {
    format!(
        r#"
        plugin_host.deadline_ms = 200
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.first]
        wasm = {wasm:?}
        {grant}
        [plugin.second]
        wasm = {wasm:?}
        {grant}
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["first", "second"]
        [destination.first]
        http.url = "{first}"
        chain = ["first"]
        [destination.second]
        http.url = "{second}"
        chain = ["second"]
        "#,
        wasm = hostile().display().to_string(),
        first = first.url(),
        second = second.url(),
    )
}

/// What both plugins put at a place.
fn seen(grant: &str, behaviour: &str, place: &str) -> [Value; 2] {
    let (first, second) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&two_plugins(&first, &second, grant));
    gateway.push("cdr", &telling(behaviour));
    [&first, &second].map(|receiver| field(&receiver.wait_for(1)[0].body, place))
}

#[test]
fn the_clock_stands_still_unless_it_was_granted() {
    assert_eq!(seen("", "clock", "/Seconds"), [0, 0]);
    for seconds in seen("grant.clock = true", "clock", "/Seconds") {
        assert!(seconds.as_u64() > Some(1_700_000_000), "{seconds}");
    }
}

#[test]
fn chance_repeats_unless_it_was_granted() {
    let [first, second] = seen("", "random", "/Random");
    assert_eq!(first, second);
    let [first, second] = seen("grant.random = true", "random", "/Random");
    assert_ne!(first, second);
}

#[test]
fn a_guest_that_sleeps_holds_nobody_up() {
    let (first, second) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&two_plugins(&first, &second, ""));
    gateway.push("cdr", &telling("sleep"));
    first.wait_for(1);

    let granted = two_plugins(&first, &second, "grant.clock = true");
    gateway.workspace.configure(&granted);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    gateway.push(
        "cdr",
        &telling("sleep").replace("SdkAppId\": 14", "SdkAppId\": 15"),
    );
    let suspended = gateway.wait_for("first", "suspended", 1);
    assert_eq!(suspended[0]["reason"], "plugin_deadline");
}
