//! Stages: what is pushed of a session becomes one record, once, whatever happens in
//! between; and a stage reaches what it was granted and nothing else.

use std::{collections::BTreeMap, thread, time::Duration};

use serde_json::{Value, json};

use crate::{
    crash::load::Load,
    harness::{
        Gateway, RECORD, Received, Receiver, SEED, Workspace, field, numbers_in, obedient, until,
    },
};

/// Joins, and posts what is joined to the CRM.
fn sessions(crm: &Receiver, wait_s: u64) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.sessionize]
        wasm = "builtin:sessionize"
        grant.state = {{ max_bytes = 10485760, max_keys = 1000 }}
        config = {{ need = ["cdr", "record"], wait_s = {wait_s} }}
        [stage.sessions]
        plugin = "sessionize"
        from = ["tccc"]
        when = 'kind in ["cdr", "record", "voicemail"]'
        [[route]]
        name = "joined"
        from = ["sessions"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        "#,
        crm.url()
    )
}

fn call(session: &str) -> String {
    SEED.replace("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232", session)
}

fn recording(session: &str) -> String {
    RECORD.replace("5c2f0b7e-70a4-4b0c-9a57-2f6f3a1d9e10", session)
}

fn stage(gateway: &Gateway, name: &str) -> Value {
    gateway.api(&format!("/stages/{name}"))
}

/// Waits until a stage says so.
fn wait_for(gateway: &Gateway, name: &str, pointer: &str, expected: &Value) -> Value {
    until(&format!("{pointer} of {name} to be {expected}"), || {
        let stage = stage(gateway, name);
        (stage.pointer(pointer) == Some(expected)).then_some(stage)
    })
}

#[test]
fn call_and_recording_become_one_record_of_the_stage() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&sessions(&crm, 3600));
    gateway.push("record", &recording("s-1"));
    gateway.push("cdr", &call("s-2"));
    gateway.push("cdr", &call("s-1"));
    let got = crm.wait_for(1).remove(0);
    let expected = call("s-1");
    let whole = expected.trim_end().strip_suffix('}').expect("an object");
    assert_eq!(
        got.body,
        format!("{whole},\"Records\":[{}]}}", recording("s-1").trim_end()),
        "the call byte for byte, and the recording"
    );
    let (arrival, _) = got.header("webhook-id").split_once('_').expect("an id");
    let arrival = gateway.api(&format!("/arrivals/{arrival}"));
    assert_eq!(arrival["source"], "sessions");
    assert_eq!(arrival["kind"], "cdr");
    assert_eq!(arrival["session"], "s-1");
    assert_eq!(arrival["tags"]["session_complete"], "true");

    let standing = wait_for(&gateway, "sessions", "/held/timers", &json!(1));
    assert_eq!(standing["derived"], 1);
    assert_eq!(standing["state"], "running");
    let (_, metrics) = gateway.get("/metrics");
    for line in [
        "cdr_gateway_stage_derived_total{stage=\"sessions\",outcome=\"derived\"} 1",
        "cdr_gateway_stage_timers{stage=\"sessions\"} 1",
        "cdr_gateway_stage_state_max_keys{stage=\"sessions\"} 1000",
        "cdr_gateway_stage_lag_arrivals{stage=\"sessions\"} ",
    ] {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
}

#[test]
fn a_session_outlives_kills_and_its_time_runs_out_all_the_same() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&sessions(&crm, 2));
    gateway.push("cdr", &call("s-1"));
    gateway.push("cdr", &call("s-2"));
    wait_for(&gateway, "sessions", "/held/timers", &json!(2));
    let gateway = gateway.kill_and_restart();
    gateway.push("record", &recording("s-1"));
    let gateway = gateway.kill_and_restart();
    let got = crm.wait_for(2);
    let whole: BTreeMap<_, _> = got
        .iter()
        .map(|got| {
            let joined = got.body.contains("\"Records\":[");
            (field(&got.body, "/SessionId").to_string(), joined)
        })
        .collect();
    let expected = [("\"s-1\"", true), ("\"s-2\"", false)];
    let expected = expected.map(|(session, joined)| (session.to_owned(), joined));
    assert_eq!(whole, expected.into());
    let delivered = gateway.wait_for("crm", "delivered", 2);
    let incomplete = delivered.iter().filter_map(|one| {
        let arrival = gateway.api(&format!("/arrivals/{}", one["arrival"].as_str()?));
        arrival["tags"].get("session_missing").cloned()
    });
    assert_eq!(incomplete.collect::<Vec<_>>(), ["record"]);
    wait_for(&gateway, "sessions", "/held/timers", &json!(0));
}

