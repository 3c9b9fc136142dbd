//! Repair of what did not go through: tried again, processed again, given up;
//! chosen by id, destination, state, reason, time and expression.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, SEED, VOICEMAIL, numbers_in},
    outage::records,
};

/// One HTTP destination, with these lines of its own.
fn config(crm: &Receiver, chain: &str, destination: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.attribution]
        wasm = "builtin:attribution"
        [plugin.mask]
        wasm = "builtin:phone-mask"
        [[route]]
        name = "all"
        from = ["tccc"]
        chain = [{chain}]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        {destination}
        "#,
        crm.url()
    )
}

fn plain(crm: &Receiver) -> String {
    config(crm, "", "")
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

fn retry(gateway: &Gateway, request: &Value) -> Value {
    let (status, answer) = gateway.api_post("/deliveries/retry", request);
    assert_eq!(status, 200, "{answer}");
    answer
}

/// The delivery at the CRM with attempts and payload.
fn shown(gateway: &Gateway, arrival: &Value) -> Value {
    let arrival = gateway.api(&format!("/arrivals/{}", arrival.as_str().expect("an id")));
    arrival["deliveries"][0].clone()
}

fn text(output: &std::process::Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).expect("UTF-8")
}

#[test]
fn what_is_given_up_is_counted_first_and_bears_its_reason() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    for record in records(3) {
        gateway.push("cdr", &record);
    }
    let dead = gateway.wait_for("crm", "dead", 3);
    let because = ["--because", "the shop has closed"];
    let discard = |more: &[&str]| {
        let arguments = [&["deliveries", "discard"], &because[..], more].concat();
        gateway.cli(&arguments)
    };

    let counted = discard(&["--state", "dead"]);
    assert!(!counted.status.success());
    let said = text(&counted);
    assert!(said.contains("crm: 3 would be discarded"), "{said}");
    assert!(said.contains("add --yes"), "{said}");
    let dry = discard(&["--state", "dead", "--dry-run"]);
    assert!(dry.status.success(), "{}", text(&dry));
    assert_eq!(gateway.deliveries("crm", "dead").len(), 3);

    let id = dead[1]["arrival"].as_str().expect("an id");
    let named = discard(&[id]);
    assert!(text(&named).contains("crm: 1 are discarded"), "{named:?}");
    assert_eq!(gateway.deliveries("crm", "dead").len(), 2);
    let all = text(&discard(&["--state", "dead", "--yes"]));
    assert!(all.contains("crm: 2 would be discarded"), "{all}");
    assert!(all.contains("crm: 2 are discarded"), "{all}");

    let gateway = gateway.kill_and_restart();
    let discarded = gateway.deliveries("crm", "discarded");
    assert_eq!(discarded.len(), 3);
    for delivery in &discarded {
        assert_eq!(delivery["reason"], "the shop has closed");
    }
    assert_eq!(shown(&gateway, &dead[0]["arrival"])["frozen"], Value::Null);
    let again = retry(&gateway, &json!({ "arrivals": [id] }));
    assert_eq!(again["retried"], json!({}), "what is given up stays so");
    assert_eq!(crm.got().len(), 3);
}

#[test]
fn a_request_that_is_not_clear_changes_nothing() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    gateway.push("cdr", SEED);
    gateway.wait_for("crm", "dead", 1);
    let long = "x".repeat(121);
    for (path, request, expected, words) in [
        ("discard", json!({ "state": "dead" }), 400, "because"),
        (
            "discard",
            json!({ "state": "dead", "because": " " }),
            400,
            "because",
        ),
        (
            "discard",
            json!({ "state": "dead", "because": "a\nb" }),
            400,
            "because",
        ),
        (
            "discard",
            json!({ "state": "dead", "because": long }),
            400,
            "because",
        ),
        ("discard", json!({ "because": "x" }), 400, "say which"),
        (
            "discard",
            json!({ "state": "dead", "because": "x", "rerun": true }),
            400,
            "rerun",
        ),
        (
            "discard",
            json!({ "state": "delivered", "because": "x" }),
            400,
            "say which",
        ),
        (
            "discard",
            json!({ "because": "x", "when": "cdr.", "state": "dead" }),
            400,
            "when",
        ),
        (
            "discard",
            json!({ "because": "x", "arrivals": ["nonsense"] }),
            404,
            "no arrival",
        ),
        (
            "discard",
            json!({ "because": "x", "destination": "cmr" }),
            404,
            "cmr",
        ),
        (
            "retry",
            json!({ "state": "dead", "because": "x" }),
            400,
            "because",
        ),
        ("retry", json!({ "rerun": true }), 400, "say which"),
    ] {
        let (status, problem) = gateway.api_post(&format!("/deliveries/{path}"), &request);
        assert_eq!(status, expected, "{request}: {problem}");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains(words), "{request}: {detail}");
    }
    for request in [
        json!({ "state": "dead", "because": "x", "untill": "2h" }),
        json!({ "state": "dead", "because": "x", "since": "yesterday" }),
    ] {
        let (status, _) = gateway.api_post("/deliveries/discard", &request);
        assert_eq!(status, 422, "{request}");
    }
    assert_eq!(gateway.deliveries("crm", "dead").len(), 1);
}

