//! One receiver down: the others do not notice, and it gets everything after it
//! returns, over a kill in between.

use std::collections::BTreeMap;

use crate::{
    harness::{Gateway, Received, Receiver, SEED, all_to, until},
    seed::three_destinations,
};

/// The seed as so many different records.
pub fn records(count: usize) -> Vec<String> {
    let session = "99a1c8f8-eb3d-4xxx-8401-5f6aa8761232";
    (0..count)
        .map(|index| {
            SEED.trim_end()
                .replace(session, &format!("session-{index}"))
        })
        .collect()
}

#[test]
fn a_receiver_that_is_down_gets_everything_later() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.answer(&[503]);
    let config = three_destinations(&crm, &bi, r#""mask""#);
    let retry = "retry = { initial_ms = 50, max_ms = 200 }";
    let config = config.replace("[destination.crm]", &format!("[destination.crm]\n{retry}"));
    let mut gateway = Gateway::start(&config);
    let records = records(30);
    for record in &records[..15] {
        gateway.push("cdr", record);
    }
    bi.wait_for(15);
    gateway.wait_for("archive", "delivered", 15);
    crm.wait_for(6);

    gateway = gateway.kill_and_restart();
    for record in &records[15..] {
        gateway.push("cdr", record);
    }
    gateway.wait_for("archive", "delivered", 30);
    gateway.wait_for("bi", "delivered", 30);
    let failed = crm.got().len();

    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 30);
    let got = crm.got();
    assert!(
        got.len() >= failed + 30,
        "every record was accepted after the return"
    );
    assert_same_id_same_bytes(&got);
    assert_eq!(accepted(&got).len(), 30);
    assert_eq!(
        gateway.workspace.lines().len(),
        30,
        "no line twice, none lost"
    );
}

/// Ids that were accepted.
fn accepted(got: &[Received]) -> BTreeMap<&str, &str> {
    let accepted = got.iter().filter(|got| got.status == 200);
    accepted
        .map(|got| (got.header("webhook-id"), got.body.as_str()))
        .collect()
}

pub fn assert_same_id_same_bytes(got: &[Received]) {
    let mut bytes = BTreeMap::new();
    for request in got {
        let id = request.header("webhook-id");
        let first = bytes.entry(id).or_insert(&request.body);
        assert_eq!(*first, &request.body, "{id}");
    }
}

#[test]
fn what_was_frozen_is_sent_again_although_the_chain_has_changed() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.answer(&[500]);
    let config = three_destinations(&crm, &bi, r#""mask""#).replace(
        "[destination.crm]",
        "[destination.crm]\nretry = { initial_ms = 50, max_ms = 100 }",
    );
    let gateway = Gateway::start(&config);
    gateway.push("cdr", SEED);
    crm.wait_for(2);

    let changed = config.replace("chain = [\"attribution\", \"calls\"]", "chain = []");
    gateway.workspace.configure(&changed);
    let (status, _) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200);
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 1);
    let got = crm.got();
    assert_same_id_same_bytes(&got);
    assert!(
        got.last()
            .expect("a request")
            .body
            .contains("CalleeLocation")
    );
}

#[test]
fn answers_are_understood() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = three_destinations(&crm, &bi, r#""mask""#).replace(
        "[destination.crm]",
        "[destination.crm]\nretry = { initial_ms = 20, max_ms = 20, gone = \"dead\" }",
    );
    let gateway = Gateway::start(&config);
    let records = records(3);

    crm.answer_once(429, "retry-after", "1");
    gateway.push("cdr", &records[0]);
    let delivered = &gateway.wait_for("crm", "delivered", 1)[0];
    let arrival = delivered["arrival"].as_str().expect("an id");
    let attempts = gateway.api(&format!("/arrivals/{arrival}"));
    let of_crm = attempts["deliveries"]
        .as_array()
        .and_then(|all| all.iter().find(|one| one["destination"] == "crm"))
        .expect("the delivery");
    let at = |index: usize| -> jiff::Timestamp {
        let text = of_crm["attempts"][index]["at"].as_str();
        text.and_then(|text| text.parse().ok()).expect("a time")
    };
    assert!(at(1).duration_since(at(0)).as_millis() >= 1000, "{of_crm}");

    crm.answer_once(410, "x", "y");
    gateway.push("cdr", &records[1]);
    let dead = &gateway.wait_for("crm", "dead", 1)[0];
    assert_eq!(
        (&dead["reason"], &dead["status"]),
        (&"http_410".into(), &410.into())
    );

    crm.answer_once(302, "location", &format!("{}/elsewhere", bi.url()));
    gateway.push("cdr", &records[2]);
    gateway.wait_for("crm", "delivered", 2);
    let followed = bi.got().into_iter().any(|got| got.path == "/elsewhere");
    assert!(!followed, "redirects are not followed");
}

