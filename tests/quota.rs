//! What waits for a destination has limits, and so has how long exceptions wait
//! for a person.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, until},
    outage::records,
};

/// Two sources: `/tccc` feeds crm and bi, `/plain` feeds bi alone.
fn config(crm: &Receiver, bi: &Receiver, settings: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [source.plain]
        path = "/plain"
        dialect = "json"
        [[route]]
        name = "calls"
        from = ["tccc"]
        to = ["crm", "bi"]
        [[route]]
        name = "others"
        from = ["plain"]
        to = ["bi"]
        [destination.bi]
        http.url = "{}"
        [destination.crm]
        http.url = "{}"
        retry = {{ initial_ms = 10, max_ms = 20 }}
        {settings}
        "#,
        bi.url(),
        crm.url()
    )
}

const CDR: &str = "/tccc?action=cdr&version=1";

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

fn counts(gateway: &Gateway, destination: &str) -> Value {
    let books = gateway.api("/balance?verify=true");
    assert_eq!(books["balanced"], true, "{books}");
    let mut ledgers = books["destinations"].as_array().expect("a list").iter();
    let found = ledgers.find(|one| one["destination"] == destination);
    found.expect("a ledger")["counts"].clone()
}

/// Waits until nothing but this is left of what was pushed to crm.
fn wait_for_counts(gateway: &Gateway, expired: usize, waiting: usize) {
    until(&format!("{expired} expired, {waiting} waiting"), || {
        let counts = counts(gateway, "crm");
        let waits = counts["pending"].as_u64()? + counts["retrying"].as_u64()?;
        (counts["expired"] == expired && waits == waiting as u64).then_some(())
    });
}

fn reasons(gateway: &Gateway) -> Vec<String> {
    let expired = gateway.deliveries("crm", "expired");
    let mut reasons: Vec<_> = expired
        .iter()
        .map(|one| one["reason"].as_str().expect("a reason").to_owned())
        .collect();
    reasons.dedup();
    reasons
}

/// Pushes records until the source is shut; how many were taken.
fn push_until_shut(gateway: &Gateway, records: &[String]) -> usize {
    let mut taken = 0;
    until("a source that is shut", || {
        let (status, body) = gateway.post(CDR, &records[taken]);
        if status == 200 {
            taken += 1;
            return None;
        }
        assert_eq!(status, 503, "{body}");
        assert!(body.contains("50305"), "{body}");
        Some(())
    });
    taken
}

#[test]
fn a_backlog_that_blocks_shuts_its_sources_and_no_others() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let quota = r#"backlog = { max_bytes = 40000, when_full = "block" }"#;
    let paused = config(&crm, &bi, &format!("paused = true\n{quota}"));
    let gateway = Gateway::start(&paused);
    let records = records(5_000);
    let taken = push_until_shut(&gateway, &records);
    assert!(taken > 5, "only {taken} fit");
    let refused = reqwest::blocking::Client::builder().no_proxy().build();
    let refused = refused.expect("a client").post(gateway.ingest_url(CDR));
    let refused = refused
        .body(records[taken].clone())
        .send()
        .expect("an answer");
    assert_eq!(refused.headers()["retry-after"], "10");
    assert_eq!(gateway.post("/plain", "{}").0, 200, "another source");
    gateway.wait_for("bi", "delivered", taken + 1);
    assert_eq!(crm.got().len(), 0);
    let log = gateway.log();
    assert!(log.contains("its backlog is full"), "{log}");
    assert!(log.contains("\"percent\":95"), "{log}");
    let (_, metrics) = gateway.get("/metrics");
    let limit = "cdr_gateway_backlog_max_bytes{destination=\"crm\"} 40000";
    assert!(metrics.contains(limit), "{metrics}");

    // Neither a kill nor a reload lets anything slip through for long.
    let gateway = gateway.kill_and_restart();
    let more = push_until_shut(&gateway, &records[taken..]);
    reload(&gateway, &paused);
    assert_eq!(gateway.post(CDR, &records[taken + more]).0, 503);

    reload(&gateway, &config(&crm, &bi, quota));
    gateway.wait_for("crm", "delivered", taken + more);
    until("a source that is open", || {
        (gateway.post(CDR, &records[taken + more]).0 == 200).then_some(())
    });
    crm.wait_for(taken + more + 1);
}

