//! Corrections: kept beside the original, resumed everywhere at once, and never
//! a way around the contract.

use serde_json::{Value, json};

use crate::harness::{Gateway, Receiver, SEED, Workspace, field, numbers_in, until};

/// Two HTTP destinations behind one route with this condition, `bi` with these
/// lines of its own.
fn config(crm: &Receiver, bi: &Receiver, when: &str, bi_lines: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        auth.basic = {{ username = "tccc", password.env = "PASSWORD" }}
        [[route]]
        name = "all"
        from = ["tccc"]
        when = '{when}'
        to = ["crm", "bi"]
        [destination.crm]
        http.url = "{}"
        [destination.bi]
        http.url = "{}"
        {bi_lines}
        "#,
        crm.url(),
        bi.url()
    )
}

fn start(config: &str) -> Gateway {
    Gateway::start_with(Workspace::new(config), &[("PASSWORD", "geheim")])
}

/// Pushes as the sender that the source knows.
fn push(gateway: &Gateway, body: &str) {
    let credentials = [("Authorization", "Basic dGNjYzpnZWhlaW0=")];
    let (status, answer) = gateway.post_with("/tccc?action=cdr&version=1", body, &credentials);
    assert_eq!(status, 200, "{answer}");
}

fn id(delivery: &Value) -> String {
    delivery["arrival"].as_str().expect("an id").to_owned()
}

fn correct(gateway: &Gateway, arrival: &str, request: &Value) -> (u16, Value) {
    gateway.api_post(&format!("/arrivals/{arrival}/corrections"), request)
}

fn text(output: &std::process::Output) -> String {
    let all = [output.stdout.clone(), output.stderr.clone()].concat();
    String::from_utf8(all).expect("UTF-8")
}

/// An expression that has no answer for the sample, since it misses a member.
const NEEDS_A_MEMBER: &str = r#"cdr.Department == "sales""#;

