//! Replay: what was settled is sent again; durable, cancellable, and with ids that
//! a receiver can rely on.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, SEED, all_to, field, until},
    outage::records,
};

/// A CRM that gets what a chain of these plugins makes.
fn config(crm: &Receiver, chain: &str) -> String {
    let plugin = "[plugin.attribution]\nwasm = \"builtin:attribution\"\n";
    let settings = format!("http.url = \"{}\"\nchain = [{chain}]", crm.url());
    format!("{}\n{plugin}", all_to("crm", &settings))
}

fn text(output: &std::process::Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).expect("UTF-8")
}

/// Starts a replay by the command line, and returns its number.
fn replay(gateway: &Gateway, more: &[&str]) -> u64 {
    let start = ["replay", "--destination", "crm", "--yes", "--json"];
    let output = gateway.cli(&[&start[..], more].concat());
    assert!(output.status.success(), "{}", text(&output));
    let started: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    started["replay"].as_u64().expect("a replay")
}

fn shown(gateway: &Gateway, replay: u64) -> Value {
    gateway.api(&format!("/replays/{replay}"))
}

fn wait_until_done(gateway: &Gateway, replay: u64) -> Value {
    until("a replay to be done", || {
        let shown = shown(gateway, replay);
        (shown["state"] == "done").then_some(shown)
    })
}