/// Sessions whose parts are pushed by many at once, while the gateway is killed.
#[test]
fn kills_under_load_derive_every_session_once() {
    const SESSIONS: usize = 240;
    const KILLS: usize = 6;
    let crm = Receiver::start();
    let config = sessions(&crm, 3600);
    let mut gateway = Gateway::start_with(Workspace::new(&config), &[]);
    let loads = ["cdr", "record"].map(|kind| Load::of_kind(kind, &gateway.ingest_url("/tccc")));
    for _ in 0..KILLS {
        for load in &loads {
            let before = load.allow(SESSIONS / KILLS);
            load.wait_for(before + fastrand::usize(0..SESSIONS / KILLS));
        }
        moment(fastrand::u64(0..40));
        gateway = gateway.kill_and_restart();
        for load in &loads {
            load.turn_to(&gateway.ingest_url("/tccc"));
        }
    }
    let [calls, recordings] = loads.map(Load::finish);
    assert_eq!((calls.len(), &calls), (SESSIONS, &recordings));
    gateway.wait_for_count("crm", "delivered", SESSIONS);

    wait_for(&gateway, "sessions", "/lag", &json!(0));
    let standing = stage(&gateway, "sessions");
    assert_eq!(standing["held"]["timers"], 0);
    assert_eq!(standing["derived"], SESSIONS);
    assert_eq!(standing["repeated"], 0);
    assert_eq!(
        standing["head"],
        3 * SESSIONS,
        "pushes once, and what was joined"
    );
    assert_eq!(
        standing["held"]["state_keys"], SESSIONS,
        "remembered as joined"
    );
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    for got in crm.got() {
        let session = field(&got.body, "/SessionId").to_string();
        assert!(got.body.contains("\"Records\":["), "{session}");
        let id = got.header("webhook-id").to_owned();
        let known = ids.entry(session).or_insert_with(|| id.clone());
        assert_eq!(*known, id, "what comes twice is the same");
    }
    assert_eq!(ids.len(), SESSIONS);
    gateway.stop().assert_balanced();
}