#[test]
fn deliveries_are_chosen_by_id_time_and_expression() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    let records = records(3);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("crm", "dead", 1);
    gateway.push("cdr", &records[1]);
    gateway.wait_for("crm", "dead", 2);
    gateway.push("voicemail", VOICEMAIL);
    let dead = gateway.wait_for("crm", "dead", 3);
    let second = dead[1]["received"].clone();
    let ids = json!([dead[0]["arrival"], dead[2]["arrival"], dead[2]["arrival"]]);
    for (selection, count, unclear) in [
        (json!({ "state": "dead" }), 3, 0),
        (json!({ "destination": "crm" }), 3, 0),
        (json!({ "state": "suspended" }), 0, 0),
        (json!({ "reason": "http_404" }), 3, 0),
        (json!({ "reason": "http_410" }), 0, 0),
        (json!({ "arrivals": ids }), 2, 0),
        (json!({ "arrivals": ids, "when": "kind == 'cdr'" }), 1, 0),
        (json!({ "since": "1h" }), 3, 0),
        (json!({ "until": "1h" }), 0, 0),
        (
            json!({ "since": "2h", "until": "0s", "state": "dead" }),
            3,
            0,
        ),
        (json!({ "since": second }), 2, 0),
        (json!({ "until": second }), 1, 0),
        (json!({ "since": second, "until": second }), 0, 0),
        (json!({ "when": "kind == 'voicemail'" }), 1, 0),
        (json!({ "when": "source == 'tccc'" }), 3, 0),
        (
            json!({ "when": "has(cdr.SessionId) && cdr.SessionId == 'session-1'" }),
            1,
            0,
        ),
        (json!({ "when": "cdr.Uui == 'abc'" }), 2, 1),
        (json!({ "when": "cdr.Uui == 'abc'", "since": second }), 1, 1),
    ] {
        let mut request = selection.clone();
        request["dry_run"] = true.into();
        let counted = retry(&gateway, &request);
        let at_crm = counted["retried"]["crm"].as_u64().unwrap_or(0);
        assert_eq!(
            (at_crm, &counted["unclear"]),
            (count, &unclear.into()),
            "{selection}"
        );

        let selection = selection.as_object().expect("an object");
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in selection {
            let text = match value {
                Value::Array(ids) => {
                    let ids: Vec<_> = ids.iter().filter_map(Value::as_str).collect();
                    ids.join(",")
                }
                value => value.as_str().expect("a text").to_owned(),
            };
            query.append_pair(name, &text);
        }
        let query = query.finish();
        let listed = gateway.api(&format!("/deliveries?limit=9&{query}"));
        let listed = listed.as_array().map_or(0, Vec::len);
        assert_eq!(listed as u64, count, "{query}");
    }
    let list = [
        "deliveries",
        "list",
        "--since",
        "1h",
        "--when",
        "kind == 'voicemail'",
    ];
    let list = text(&gateway.cli(&list));
    assert_eq!(list.matches("dead").count(), 1, "{list}");
    let (status, _) = gateway.get("/api/v1/deliveries?destinaton=crm");
    assert_eq!(status, 400, "a misspelt filter is refused");
    assert_eq!(crm.got().len(), 3, "nothing was tried again");
}