fn count(gateway: &Gateway, state: &str) -> u64 {
    let balance = gateway.api("/balance");
    let ledger = &balance["destinations"][0]["counts"];
    ledger[state].as_u64().expect("a count")
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

#[test]
fn ids_stay_for_the_same_bytes_and_change_for_others() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&config(&crm, ""));
    gateway.push("cdr", SEED);
    gateway.wait_for("crm", "delivered", 1);
    let id = crm.got()[0].header("webhook-id").to_owned();
    let last = |gateway: &Gateway, more: &[&str], requests: usize| {
        wait_until_done(gateway, replay(gateway, more));
        let got = crm.got();
        assert_eq!(got.len(), requests);
        assert_eq!(count(gateway, "delivered"), 1);
        let last = got[requests - 1].clone();
        (last.header("webhook-id").to_owned(), last.body)
    };

    let counted = gateway.cli(&["replay", "--destination", "crm", "--since", "1h"]);
    assert!(!counted.status.success());
    let said = text(&counted);
    assert!(
        said.contains("crm: 1 would be sent again (1 delivered)"),
        "{said}"
    );
    assert!(said.contains("add --yes"), "{said}");
    assert_eq!(gateway.api("/replays"), json!([]));

    assert_eq!(last(&gateway, &[], 2), (id.clone(), SEED.to_owned()));
    reload(&gateway, &config(&crm, r#""attribution""#));
    let (second, attributed) = last(&gateway, &[], 3);
    assert_eq!(second, format!("{id}~2"));
    assert_ne!(attributed, SEED);
    let gateway = gateway.kill_and_restart();
    assert_eq!(last(&gateway, &["--since", "1h"], 4), (second, attributed));
    assert_eq!(last(&gateway, &["--fresh-ids"], 5).0, format!("{id}~3"));
    assert_eq!(last(&gateway, &[], 6).0, format!("{id}~3"));
    reload(&gateway, &config(&crm, ""));
    assert_eq!(last(&gateway, &[], 7), (format!("{id}~4"), SEED.to_owned()));
}

#[test]
fn what_is_corrected_is_sent_again_as_corrected() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&config(&crm, ""));
    gateway.push("cdr", SEED);
    let arrival = gateway.wait_for("crm", "delivered", 1)[0]["arrival"].clone();
    let arrival = arrival.as_str().expect("an id");
    let edit = ["deliveries", "edit", arrival, "--because", "x", "--yes"];
    let said = text(&gateway.cli(&[&edit[..], &["--set", "/Uui=1.0"]].concat()));
    assert!(
        said.contains("delivered already, and left so, at crm"),
        "{said}"
    );
    assert!(said.contains("replay"), "{said}");
    for requests in [2, 3] {
        wait_until_done(&gateway, replay(&gateway, &[]));
        let last = crm.got()[requests - 1].clone();
        assert_eq!(last.header("webhook-id"), format!("{arrival}_crm~2"));
        assert!(last.body.contains(r#""Uui":1.0"#) || last.body.contains(r#""Uui": 1.0"#));
        assert_eq!(crm.got().len(), requests);
    }
}

#[test]
fn what_is_missing_is_what_was_not_delivered() {
    let crm = Receiver::start();
    crm.answer(&[200, 404, 404, 200]);
    let gateway = Gateway::start(&config(&crm, ""));
    for (number, record) in records(3).iter().enumerate() {
        gateway.push("cdr", record);
        crm.wait_for(number + 1);
    }
    let dead = gateway.wait_for("crm", "dead", 2);
    let named = json!({ "arrivals": [dead[0]["arrival"]], "because": "x" });
    assert_eq!(gateway.api_post("/deliveries/discard", &named).0, 200);

    let dry = [
        "replay",
        "--destination",
        "crm",
        "--only-missing",
        "--dry-run",
    ];
    let dry = gateway.cli(&dry);
    assert!(dry.status.success());
    let said = text(&dry);
    assert!(
        said.contains("2 would be sent again (1 dead, 1 discarded)"),
        "{said}"
    );
    let when = ["--only-missing", "--when", "cdr.SessionId == 'session-9'"];
    let none = gateway.cli(&[&["replay", "--destination", "crm", "--yes"], &when[..]].concat());
    assert!(
        text(&none).contains("nothing would be sent again"),
        "{none:?}"
    );

    let done = wait_until_done(&gateway, replay(&gateway, &["--only-missing"]));
    let share = &done["shares"][0];
    assert_eq!(
        (&share["counted"], &share["reopened"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(count(&gateway, "delivered"), 3);
    let got = crm.got();
    assert_eq!(got.len(), 5);
    // What was discarded lost its bytes: they may be others, so the id is another.
    let again: BTreeMap<_, _> = got[3..]
        .iter()
        .map(|got| (got.header("webhook-id").to_owned(), got.body.clone()))
        .collect();
    let expected = [
        (
            format!("{}~2", got[1].header("webhook-id")),
            got[1].body.clone(),
        ),
        (got[2].header("webhook-id").to_owned(), got[2].body.clone()),
    ];
    assert_eq!(again, expected.into());
    // A replay whose work is done can be cancelled no more.
    let path = format!("/replays/{}/cancel", done["replay"]);
    assert_eq!(gateway.api_post(&path, &json!({})).0, 409);
}

/// A gateway with delivered records and a replay of them that is stuck in its
/// first portion.
fn stuck(crm: &Receiver, count_of: usize) -> (Gateway, u64) {
    let gateway = Gateway::start(&config(crm, ""));
    for record in records(count_of) {
        gateway.push("cdr", &record);
    }
    let all = u64::try_from(count_of).expect("few");
    until("everything to be delivered", || {
        (count(&gateway, "delivered") == all).then_some(())
    });
    crm.hang(true);
    let replay = replay(&gateway, &["--since", "1h"]);
    until("the first portion to be handed out", || {
        let share = shown(&gateway, replay)["shares"][0].clone();
        (share["reopened"].as_u64()? > 0).then_some(())
    });
    (gateway, replay)
}

#[test]
fn a_replay_goes_on_after_a_kill() {
    let crm = Receiver::start();
    let (gateway, replay) = stuck(&crm, 600);
    let before = shown(&gateway, replay);
    assert_eq!(before["state"], "running");
    assert!(
        before["shares"][0]["reopened"].as_u64() < Some(600),
        "{before}"
    );
    let gateway = gateway.kill_and_restart();
    crm.hang(false);
    let done = wait_until_done(&gateway, replay);
    let share = &done["shares"][0];
    let counts = (&share["counted"], &share["reopened"], &share["waiting"]);
    assert_eq!(counts, (&json!(600), &json!(600), &json!(0)));
    until("everything to be delivered again", || {
        (count(&gateway, "delivered") == 600).then_some(())
    });
    let mut times: BTreeMap<String, usize> = BTreeMap::new();
    for got in crm.got() {
        *times
            .entry(got.header("webhook-id").to_owned())
            .or_default() += 1;
    }
    assert_eq!(times.len(), 600, "ids and bytes are the same");
    assert!(times.values().all(|&times| times >= 2));
}

#[test]
fn a_cancelled_replay_sends_what_it_handed_out_and_nothing_more() {
    let crm = Receiver::start();
    let (gateway, replay) = stuck(&crm, 600);
    let cancelled = gateway.cli(&["replay", "cancel", &replay.to_string()]);
    assert!(text(&cancelled).contains("is cancelled"), "{cancelled:?}");
    // New records are not in the way of what hangs, nor it in theirs.
    crm.hang(false);
    gateway.push("cdr", SEED);
    until("everything to be delivered", || {
        (count(&gateway, "delivered") == 601).then_some(())
    });
    let shown = shown(&gateway, replay);
    let reopened = shown["shares"][0]["reopened"].as_u64().expect("a count");
    assert!(reopened < 600, "{shown}");
    assert_eq!(crm.got().len() as u64, 601 + reopened);
    let list = text(&gateway.cli(&["replay", "list"]));
    assert!(list.contains("cancelled"), "{list}");
}

#[test]
fn files_get_replayed_lines_in_the_part_that_is_open() {
    let gateway = Gateway::start(&all_to("crm", r#"file.path = "crm.ndjson""#));
    for record in records(3) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("crm", "delivered", 3);
    let when = ["--when", "cdr.SessionId != 'session-1'"];
    wait_until_done(&gateway, replay(&gateway, &when));
    gateway.wait_for("crm", "delivered", 3);
    let lines = gateway.workspace.lines();
    let mut sessions: Vec<_> = lines.iter().map(|line| field(line, "/SessionId")).collect();
    sessions.sort_by_key(ToString::to_string);
    assert_eq!(
        sessions,
        [
            "session-0",
            "session-0",
            "session-1",
            "session-2",
            "session-2"
        ]
    );
}

#[test]
fn a_request_that_is_not_clear_starts_nothing() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&config(&crm, ""));
    for (request, expected, words) in [
        (json!({}), 400, "destinations"),
        (json!({ "destinations": ["cmr"] }), 404, "cmr"),
        (
            json!({ "destinations": ["crm"], "states": ["pending"] }),
            400,
            "on its way",
        ),
        (
            json!({ "destinations": ["crm"], "when": "cdr." }),
            400,
            "when",
        ),
        (
            json!({ "destinations": ["crm"], "states": ["dead"], "only_missing": true }),
            400,
            "leave one out",
        ),
    ] {
        let (status, problem) = gateway.api_post("/replays", &request);
        assert_eq!(status, expected, "{request}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(words), "{request}: {detail}");
    }
    let (status, _) = gateway.api_post("/replays", &json!({ "destination": "crm" }));
    assert_eq!(status, 422);
    let (status, _) = gateway.get("/api/v1/replays/7");
    assert_eq!(status, 404);
    let (status, _) = gateway.api_post("/replays/7/cancel", &json!({}));
    assert_eq!(status, 404);
    let nothing = json!({ "destinations": ["crm"] });
    let (status, answer) = gateway.api_post("/replays", &nothing);
    assert_eq!((status, &answer["replay"]), (200, &Value::Null));
}
