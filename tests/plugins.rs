//! A plugin is a guest: whatever it does parks its own record, with its
//! author's message, and nothing else.

mod budget;
mod contained;
mod fetched;
mod grants;
mod handmade;
mod loading;
mod policies;
mod seen;

use crate::harness::{Gateway, Receiver, SEED, hostile};

fn config(crm: &Receiver, bi: &Receiver, behaviour: &str) -> String {
    format!(
        r#"
        plugin_host.deadline_ms = 200
        plugin_host.max_memory_bytes = 50331648
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.hostile]
        wasm = {wasm:?}
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm", "bi"]
        [destination.crm]
        http.url = "{crm}"
        chain = [{behaviour}]
        [destination.bi]
        http.url = "{bi}"
        "#,
        wasm = hostile().display().to_string(),
        crm = crm.url(),
        bi = bi.url(),
    )
}

/// The seed that tells the hostile guest what to do.
fn telling(behaviour: &str) -> String {
    SEED.replace(r#""Uui": "abc""#, &format!(r#""Uui": "{behaviour}""#))
        .replace("99a1c8f8", &format!("{:08x}", behaviour.len()))
}

#[test]
fn a_misbehaving_plugin_parks_its_record_and_the_next_one_passes() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&config(&crm, &bi, r#""hostile""#));
    let cases = [
        (
            "panic:no such prefix",
            "plugin_panic",
            "panicked: no such prefix",
        ),
        ("trap", "plugin_trap", "trapped: "),
        ("loop", "plugin_deadline", "exceeded its deadline of 200 ms"),
        (
            "alloc",
            "plugin_memory",
            "exceeded its memory limit of 50331648 bytes",
        ),
        ("recursion", "plugin_trap", "trapped: "),
        ("bad-json", "plugin_suspended", "not JSON"),
        ("not-object", "plugin_suspended", "object"),
        ("tag-flood", "plugin_trap", "64 tags"),
        (
            "suspend:ask the author",
            "plugin_suspended",
            "ask the author",
        ),
    ];
    for (passed, (behaviour, reason, message)) in cases.into_iter().enumerate() {
        gateway.push("cdr", &telling(behaviour));
        let suspended = gateway.wait_for("crm", "suspended", passed + 1);
        let last = &suspended[passed];
        assert_eq!(last["reason"], reason, "{behaviour}: {last}");
        let detail = last["detail"].as_str().expect("a detail");
        assert!(detail.contains(message), "{behaviour}: {detail}");
        assert!(detail.contains("hostile"), "{detail}");

        gateway.push("cdr", &telling(&format!("keep {passed}")));
        gateway.wait_for("crm", "delivered", passed + 1);
        gateway.wait_for("bi", "delivered", 2 * (passed + 1));
    }
}

#[test]
fn a_dropped_record_is_skipped_with_the_reason() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&config(&crm, &bi, r#""hostile""#));
    gateway.push("cdr", &telling("drop:test call"));
    let skipped = gateway.wait_for("crm", "skipped", 1);
    assert_eq!(skipped[0]["reason"], "hostile: test call");
    gateway.wait_for("bi", "delivered", 1);
}

#[test]
fn what_a_plugin_hands_over_is_bounded() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let roomy = config(&crm, &bi, r#""hostile""#)
        .replace("deadline_ms = 200", "deadline_ms = 5000")
        .replace("50331648", "134217728");
    let gateway = Gateway::start(&roomy);
    for behaviour in ["giant-ignored", "count-flood"] {
        gateway.push("cdr", &telling(behaviour));
    }
    for got in crm.wait_for(2) {
        assert!(got.body.len() < 4096, "{} bytes", got.body.len());
    }
    gateway.push("cdr", &telling("giant"));
    let suspended = gateway.wait_for("crm", "suspended", 1);
    let detail = suspended[0]["detail"].as_str().expect("a detail");
    assert!(
        detail.contains("4194304"),
        "the author is told of the limit: {detail}"
    );
    gateway.push("cdr", &telling("giant-reason"));
    let skipped = gateway.wait_for("crm", "skipped", 1);
    assert!(
        skipped[0]["reason"]
            .as_str()
            .is_some_and(|reason| reason.len() < 200)
    );
    let (_, metrics) = gateway.get("/metrics");
    let counters = metrics.matches("cdr_gateway_plugin_custom_total{").count();
    assert_eq!(counters, 32);
}

#[test]
fn a_plugin_that_fails_on_everything_halts_the_destination_until_it_is_mended() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let broken = config(&crm, &bi, r#""hostile""#);
    let gateway = Gateway::start(&broken);
    for index in 0..60 {
        let record =
            telling("trap").replace("SdkAppId\": 14", &format!("SdkAppId\": {}14", index + 1));
        gateway.push("cdr", &record);
    }
    gateway.wait_for("bi", "delivered", 60);
    let halt = crate::harness::until("a halt", || {
        let all = gateway.api("/destinations");
        let crm = all
            .as_array()?
            .iter()
            .find(|one| one["destination"] == "crm")?
            .clone();
        (crm["status"]["halt"]["cause"] == "plugins_fail").then_some(crm)
    });
    let parked = halt["counts"]["suspended"].as_u64().expect("a count");
    assert!(parked < 50, "{parked} of 60 are parked");

    let mended = config(&crm, &bi, "");
    gateway.workspace.configure(&mended);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    let request = serde_json::json!({ "state": "suspended" });
    crate::harness::until("an empty backlog", || {
        (gateway.deliveries("crm", "pending").is_empty()).then_some(())
    });
    gateway.api_post("/deliveries/retry", &request);
    gateway.wait_for("crm", "delivered", 60);
}

#[test]
fn a_retry_calls_a_plugin_again_that_failed_in_a_chain_of_several() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let own = config(&crm, &bi, r#""hostile""#);
    let of_the_route = config(&crm, &bi, "").replace("from =", "chain = [\"hostile\"]\nfrom =");
    let of_both = own.replace(
        "[destination.bi]",
        "[destination.bi]\nchain = [\"hostile\"]",
    );
    for config in [of_the_route, of_both] {
        let gateway = Gateway::start(&config);
        gateway.push("cdr", &telling("trap"));
        for destination in ["crm", "bi"] {
            gateway.wait_for(destination, "suspended", 1);
        }
        for _ in 0..2 {
            let before = calls_of_hostile(&gateway);
            let request = serde_json::json!({ "destination": "crm", "state": "suspended" });
            assert_eq!(gateway.api_post("/deliveries/retry", &request).0, 200);
            crate::harness::until("another call", || {
                (calls_of_hostile(&gateway) > before).then_some(())
            });
            gateway.wait_for("crm", "suspended", 1);
        }
    }
}

fn calls_of_hostile(gateway: &Gateway) -> u64 {
    let (_, metrics) = gateway.get("/metrics");
    let calls = metrics
        .lines()
        .filter(|line| line.starts_with("cdr_gateway_plugin_calls_total{plugin=\"hostile\""));
    let counts = calls.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
    counts.sum()
}

#[test]
fn log_lines_of_a_plugin_are_limited_and_counted() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&config(&crm, &bi, r#""hostile""#));
    gateway.push("cdr", &telling("log-flood"));
    gateway.wait_for("crm", "delivered", 1);
    let lines = gateway.log();
    let logged = lines
        .lines()
        .filter(|line| line.contains(r#""target":"plugin""#))
        .count();
    assert_eq!(logged, 16);
    let (_, metrics) = gateway.get("/metrics");
    let suppressed = metrics.lines().find(|line| {
        line.starts_with("cdr_gateway_plugin_log_lines_suppressed_total{plugin=\"hostile\",")
    });
    assert!(
        suppressed.is_some_and(|line| line.ends_with(" 9984")),
        "{metrics}"
    );
}