#[test]
fn more_than_a_page_is_repaired() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    for record in records(300) {
        gateway.push("cdr", &record);
    }
    crate::harness::until("300 dead", || {
        let dead = gateway.api("/deliveries?state=dead&limit=1000");
        (dead.as_array()?.len() == 300).then_some(())
    });
    let request = json!({ "when": "cdr.SessionId != 'session-7'", "because": "x" });
    let (status, answer) = gateway.api_post("/deliveries/discard", &request);
    let expected =
        json!({ "discarded": { "crm": 299 }, "dry_run": false, "left_alone": 0, "unclear": 0 });
    assert_eq!((status, answer), (200, expected));
    gateway.wait_for("crm", "dead", 1);
}

#[test]
fn the_same_bytes_keep_their_id_and_others_get_the_next() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let attributed = config(&crm, r#""attribution""#, "");
    let gateway = Gateway::start(&attributed);
    gateway.push("cdr", SEED);
    let arrival = gateway.wait_for("crm", "dead", 1)[0]["arrival"].clone();
    let first = crm.wait_for(1)[0].clone();
    let id = first.header("webhook-id").to_owned();
    let frozen = shown(&gateway, &arrival)["frozen"].clone();
    let expected = json!({ "webhook_id": id, "bytes": first.body.len(), "superseded": false });
    assert_eq!(frozen, expected);
    let show = ["deliveries", "show", arrival.as_str().expect("an id")];
    let show = text(&gateway.cli(&show));
    assert!(show.contains(&format!("webhook-id {id}")), "{show}");

    let rerun = json!({ "arrivals": [arrival], "rerun": true });
    let sent = |gateway: &Gateway, request: &Value, count: usize| {
        retry(gateway, request);
        let last = crm.wait_for(count)[count - 1].clone();
        gateway.wait_for("crm", "dead", 1);
        (last.header("webhook-id").to_owned(), last.body)
    };
    assert_eq!(sent(&gateway, &rerun, 2), (id.clone(), first.body.clone()));

    reload(&gateway, &plain(&crm));
    let (second_id, second) = sent(&gateway, &rerun, 3);
    assert_eq!((second_id, second.as_str()), (format!("{id}~2"), SEED));
    let gateway = gateway.kill_and_restart();
    let again = json!({ "arrivals": [arrival] });
    assert_eq!(sent(&gateway, &again, 4), (format!("{id}~2"), SEED.into()));
    assert_eq!(sent(&gateway, &rerun, 5), (format!("{id}~2"), SEED.into()));

    reload(&gateway, &attributed);
    assert_eq!(sent(&gateway, &again, 6), (format!("{id}~2"), SEED.into()));
    crm.answer(&[200]);
    let done = gateway.cli(&["deliveries", "retry", "--rerun", "--state", "dead", "--yes"]);
    assert!(text(&done).contains("crm: 1 are tried again"), "{done:?}");
    gateway.wait_for("crm", "delivered", 1);
    let last = &crm.got()[6];
    assert_eq!(last.header("webhook-id"), format!("{id}~3"));
    assert_eq!(last.body, first.body);
}

#[test]
fn a_kill_during_a_rerun_repeats_its_id_and_bytes() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&config(&crm, r#""attribution""#, ""));
    gateway.push("cdr", SEED);
    let arrival = gateway.wait_for("crm", "dead", 1)[0]["arrival"].clone();
    reload(&gateway, &plain(&crm));
    crm.hang(true);
    crm.answer(&[200]);
    retry(&gateway, &json!({ "arrivals": [arrival], "rerun": true }));
    crm.wait_for(2);
    let under_way = shown(&gateway, &arrival);
    assert_eq!(under_way["reason"], "rerun_requested");
    assert_eq!(under_way["frozen"]["superseded"], true);

    let gateway = gateway.kill_and_restart();
    crm.wait_for(3);
    crm.hang(false);
    gateway.wait_for("crm", "delivered", 1);
    let got = crm.got();
    let id = format!("{}~2", got[0].header("webhook-id"));
    for repeated in &got[1..] {
        assert_eq!(
            (repeated.header("webhook-id"), repeated.body.as_str()),
            (id.as_str(), SEED)
        );
    }
}