#[allow(clippy::disallowed_methods, reason = "a kill waits for no condition")]
fn moment(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

/// A stage that does as it is told, and posts what it derives to the CRM.
fn told(crm: &Receiver, grants: &str, more: &str) -> String {
    format!(
        r#"
        plugin_host.deadline_ms = 100
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.obedient]
        wasm = {:?}
        {grants}
        [stage.told]
        plugin = "obedient"
        from = ["tccc"]
        {more}
        [[route]]
        name = "told"
        from = ["told"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        "#,
        obedient().display().to_string(),
        crm.url()
    )
}

/// Has the stage do something, as a push of its own.
fn tell(gateway: &Gateway, what: &str) {
    let body = SEED.replace(r#""Uui": "abc""#, &format!(r#""Uui": "{what}""#));
    let session = format!("s-{}", fastrand::u64(..));
    gateway.push(
        "cdr",
        &body.replace("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232", &session),
    );
}

/// What the stage answered last, of so many.
fn answer(crm: &Receiver, count: usize) -> String {
    let got: Vec<Received> = crm.wait_for(count);
    let answer = field(&got[count - 1].body, "/answer");
    answer.as_str().expect("an answer").to_owned()
}

/// A gateway whose stage has asked, derived and failed.
pub fn busy(crm: &Receiver) -> Gateway {
    let grants = format!("grant = {{ state = {{}}, hosts = [\"{}\"] }}", crm.url());
    let gateway = Gateway::start(&told(crm, &grants, "on_error = \"skip\""));
    tell(&gateway, &format!("fetch {}", crm.url()));
    tell(&gateway, "fail on purpose");
    wait_for(&gateway, "told", "/failed", &json!(1));
    gateway.wait_for_count("crm", "delivered", 1);
    gateway
}

#[test]
fn a_stage_asks_the_hosts_that_it_was_granted_and_no_other() {
    let (crm, granted, other) = (Receiver::start(), Receiver::start(), Receiver::start());
    granted.say(b"a customer");
    let grants = format!("grant.hosts = [\"{}\"]", granted.url());
    let limits = "outgoing = { timeout_ms = 500, max_response_bytes = 32 }";
    let gateway = Gateway::start(&told(&crm, &grants, limits));
    tell(&gateway, &format!("fetch {}/13123456789", granted.url()));
    assert_eq!(answer(&crm, 1), "200 a customer");
    for asked in 2..=3 {
        tell(&gateway, &format!("cached {}/customer", granted.url()));
        assert_eq!(answer(&crm, asked), "200 a customer");
    }
    assert_eq!(granted.got().len(), 2, "the second time it was kept");

    tell(&gateway, &format!("fetch {}/", other.url()));
    let refused = format!(
        "{} is not granted to this plugin; name it in grant.hosts of its config",
        other.url()
    );
    assert_eq!(answer(&crm, 4), refused);
    assert!(other.got().is_empty());
    granted.say(&[b'x'; 33]);
    tell(&gateway, &format!("fetch {}/", granted.url()));
    assert_eq!(answer(&crm, 5), "the answer has more than 32 bytes");
    // Longer than a call may take: waiting does not count.
    granted.say(b"late");
    granted.take(Duration::from_millis(300));
    tell(&gateway, &format!("fetch {}/", granted.url()));
    assert_eq!(answer(&crm, 6), "200 late");
    granted.hang(true);
    tell(&gateway, &format!("fetch {}/", granted.url()));
    assert_eq!(answer(&crm, 7), "no answer within 500 ms");
    let (_, metrics) = gateway.get("/metrics");
    for outcome in ["answered", "cached", "not_granted", "too_large", "timeout"] {
        let line =
            format!("cdr_gateway_stage_requests_total{{stage=\"told\",outcome=\"{outcome}\"}}");
        assert!(metrics.contains(&line), "{line} in\n{metrics}");
    }
    assert!(!gateway.log().contains("13123456789"));
}

#[test]
fn a_host_in_the_own_network_has_to_be_allowed_as_well() {
    let crm = Receiver::start();
    let grants = r#"grant.hosts = ["http://10.0.0.1:8080"]"#;
    let workspace = Workspace::new(&told(&crm, grants, ""));
    let checked = crate::harness::command()
        .args(["check", "--config"])
        .arg(workspace.config())
        .output();
    let checked = checked.expect("check runs");
    let said = String::from_utf8_lossy(&checked.stderr).into_owned()
        + &String::from_utf8_lossy(&checked.stdout);
    assert_eq!(checked.status.code(), Some(78), "{said}");
    assert!(
        said.contains("outgoing.allow") && said.contains("grant.hosts"),
        "{said}"
    );
}

#[test]
fn state_and_timers_end_at_their_quota_and_without_a_grant() {
    let crm = Receiver::start();
    let grants = "grant.state = { max_bytes = 2048, max_keys = 2, max_timers = 1 }";
    let gateway = Gateway::start(&told(&crm, grants, "max_derived = 3"));
    let cases = [
        ("set a 1000", "kept"),
        (
            "set b 2000",
            "the stage holds 2048 bytes, as many as it may (grant.state.max_bytes)",
        ),
        ("set b 10", "kept"),
        (
            "set c 10",
            "the stage holds 2 keys, as many as it may (grant.state.max_keys)",
        ),
        ("set a 300000", "a value has at most 262144 bytes"),
    ];
    for (index, (what, expected)) in cases.into_iter().enumerate() {
        tell(&gateway, what);
        assert_eq!(answer(&crm, index + 1), expected, "{what}");
    }
    tell(&gateway, "timer 3600000");
    tell(&gateway, "timer 3600000");
    let refused = "1 timers are set, as many as may be (grant.state.max_timers)";
    assert_eq!(answer(&crm, 6), refused);
    let standing = stage(&gateway, "told");
    assert_eq!(
        standing["held"],
        json!({ "state_bytes": 1012, "state_keys": 2, "timers": 1 })
    );
    tell(&gateway, "emit 4");
    let halted = wait_for(&gateway, "told", "/state", &json!("halted"));
    assert_eq!(
        halted["status"]["halt"]["failure"]["detail"],
        "a call derives at most 3 records"
    );
    assert_eq!(crm.got().len(), 6, "not even three of them");

    let crm = Receiver::start();
    let gateway = Gateway::start(&told(&crm, "", ""));
    tell(&gateway, "set a 1");
    assert_eq!(
        answer(&crm, 1),
        "state is not granted to this plugin; add grant.state to its config"
    );
}

#[test]
fn a_stage_that_fails_halts_until_it_is_mended_and_leaves_nothing_behind() {
    let crm = Receiver::start();
    let grants = "grant.state = {}";
    let gateway = Gateway::start(&told(&crm, grants, ""));
    for (what, reason, detail) in [
        ("half the way", "stage_failed", "the way"),
        (
            "panic no reason",
            "plugin_panic",
            "plugin obedient panicked: no reason",
        ),
        (
            "loop",
            "plugin_deadline",
            "plugin obedient exceeded its deadline of 100 ms",
        ),
        (
            "ask",
            "plugin_deadline",
            "plugin obedient exceeded its deadline of 100 ms",
        ),
    ] {
        let before = stage(&gateway, "told");
        tell(&gateway, what);
        tell(&gateway, "set after 1");
        let halted = until("a halt", || {
            let stage = stage(&gateway, "told");
            (stage["state"] == "halted").then_some(stage)
        });
        let failure = &halted["status"]["halt"]["failure"];
        assert_eq!(failure["reason"], reason, "{halted}");
        let said = failure["detail"].as_str().expect("a detail");
        assert!(said.starts_with(detail), "{said}");
        assert!(halted["lag"].as_u64() >= Some(2), "{halted}");
        assert_eq!(halted["held"], before["held"], "nothing of it is kept");
        let kept = gateway.api("/plugins/obedient/failures");
        let kind = reason.strip_prefix("plugin_");
        if let Some(kind) = kind {
            assert_eq!(kept[0]["kind"], kind, "{kept}");
            assert_eq!(kept[0]["stage"], "told", "{kept}");
            let body = kept[0]["record"]["body"].as_str().expect("a record");
            assert!(body.contains(what), "{body}");
            let save = ["plugin", "failures", "obedient", "--save", "cases"];
            let said = String::from_utf8(gateway.cli(&save).stdout).expect("a text");
            assert!(said.contains("only plugins of chains have cases"), "{said}");
        }

        // Without what it failed on it goes on.
        let skipping = told(&crm, grants, "on_error = \"skip\"");
        gateway.workspace.configure(&skipping);
        assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
        wait_for(&gateway, "told", "/lag", &json!(0));
        let halting = told(&crm, grants, "");
        gateway.workspace.configure(&halting);
        assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    }
    let standing = stage(&gateway, "told");
    assert_eq!(standing["failed"], 4);
    assert_eq!(
        standing["held"]["state_keys"], 1,
        "`after`, and never `half`"
    );
    let answers = crm
        .wait_for(4)
        .iter()
        .map(|got| field(&got.body, "/answer"))
        .collect::<Vec<_>>();
    assert_eq!(answers, ["kept"; 4]);
}

#[test]
fn a_timer_fires_and_may_fail_as_a_record_may() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&told(&crm, "grant.state = {}", ""));
    tell(&gateway, "timer 1");
    assert_eq!(answer(&crm, 1), "fired");
    wait_for(&gateway, "told", "/held/timers", &json!(0));

    tell(&gateway, "late 1");
    let halted = wait_for(&gateway, "told", "/state", &json!("halted"));
    let failure = &halted["status"]["halt"]["failure"];
    assert_eq!(failure["detail"], "too late", "{halted}");
    assert_eq!(halted["held"]["timers"], 1, "it is to fire again");
    let skipping = told(&crm, "grant.state = {}", "on_error = \"skip\"");
    gateway.workspace.configure(&skipping);
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    let passed = wait_for(&gateway, "told", "/held/timers", &json!(0));
    assert_eq!(passed["failed"], 1, "it fired once: {passed}");
}