#[test]
fn a_backlog_that_expires_gives_up_its_oldest() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.answer(&[503]);
    let records = records(40);
    let size = records[39].len();
    let quota = format!(
        "backlog = {{ max_bytes = {}, when_full = \"expire\" }}",
        5 * size + 10
    );
    let gateway = Gateway::start(&config(&crm, &bi, &quota));
    for record in &records {
        gateway.push("cdr", record);
    }
    wait_for_counts(&gateway, 35, 5);
    assert_eq!(reasons(&gateway), ["backlog_bytes"]);
    gateway.wait_for("bi", "delivered", 40);
    let (_, metrics) = gateway.get("/metrics");
    let expired = "cdr_gateway_deliveries_total{destination=\"crm\",state=\"expired\"} 35";
    assert!(metrics.contains(expired), "{metrics}");
    crm.answer(&[200]);
    let left = gateway.wait_for("crm", "delivered", 5);
    let sessions = left.iter().map(|one| one["session"].clone());
    let newest = (35..40).map(|number| json!(format!("session-{number}")));
    assert!(sessions.eq(newest), "{left:?}");
}

#[test]
fn what_waits_too_long_expires_and_what_is_under_way_is_left_alone() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.hang(true);
    let settings = "concurrency = 1\nbacklog = { max_age_s = 1, when_full = \"expire\" }";
    let gateway = Gateway::start(&config(&crm, &bi, settings));
    for record in records(6) {
        gateway.push("cdr", &record);
    }
    // Twice its concurrency is under way, so that chains run beside requests.
    wait_for_counts(&gateway, 4, 2);
    assert_eq!(reasons(&gateway), ["backlog_age"]);
    crm.hang(false);
    gateway.wait_for("crm", "delivered", 2);
}

#[test]
fn a_kill_while_a_backlog_expires_keeps_the_books() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let records = records(600);
    let paused = config(&crm, &bi, "paused = true");
    let gateway = Gateway::start(&paused);
    for record in &records {
        gateway.push("cdr", record);
    }
    let quota = "paused = true\nbacklog = { max_bytes = 1, when_full = \"expire\" }";
    gateway.workspace.configure(&config(&crm, &bi, quota));
    gateway.signal("HUP");
    until("some to expire", || {
        (!gateway.deliveries("crm", "expired").is_empty()).then_some(())
    });
    let gateway = gateway.kill_and_restart();
    wait_for_counts(&gateway, 600, 0);
    assert_eq!(crm.got().len(), 0);
}

#[test]
fn exceptions_that_nobody_looks_after_expire() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.answer(&[404]);
    let settings = "keep_suspended_s = 1";
    let journal = "\n[journal]\nkeep_dead_s = 1";
    let gateway = Gateway::start(&format!("{}{journal}", config(&crm, &bi, settings)));
    gateway.push("cdr", &records(1)[0]);
    gateway.push("cdr", "{}");
    let expired = gateway.wait_for("crm", "expired", 2);
    let reasons: Vec<_> = expired.iter().map(|one| &one["reason"]).collect();
    assert_eq!(reasons, ["kept_dead", "kept_suspended"]);
    gateway.wait_for("bi", "suspended", 1);
}

#[test]
fn a_replay_of_more_than_fits_is_sent_and_makes_no_room_of_others() {
    // With order, each waits for the one before it.
    for order in ["", "order_by = \"/Uui\""] {
        let (crm, bi) = (Receiver::start(), Receiver::start());
        let records = records(36);
        let gateway = Gateway::start(&config(&crm, &bi, order));
        let (first, others) = records.split_at(30);
        for record in first {
            gateway.push("cdr", record);
        }
        let before = gateway.wait_for("crm", "delivered", first.len());
        // One that hangs keeps the rest of the replay waiting.
        crm.hang(true);
        let quota = format!(
            "concurrency = 1\n{order}\nbacklog = {{ max_bytes = {}, max_age_s = 3600, when_full = \"expire\" }}",
            3 * records[35].len() + 10
        );
        reload(&gateway, &config(&crm, &bi, &quota));
        let (_, replay) = gateway.api_post("/replays", &json!({ "destinations": ["crm"] }));
        until("all to be handed out", || {
            let shown = gateway.api(&format!("/replays/{}", replay["replay"]));
            (shown["shares"][0]["reopened"] == first.len()).then_some(())
        });
        for record in others {
            gateway.push("cdr", record);
        }
        until("the oldest of the others to be given up", || {
            (counts(&gateway, "crm")["expired"].as_u64()? > 0).then_some(())
        });
        crm.hang(false);
        until("all else to be delivered", || {
            let counts = counts(&gateway, "crm");
            let waits = counts["pending"].as_u64()? + counts["retrying"].as_u64()?;
            (waits == 0).then_some(())
        });
        let expired = gateway.deliveries("crm", "expired");
        assert!(expired.len() <= 3, "{order}: {expired:?}");
        let is_of_others = |one: &Value| before.iter().all(|it| it["arrival"] != one["arrival"]);
        assert!(expired.iter().all(is_of_others), "{order}: {expired:?}");
    }
}