#[test]
fn a_correction_resumes_at_every_destination_at_once() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = start(&config(&crm, &bi, NEEDS_A_MEMBER, ""));
    push(&gateway, SEED);
    let arrival = id(&gateway.wait_for("crm", "suspended", 1)[0]);
    gateway.wait_for("bi", "suspended", 1);
    let edit = |more: &[&str]| {
        let arguments = [
            &["deliveries", "edit", &arrival, "--because", "no department"],
            more,
        ];
        gateway.cli(&arguments.concat())
    };

    let set = ["--set", r#"/Department="sales""#];
    let shown = edit(&set);
    assert!(!shown.status.success());
    let said = text(&shown);
    for words in [
        "/Department\n  + \"sales\"",
        "2 deliveries would be resumed",
        "resumed at bi, crm",
        "add --yes",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(gateway.deliveries("crm", "suspended").len(), 1);
    assert!(gateway.api(&format!("/arrivals/{arrival}"))["corrections"] == json!([]));

    let done = edit(&[&set[..], &["--yes"]].concat());
    assert!(done.status.success(), "{}", text(&done));
    for (name, receiver) in [("crm", &crm), ("bi", &bi)] {
        gateway.wait_for(name, "delivered", 1);
        let got = &receiver.wait_for(1)[0];
        assert_eq!(field(&got.body, "/Department"), "sales");
        let before = SEED.trim_end().trim_end_matches('}').trim_end();
        assert!(got.body.starts_with(before), "{}", got.body);
        assert_eq!(got.header("webhook-id"), format!("{arrival}_{name}"));
    }

    let gateway = gateway.kill_and_restart();
    let kept = gateway.api(&format!("/arrivals/{arrival}"));
    assert_eq!(kept["body"], SEED);
    let correction = &kept["corrections"][0];
    let told = (&correction["number"], &correction["because"]);
    assert_eq!(told, (&json!(1), &json!("no department")));
    let show = text(&gateway.cli(&["deliveries", "show", &arrival]));
    assert!(show.contains("correction 1 at "), "{show}");
    assert_eq!((crm.got().len(), bi.got().len()), (1, 1));
}

#[test]
fn the_contract_knows_what_a_correction_took_out() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let masked = r#"numbers = "masked""#;
    let gateway = start(&config(&crm, &bi, "true", masked));
    push(&gateway, SEED);
    gateway.wait_for("crm", "delivered", 1);
    let held = &gateway.wait_for("bi", "suspended", 1)[0];
    let arrival = id(held);
    // In this run of digits nothing reads as a number: only the original tells.
    let hidden = r#"{"SessionId":"s","Uui":"9918486147605"}"#;
    let edit = |after: u32, body: &str| {
        let request = json!({ "after": after, "because": "x", "body": body });
        let (status, answer) = correct(&gateway, &arrival, &request);
        assert_eq!(
            (status, &answer["resumed"]),
            (200, &json!(["bi"])),
            "{answer}"
        );
        assert_eq!(answer["delivered"], json!(["crm"]));
    };
    edit(0, hidden);
    until("the corrected record to be held back", || {
        let kept = gateway.deliveries("bi", "suspended");
        let detail = kept.first()?["detail"].as_str()?.to_owned();
        detail.contains("/Uui").then_some(())
    });
    assert!(bi.got().is_empty());
    edit(1, r#"{"SessionId":"s","Uui":""}"#);
    gateway.wait_for("bi", "delivered", 1);
    assert_eq!(numbers_in(&gateway.log()), [].into());
    assert_eq!(crm.got().len(), 1, "what is delivered stays delivered");
}

#[test]
fn what_cannot_be_read_is_judged_anew() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = start(&config(&crm, &bi, r#"kind == "cdr""#, ""));
    push(&gateway, r#"{"SessionId": "s-1", "Caller": "#);
    let suspended = gateway.wait_for("crm", "suspended", 1);
    gateway.wait_for("bi", "suspended", 1);
    assert_eq!(suspended[0]["reason"], "unreadable");
    let arrival = id(&suspended[0]);
    let set = ["deliveries", "edit", &arrival, "--because", "cut off"];
    let refused = gateway.cli(&[&set[..], &["--set", "/a=1"]].concat());
    assert!(text(&refused).contains("--file"), "{}", text(&refused));

    let say = |body: &str| json!({ "after": 0, "because": "cut off", "body": body });
    for (request, expected, words) in [
        (say("{"), 400, "cannot be read"),
        (say("[]"), 400, "JSON object"),
        (say("{}"), 400, "no session id"),
        (
            say(r#"{"SessionId": "s-1", "Caller": "#),
            400,
            "changes nothing",
        ),
        (
            json!({ "after": 1, "because": "x", "body": "{}" }),
            409,
            "correction 0",
        ),
        (
            json!({ "after": 0, "because": "", "body": "{}" }),
            400,
            "because",
        ),
    ] {
        let (status, problem) = correct(&gateway, &arrival, &request);
        let detail = problem["detail"].as_str().expect("a detail");
        assert_eq!(status, expected, "{request}: {detail}");
        assert!(detail.contains(words), "{request}: {detail}");
    }
    let (status, _) = correct(&gateway, "nonsense", &say("{}"));
    assert_eq!(status, 404);

    let whole = r#"{"SessionId": "s-1", "Caller": null, "big": 12345678901234567890.0}"#;
    let file = gateway.workspace.path("mended.json");
    std::fs::write(&file, whole).expect("a file");
    let file = file.display().to_string();
    let done = gateway.cli(&[&set[..], &["--file", &file, "--yes"]].concat());
    assert!(done.status.success(), "{}", text(&done));
    gateway.wait_for("crm", "delivered", 1);
    gateway.wait_for("bi", "delivered", 1);
    assert_eq!(crm.got()[0].body, whole);
    let kept = gateway.api(&format!("/arrivals/{arrival}"));
    assert_eq!(
        (&kept["session"], &kept["defect"]),
        (&json!("s-1"), &Value::Null)
    );
    let (status, problem) = correct(&gateway, &arrival, &say(whole));
    assert_eq!(status, 409, "{problem}");
}

#[test]
fn what_was_sent_before_bears_another_id_once_it_is_corrected() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.answer(&[404, 200]);
    bi.answer(&[503, 200]);
    let slow = "retry.schedule_ms = [3600000]";
    let gateway = start(&config(&crm, &bi, "true", slow));
    push(&gateway, SEED);
    let arrival = id(&gateway.wait_for("crm", "dead", 1)[0]);
    gateway.wait_for("bi", "retrying", 1);
    let edit = ["deliveries", "edit", &arrival, "--because", "x"];
    let edit = |more: &[&str]| text(&gateway.cli(&[&edit[..], more].concat()));

    let left = edit(&["--set", "/Uui=1"]);
    for words in [
        "0 deliveries would be resumed",
        "sent corrected from now on at bi",
        "left so without --dead, at crm",
    ] {
        assert!(left.contains(words), "{left}");
    }
    edit(&["--set", "/Uui=1", "--dead", "--yes"]);
    gateway.wait_for("crm", "delivered", 1);
    let got = crm.wait_for(2);
    assert_eq!(got[0].header("webhook-id"), format!("{arrival}_crm"));
    assert_eq!(got[1].header("webhook-id"), format!("{arrival}_crm~2"));
    assert_eq!(field(&got[1].body, "/Uui"), 1);

    let shown = gateway.api(&format!("/arrivals/{arrival}"));
    let frozen = shown["deliveries"].as_array().expect("deliveries").iter();
    let mut frozen = frozen.filter(|delivery| delivery["destination"] == "bi");
    assert_eq!(frozen.next().expect("one")["frozen"]["superseded"], true);
    let (status, _) = gateway.api_post("/deliveries/retry", &json!({ "arrivals": [arrival] }));
    assert_eq!(status, 200);
    gateway.wait_for("bi", "delivered", 1);
    let last = bi.wait_for(2)[1].clone();
    assert_eq!(last.header("webhook-id"), format!("{arrival}_bi~2"));
    assert_eq!(field(&last.body, "/Uui"), 1);
}

#[test]
fn an_attempt_under_way_does_not_outlive_a_correction() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    crm.answer(&[404]);
    bi.answer(&[503, 200]);
    bi.hang(true);
    let gateway = start(&config(&crm, &bi, "true", "retry.schedule_ms = [1]"));
    push(&gateway, SEED);
    let arrival = id(&gateway.wait_for("crm", "dead", 1)[0]);
    bi.wait_for(1);
    // A retry of what was frozen of the record as received is what must not come.
    let edit = ["deliveries", "edit", &arrival, "--because", "x", "--yes"];
    let done = gateway.cli(&[&edit[..], &["--set", "/Uui=1"]].concat());
    assert!(done.status.success(), "{}", text(&done));
    bi.hang(false);
    gateway.wait_for("bi", "delivered", 1);
    let got = bi.got();
    assert_eq!(got.len(), 2);
    assert_eq!(
        (got[0].body.as_str(), field(&got[1].body, "/Uui")),
        (SEED, json!(1))
    );
    assert_eq!(got[1].header("webhook-id"), format!("{arrival}_bi~2"));
}