#[test]
fn the_numbers_of_a_joined_record_are_known_to_the_contract() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = |chain: &str| {
        sessions(&crm, 3600).replace(r#"to = ["crm"]"#, r#"to = ["crm", "bi"]"#)
            + &format!(
                r#"
                [plugin.mask]
                wasm = "builtin:phone-mask"
                [destination.bi]
                http.url = "{}"
                numbers = "masked"
                {chain}
                "#,
                bi.url()
            )
    };
    let gateway = Gateway::start(&config("# chain").replace(
        "[plugin.mask]\n                wasm = \"builtin:phone-mask\"\n",
        "",
    ));
    let push = |session: &str| {
        gateway.push("cdr", &call(session));
        gateway.push("record", &recording(session));
    };
    push("s-1");
    let suspended = gateway.wait_for("bi", "suspended", 1);
    assert_eq!(
        suspended[0]["reason"], "egress_violation",
        "{}",
        suspended[0]
    );
    gateway.workspace.configure(&config(r#"chain = ["mask"]"#));
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    push("s-2");
    let masked = bi.wait_for(1).remove(0).body;
    assert_eq!(numbers_in(&masked), [].into(), "{masked}");
    assert_eq!(field(&masked, "/Records/0/EndpointUser"), "0086131****6789");
    // A number that only its place tells.
    gateway.push("cdr", &call("s-3"));
    gateway.push(
        "record",
        &recording("s-3").replace("008613123456789", "8888666"),
    );
    let masked = bi.wait_for(2).remove(1).body;
    assert_eq!(field(&masked, "/Records/0/EndpointUser"), "****666");
}

#[test]
fn a_stage_that_holds_something_does_not_go_unless_it_is_given_up() {
    let crm = Receiver::start();
    let with = sessions(&crm, 3600);
    let gateway = Gateway::start(&with);
    gateway.push("cdr", &call("s-1"));
    wait_for(&gateway, "sessions", "/held/timers", &json!(1));
    let without = crate::harness::all_to("crm", &format!("http.url = \"{}\"", crm.url()));
    gateway.workspace.configure(&without);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 422, "{problem}");
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(
        detail.contains("1 keys") && detail.contains("retired = true"),
        "{detail}"
    );

    let retired = with.replace("[stage.sessions]", "[stage.sessions]\nretired = true");
    gateway.workspace.configure(&retired);
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    until("nothing to be left", || {
        (gateway.api("/stages") == json!([])).then_some(())
    });
    gateway.workspace.configure(&without);
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
}

#[test]
fn what_a_stage_that_goes_has_not_seen_is_told() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&told(&crm, "grant.state = {}", ""));
    tell(&gateway, "panic no reason");
    tell(&gateway, "set after 1");
    wait_for(&gateway, "told", "/state", &json!("halted"));
    let without = crate::harness::all_to("crm", &format!("http.url = \"{}\"", crm.url()));
    gateway.workspace.configure(&without);
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    until("words of what it has not seen", || {
        let log = gateway.log();
        let told = log.contains("a stage is forgotten that has not seen all arrivals");
        (told && log.contains("\"unseen\":2")).then_some(())
    });
}