#[test]
fn what_a_rerun_replaces_is_not_sent_any_more() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    gateway.push("cdr", SEED);
    let arrival = gateway.wait_for("crm", "dead", 1)[0]["arrival"].clone();
    let id = crm.got()[0].header("webhook-id").to_owned();
    let masked = r#"numbers = "masked""#;
    reload(&gateway, &config(&crm, "", masked));
    retry(&gateway, &json!({ "arrivals": [arrival], "rerun": true }));
    gateway.wait_for("crm", "suspended", 1);
    // Without the contract, which would hold the old bytes back as well.
    let mended = config(&crm, r#""mask""#, "");
    reload(&gateway, &mended);
    crm.answer(&[200]);
    retry(&gateway, &json!({ "state": "suspended" }));
    gateway.wait_for("crm", "delivered", 1);
    let last = crm.got().pop().expect("a request");
    assert_eq!(last.header("webhook-id"), format!("{id}~2"));
    assert_eq!(numbers_in(&last.body), [].into(), "{}", last.body);
}

#[test]
fn what_is_under_way_is_not_given_up() {
    let crm = Receiver::start();
    crm.answer(&[404, 200]);
    let gateway = Gateway::start(&plain(&crm));
    gateway.push("cdr", SEED);
    let arrival = gateway.wait_for("crm", "dead", 1)[0]["arrival"].clone();
    crm.hang(true);
    let named = json!({ "arrivals": [arrival] });
    assert_eq!(retry(&gateway, &named)["retried"]["crm"], 1);
    crm.wait_for(2);
    let mut discard = named.clone();
    discard["because"] = "too late".into();
    let (status, answer) = gateway.api_post("/deliveries/discard", &discard);
    let left = (&answer["discarded"], &answer["left_alone"]);
    assert_eq!((status, left), (200, (&json!({}), &1.into())), "{answer}");
    crm.hang(false);
    gateway.wait_for("crm", "delivered", 1);
}

#[test]
fn what_has_come_to_be_meant_since_the_count_is_left_out() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    let records = records(4);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("crm", "dead", 1);
    crm.hang(true);
    gateway.push("cdr", &records[1]);
    crm.wait_for(2);
    let mut request = json!({ "state": "dead", "dry_run": true });
    let counted = retry(&gateway, &request);
    assert_eq!(counted["retried"]["crm"], 1);
    // One that was there, and one that was not.
    crm.hang(false);
    gateway.push("cdr", &records[2]);
    gateway.wait_for("crm", "dead", 3);
    request["as_of"] = counted["as_of"].clone();
    assert_eq!(retry(&gateway, &request)["retried"]["crm"], 1);
    request["dry_run"] = false.into();
    assert_eq!(retry(&gateway, &request)["retried"]["crm"], 1);
    gateway.wait_for("crm", "dead", 3);
    assert_eq!(crm.wait_for(4).len(), 4);
}

#[test]
fn what_a_retired_destination_left_can_be_given_up() {
    let crm = Receiver::start();
    crm.answer(&[404]);
    let gateway = Gateway::start(&plain(&crm));
    for record in records(3) {
        gateway.push("cdr", &record);
    }
    let dead = gateway.wait_for("crm", "dead", 3);
    reload(&gateway, &config(&crm, "", "retired = true"));
    let id = dead[0]["arrival"].as_str().expect("an id");
    let discard = ["deliveries", "discard", "--because", "closed"];
    let named = text(&gateway.cli(&[&discard[..], &[id]].concat()));
    assert!(named.contains("crm: 1 are discarded"), "{named}");
    let at_crm = ["--destination", "crm", "--yes"];
    let all = text(&gateway.cli(&[&discard[..], &at_crm].concat()));
    assert!(all.contains("crm: 2 are discarded"), "{all}");
    let retry = ["deliveries", "retry", "--destination", "crm", "--yes"];
    let refused = text(&gateway.cli(&retry));
    assert!(refused.contains("no destination crm runs"), "{refused}");
    let gateway = gateway.kill_and_restart();
    assert_eq!(gateway.deliveries("crm", "discarded").len(), 3);
}
