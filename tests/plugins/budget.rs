//! A slow plugin does not take the workers of others: its share of them is bounded,
//! and what waits for it is delayed and not failed.

use super::telling;
use crate::harness::{Gateway, Receiver, hostile};

fn config(slow: &Receiver, well: &Receiver, deadline_ms: u32, percent: u32) -> String {
    format!(
        r#"
        plugin_host.workers = 2
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.slow]
        wasm = {wasm:?}
        deadline_ms = {deadline_ms}
        cpu_budget_percent = {percent}
        [plugin.mask]
        wasm = "builtin:phone-mask"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["slow", "well"]
        [destination.slow]
        http.url = "{slow}"
        chain = ["mask", "slow"]
        [destination.well]
        http.url = "{well}"
        chain = ["mask"]
        "#,
        wasm = hostile().display().to_string(),
        slow = slow.url(),
        well = well.url(),
    )
}

#[test]
fn a_plugin_that_is_at_it_for_ever_leaves_a_worker_to_others() {
    let (slow, well) = (Receiver::start(), Receiver::start());
    // So long that the test ends before.
    let gateway = Gateway::start(&config(&slow, &well, 60_000, 50));
    for index in 0..4 {
        let record =
            telling("loop").replace("SdkAppId\": 14", &format!("SdkAppId\": {}14", index + 1));
        gateway.push("cdr", &record);
    }
    for index in 0..20 {
        gateway.push("cdr", &telling(&format!("keep {index}")));
    }
    gateway.wait_for_count("well", "delivered", 24);
    assert_eq!(gateway.counted("slow", "suspended"), 0);
    assert!(slow.got().is_empty());
}

#[test]
fn what_is_over_its_budget_waits_and_is_not_lost() {
    let (slow, well) = (Receiver::start(), Receiver::start());
    // A tenth of two workers: it rests four times as long as it works.
    let gateway = Gateway::start(&config(&slow, &well, 20, 10));
    gateway.push("cdr", &telling("loop"));
    for index in 0..10 {
        gateway.push("cdr", &telling(&format!("keep {index}")));
    }
    gateway.wait_for_count("slow", "delivered", 10);
    gateway.wait_for_count("slow", "suspended", 1);
    gateway.wait_for_count("well", "delivered", 11);
    let (_, metrics) = gateway.get("/metrics");
    let waited = metrics.lines().find_map(|line| {
        line.strip_prefix("cdr_gateway_plugin_budget_wait_seconds_count{plugin=\"slow\"} ")
    });
    let waited: u64 = waited.expect("who waited").parse().expect("a number");
    assert!(waited > 0);
}