#[test]
fn a_stage_that_stands_still_is_told_of_and_shown() {
    let (crm, on_call) = (Receiver::start(), Receiver::start());
    let config = |more: &str| {
        told(&crm, "grant.state = {}", more)
            + &format!(
                r#"
                [[route]]
                name = "alerts"
                from = ["event"]
                to = ["on-call"]
                [destination.on-call]
                http.url = "{}"
                [alerts]
                quiet_s = 0
                "#,
                on_call.url()
            )
    };
    let gateway = Gateway::start(&config(""));
    tell(&gateway, "fail no such customer");
    let alert = on_call.wait_for(1).remove(0).body;
    assert_eq!(field(&alert, "/type"), "stage.halted");
    let data = json!({ "stage": "told", "reason": "stage_failed" });
    assert_eq!(field(&alert, "/data"), data);
    let shown = |arguments: &[&str]| {
        let output = gateway.cli(arguments);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let list = shown(&["stages", "list"]);
    assert!(list.contains("told") && list.contains("halted"), "{list}");
    let one = shown(&["stages", "show", "told"]);
    assert!(one.contains("no such customer (arrival "), "{one}");

    gateway.workspace.configure(&config("on_error = \"skip\""));
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    let alert = on_call.wait_for(2).remove(1).body;
    assert_eq!(field(&alert, "/type"), "stage.working");
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

#[test]
fn a_backlog_that_blocks_behind_a_stage_shuts_the_sources_that_it_sees() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = |settings: &str| {
        format!(
            r#"
            {}
            {settings}
            backlog = {{ max_bytes = 100, when_full = "block" }}
            [source.plain]
            path = "/plain"
            dialect = "json"
            [[route]]
            name = "plain"
            from = ["plain"]
            to = ["bi"]
            [destination.bi]
            http.url = "{}"
            "#,
            told(&crm, "", ""),
            bi.url()
        )
    };
    let gateway = Gateway::start(&config("paused = true"));
    tell(&gateway, "emit 12");
    wait_for(&gateway, "told", "/derived", &json!(12));
    let cdr = "/tccc?action=cdr&version=1";
    until("the source to be shut", || {
        let (status, body) = gateway.post(cdr, SEED);
        if status == 200 {
            return None;
        }
        assert_eq!(status, 503, "{body}");
        assert!(body.contains("50305"), "{body}");
        Some(())
    });
    assert_eq!(gateway.post("/plain", "{}").0, 200, "no stage sees it");
    bi.wait_for(1);
    assert!(crm.got().is_empty());

    reload(&gateway, &config(""));
    crm.wait_for(12);
    until("the source to be open", || {
        (gateway.post(cdr, &call("another")).0 == 200).then_some(())
    });
}

#[test]
fn a_when_that_fails_is_a_failure_of_the_stage() {
    let crm = Receiver::start();
    let when = r#"when = 'cdr.Uui == "emit 1" || cdr.Unheard == 1'"#;
    let gateway = Gateway::start(&told(&crm, "", when));
    tell(&gateway, "emit 1");
    assert_eq!(answer(&crm, 1), "made");
    tell(&gateway, "emit 2");
    tell(&gateway, "emit 1");
    let halted = wait_for(&gateway, "told", "/state", &json!("halted"));
    let failure = &halted["status"]["halt"]["failure"];
    assert_eq!(failure["reason"], "route_error", "{halted}");
    let said = failure["detail"].as_str().expect("a detail");
    assert!(said.starts_with("when of stage told: "), "{said}");
    assert_eq!(crm.got().len(), 1, "what comes after it waits");

    let skipping = format!("{when}\non_error = \"skip\"");
    reload(&gateway, &told(&crm, "", &skipping));
    assert_eq!(answer(&crm, 2), "made");
    wait_for(&gateway, "told", "/lag", &json!(0));
    let standing = stage(&gateway, "told");
    assert_eq!(
        (&standing["failed"], &standing["derived"]),
        (&json!(1), &json!(2))
    );
}