#[test]
fn a_receiver_that_hangs_times_out_and_the_rest_goes_on() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.hang(true);
    let config = three_destinations(&crm, &bi, r#""mask""#).replace(
        "[destination.crm]",
        "[destination.crm]\nhttp.timeout_ms = 200\nretry = { initial_ms = 20, max_ms = 20 }",
    );
    let gateway = Gateway::start(&config);
    for record in records(5) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("bi", "delivered", 5);
    let failing = until("a failed attempt", || {
        gateway.deliveries("crm", "retrying").into_iter().next()
    });
    assert_eq!(failing["reason"], "timeout");
    crm.hang(false);
    gateway.wait_for("crm", "delivered", 5);
}

/// One HTTP destination that retries quickly.
fn one_destination(url: &str) -> String {
    let retry = "retry = { initial_ms = 50, max_ms = 200 }";
    all_to("crm", &format!("http.url = \"{url}\"\n{retry}"))
}

#[test]
fn one_record_that_always_fails_does_not_keep_the_others() {
    let crm = Receiver::start();
    crm.answer(&[500]);
    let gateway = Gateway::start(&one_destination(&crm.url()));
    let records = records(12);
    for record in &records {
        gateway.push("cdr", record);
    }
    crm.wait_for(8);
    crm.fail_only_on("\"session-0\"");
    gateway.wait_for("crm", "delivered", 11);
    assert_eq!(gateway.deliveries("crm", "retrying").len(), 1);
    gateway.push("cdr", &records[0].replace("session-0", "session-12"));
    gateway.wait_for("crm", "delivered", 12);
}

#[test]
fn retries_come_by_themselves_without_other_traffic() {
    let crm = Receiver::start();
    crm.answer(&[503, 503, 503, 503, 200]);
    let gateway = Gateway::start(&one_destination(&crm.url()));
    for record in records(4) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("crm", "delivered", 4);
}

#[test]
fn a_retry_that_hangs_does_not_keep_the_next_one() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let config = all_to(
        "crm",
        &format!(
            "http.url = \"{}\"\nhttp.timeout_ms = 600000\nretry.schedule_ms = [400, 600000]",
            crm.url()
        ),
    );
    let gateway = Gateway::start(&config);
    let records = records(2);
    gateway.push("cdr", &records[0]);
    crm.wait_for(1);
    // The first one's retry hangs; the second fails afterwards, and comes due
    // while it does.
    crm.hang(true);
    crm.wait_for(2);
    crm.hang_on_nothing_but("\"session-0\"");
    gateway.push("cdr", &records[1]);
    crm.wait_for(4);
    crm.answer(&[200]);
    crm.hang(false);
}

#[test]
fn a_mended_url_heals_what_failed_before() {
    let (wrong, right) = (Receiver::start(), Receiver::start());
    wrong.answer(&[500]);
    let gateway = Gateway::start(&one_destination(&format!("{}/old", wrong.url())));
    for record in records(7) {
        gateway.push("cdr", &record);
    }
    wrong.wait_for(5);
    let mended = one_destination(&format!("{}/new/{{kind}}", right.url()));
    gateway.workspace.configure(&mended);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    gateway.wait_for("crm", "delivered", 7);
    assert!(right.got().iter().all(|got| got.path == "/new/cdr"));
    let all = [wrong.got(), right.got()].concat();
    assert_same_id_same_bytes(&all);
}

