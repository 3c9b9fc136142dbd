//! What senders meet, at the real listener.

use crate::harness::{Gateway, Receiver, SEED, Workspace};

fn config(crm: &Receiver) -> String {
    format!(
        r#"
        ingest.max_body_bytes = 65536
        [source.open]
        path = "/open"
        dialect = "tccc"
        [source.closed]
        path = "/closed"
        dialect = "tccc"
        auth.basic = {{ username = "tccc", password.env = "TCCC_PASSWORD" }}
        [source.pbx]
        path = "/pbx"
        dialect = "json"
        auth.url_token.env = "PBX_TOKEN"
        numbers_in = ["/from", "/to"]
        id_in = "/call"
        [[route]]
        name = "all"
        from = ["open", "closed", "pbx"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        "#,
        crm.url()
    )
}

fn start(crm: &Receiver) -> Gateway {
    let environment = [("TCCC_PASSWORD", "s3cret"), ("PBX_TOKEN", "t0ken")];
    Gateway::start_with(Workspace::new(&config(crm)), &environment)
}

#[test]
fn a_push_that_is_repeated_is_delivered_once() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let push = |uuid: &str, body: &str| {
        gateway.post_with(
            "/open?action=cdr&version=1",
            body,
            &[("X-TCCC-PUSH-UUID", uuid)],
        )
    };
    for _ in 0..3 {
        assert_eq!(push("one", SEED).0, 200);
    }
    let other = SEED.replace("\"Duration\": 0", "\"Duration\": 1");
    assert_eq!(
        push("one", &other).0,
        200,
        "same id, other body: kept and flagged"
    );
    assert_eq!(push("two", SEED).0, 200, "another push of the same record");
    crm.wait_for(3);
    let delivered = gateway.wait_for("crm", "delivered", 3);
    let flagged = delivered[1]["arrival"].as_str().expect("an id");
    let tags = &gateway.api(&format!("/arrivals/{flagged}"))["tags"];
    assert_eq!(tags["push_id_conflict"], delivered[0]["arrival"]);

    let gateway = gateway.kill_and_restart();
    let again = gateway.post_with(
        "/open?action=cdr&version=1",
        SEED,
        &[("X-TCCC-PUSH-UUID", "one")],
    );
    assert_eq!(again.0, 200);
    assert_eq!(
        gateway.api("/destinations")[0]["head"],
        3,
        "remembered over a restart"
    );
}

#[test]
fn refusals_have_a_reason_and_leave_nothing() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let large = "x".repeat(65537);
    let cases = [
        ("/open?action=dance&version=1", SEED, 400),
        ("/open?action=cdr&version=2", SEED, 400),
        ("/open?action=cdr&version=1", "not json", 400),
        ("/open?action=cdr&version=1", large.as_str(), 413),
        ("/closed?action=cdr&version=1", SEED, 401),
        ("/pbx?token=wrong", "{}", 401),
        ("/nowhere", "{}", 404),
    ];
    for (path, body, status) in cases {
        let answer = gateway.post(path, body);
        assert_eq!(answer.0, status, "{path}: {}", answer.1);
        if path.starts_with("/open") || path.starts_with("/closed") {
            let answer: serde_json::Value = serde_json::from_str(&answer.1).expect("JSON");
            assert_ne!(answer["ErrCode"], 0, "{path}");
            assert!(
                answer["ErrMsg"]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{path}"
            );
        }
    }
    assert_eq!(gateway.api("/destinations")[0]["head"], 0);
    let (_, metrics) = gateway.get("/metrics");
    assert!(metrics.contains("reason=\"unauthorised\""), "{metrics}");
}

#[test]
fn broken_records_of_a_known_sender_are_kept_and_suspended() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let basic = [("Authorization", "Basic dGNjYzpzM2NyZXQ=")];
    let cases = [
        ("{\"SessionId\": \"cut of", "unreadable"),
        ("{\"Caller\": \"0086400xxx6666\"}", "no_session_id"),
    ];
    for (count, (body, reason)) in cases.into_iter().enumerate() {
        let (status, _) = gateway.post_with("/closed?action=cdr&version=1", body, &basic);
        assert_eq!(status, 200);
        let suspended = gateway.wait_for("crm", "suspended", count + 1);
        assert_eq!(suspended[count]["reason"], reason);
    }
    assert!(crm.got().is_empty());
}

#[test]
fn a_plain_json_source_is_answered_with_the_id() {
    let crm = Receiver::start();
    let gateway = start(&crm);
    let record = r#"{ "call": "c-1", "from": "0086 131 2345 6789", "n": 1.0 }"#;
    let (status, answer) = gateway.post("/pbx?token=t0ken", record);
    assert_eq!(status, 200);
    let answer: serde_json::Value = serde_json::from_str(&answer).expect("JSON");
    let delivered = gateway.wait_for("crm", "delivered", 1);
    assert_eq!(answer["id"], delivered[0]["arrival"]);
    assert_eq!(delivered[0]["session"], "c-1");
    assert_eq!(crm.got()[0].body, record, "the received bytes");
    assert!(!gateway.log().contains("t0ken"));
}