#[test]
fn a_retry_that_the_receiver_wants_later_is_not_tried_when_it_comes_back() {
    let crm = Receiver::start();
    // One is told to come later; the others open the breaker, and come back with it.
    let policy = "concurrency = 1\nretry = { initial_ms = 600000, max_ms = 600000 }";
    let config = all_to("crm", &format!("http.url = \"{}\"\n{policy}", crm.url()));
    crm.answer_once(503, "retry-after", "3600");
    let gateway = Gateway::start(&config);
    let records = records(8);
    gateway.push("cdr", &records[0]);
    let told = gateway.wait_for("crm", "retrying", 1)[0]["next_attempt"].clone();
    crm.answer(&[503]);
    for record in &records[1..] {
        gateway.push("cdr", record);
    }
    crm.wait_for(6);
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 7);
    let left = &gateway.deliveries("crm", "retrying")[0];
    assert_eq!((&left["seq"], &left["next_attempt"]), (&1.into(), &told));
    assert_eq!(left["failed_attempts"], 1);

    // A person's word counts more.
    let request = serde_json::json!({ "arrivals": [left["arrival"]] });
    let (status, _) = gateway.api_post("/deliveries/retry", &request);
    assert_eq!(status, 200);
    gateway.wait_for("crm", "delivered", 8);
}

#[test]
fn a_paused_destination_queues_and_goes_on() {
    let crm = Receiver::start();
    let config = one_destination(&crm.url());
    let gateway = Gateway::start(&format!("{config}\npaused = true"));
    for record in records(3) {
        gateway.push("cdr", &record);
    }
    assert_eq!(
        gateway.api("/balance")["destinations"][0]["counts"]["pending"],
        3
    );
    assert!(crm.got().is_empty());
    gateway.workspace.configure(&config);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    gateway.wait_for("crm", "delivered", 3);
}

#[test]
fn which_statuses_are_retried_is_configured() {
    let crm = Receiver::start();
    let config = one_destination(&crm.url()).replace(
        "max_ms = 200",
        "schedule_ms = [20, 20, 20], statuses = \"404, 500-599, !501\"",
    );
    let gateway = Gateway::start(&config);
    let records = records(3);
    crm.answer(&[404, 501, 200]);
    gateway.push("cdr", &records[0]);
    let dead = &gateway.wait_for("crm", "dead", 1)[0];
    assert_eq!(dead["reason"], "http_501");
    assert_eq!(crm.got().len(), 2);
    gateway.push("cdr", &records[1]);
    gateway.wait_for("crm", "delivered", 1);

    crm.answer(&[500]);
    gateway.push("cdr", &records[2]);
    gateway.wait_for("crm", "dead", 2);
    assert_eq!(crm.got().len(), 7, "a first attempt and three by schedule");
}

#[test]
fn a_retry_named_twice_is_tried_once() {
    let crm = Receiver::start();
    crm.answer(&[404, 200]);
    let gateway = Gateway::start(&one_destination(&crm.url()));
    gateway.push("cdr", SEED);
    let dead = &gateway.wait_for("crm", "dead", 1)[0];
    let id = dead["arrival"].clone();
    let request = serde_json::json!({ "arrivals": [id, id] });
    let (status, retried) = gateway.api_post("/deliveries/retry", &request);
    assert_eq!(
        (status, &retried["retried"]["crm"]),
        (200, &1.into()),
        "{retried}"
    );
    gateway.wait_for("crm", "delivered", 1);
    assert!(
        !gateway.log().contains("cannot settle"),
        "{}",
        gateway.log()
    );
}

#[test]
fn stopping_lets_what_is_under_way_end() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, r#""mask""#));
    for record in records(20) {
        gateway.push("cdr", &record);
    }
    let workspace = gateway.stop();
    workspace.assert_balanced();
    let sent_before = crm.got().len();
    let gateway = Gateway::start_with(workspace, &[]);
    gateway.wait_for("crm", "delivered", 20);
    let got = crm.got();
    assert_eq!(
        got.len(),
        20,
        "{sent_before} were sent before; none is sent twice"
    );
}
