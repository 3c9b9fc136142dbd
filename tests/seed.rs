//! The main job: the samples go to two HTTP receivers and a file, each with its
//! own view of them.

use crate::harness::{
    Gateway, RECORD, Receiver, SEED, TRANSFER, VOICEMAIL, all_to, field, numbers_in, until,
};

/// Full records for a CRM; masked ones for BI and for files.
pub fn three_destinations(crm: &Receiver, bi: &Receiver, mask: &str) -> String {
    let (crm, bi) = (crm.url(), bi.url());
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [plugin.attribution]
        wasm = "builtin:attribution"
        [plugin.mask]
        wasm = "builtin:phone-mask"
        [plugin.calls]
        wasm = "builtin:filter"
        config.rules = [{{ drop = "internal_call", when = 'has(cdr.CallType) && cdr.CallType == 6' }}]
        [[route]]
        name = "all"
        from = ["tccc"]
        chain = ["attribution", "calls"]
        to = ["crm", "bi", "archive"]
        [destination.crm]
        http.url = "{crm}/crm"
        [destination.bi]
        http.url = "{bi}/bi"
        chain = [{mask}]
        numbers = "masked"
        [destination.archive]
        file.path = "{{kind}}/{{SdkAppId}}.ndjson"
        chain = [{mask}]
        numbers = "masked"
        "#
    )
}

#[test]
fn each_destination_gets_its_own_view_of_the_samples() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, r#""mask""#));
    let records = [
        ("cdr", SEED),
        ("cdr", TRANSFER),
        ("voicemail", VOICEMAIL),
        ("record", RECORD),
    ];
    for (action, record) in records {
        gateway.push(action, record);
    }

    let full = crm.wait_for(4);
    for (_, record) in &records[2..] {
        let same = full.iter().any(|got| got.body == *record);
        assert!(same, "an untouched record leaves as the received bytes");
    }
    let seed = &full
        .iter()
        .find(|got| got.body.contains("99a1c8f8"))
        .expect("the seed at the CRM")
        .body;
    assert_eq!(field(seed, "/CalleeLocation"), "贵州安顺移动");
    assert_eq!(without(seed, r#","CalleeLocation":"贵州安顺移动""#), SEED);

    let transfer = &full
        .iter()
        .find(|got| got.body.contains("BalanceMicro"))
        .expect("the transfer at the CRM")
        .body;
    assert!(transfer.contains(r#""BalanceMicro":90071992547409931234,"Score":1.0"#));
    assert_eq!(field(transfer, "/Caller"), "008613123456789");

    for got in bi.wait_for(4) {
        assert_eq!(numbers_in(&got.body), [].into(), "{}", got.body);
        if got.body.contains("BalanceMicro") {
            assert_eq!(field(&got.body, "/Caller"), "0086131****6789");
            assert!(got.body.contains("90071992547409931234,\"Score\":1.0"));
        }
    }
    gateway.wait_for("archive", "delivered", 4);
    let lines = gateway.workspace.lines();
    assert_eq!(lines.len(), 4);
    for line in &lines {
        assert_eq!(numbers_in(line), [].into(), "{line}");
    }
    let names: Vec<_> = gateway
        .workspace
        .files()
        .into_iter()
        .map(|file| file.0)
        .collect();
    let expected =
        ["cdr", "record", "voicemail"].map(|kind| format!("{kind}/1400482256.1.ndjson.open"));
    assert_eq!(names, expected);
}

fn without(text: &str, part: &str) -> String {
    assert_eq!(text.matches(part).count(), 1, "{part} in {text}");
    text.replace(part, "")
}

#[test]
fn requests_are_signed_and_traced() {
    let crm = Receiver::start();
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    let settings = format!(
        r#"
        http.url = "{}/{{SdkAppId}}/{{/SeatUser/Name}}?at={{received:%Y}}"
        http.headers = {{ "x-tenant" = "north" }}
        http.auth.bearer.env = "CRM_TOKEN"
        http.sign.secret.env = "CRM_SECRET"
        "#,
        crm.url()
    );
    let config = all_to("crm", &settings);
    let environment = [("CRM_TOKEN", "t0ken"), ("CRM_SECRET", secret)];
    let gateway = Gateway::start_with(crate::harness::Workspace::new(&config), &environment);
    gateway.push("cdr", SEED);

    let got = &crm.wait_for(1)[0];
    let verifier = standardwebhooks::Webhook::new(secret).expect("a secret");
    verifier
        .verify(got.body.as_bytes(), &got.headers)
        .expect("a signature");
    let arrival = gateway.wait_for("crm", "delivered", 1)[0]["arrival"].clone();
    let id = arrival.as_str().expect("an id");
    assert_eq!(got.header("webhook-id"), format!("{id}_crm"));
    assert!(
        got.header("traceparent")
            .starts_with(&format!("00-{}-", id.replace('-', "")))
    );
    assert_eq!(got.header("authorization"), "Bearer t0ken");
    assert_eq!(got.header("x-tenant"), "north");
    assert_eq!(got.header("content-type"), "application/json");
    assert!(
        got.path.starts_with("/1400482256/%E5%BC%A0%E4%B8%89?at=20"),
        "{}",
        got.path
    );
    let secrets = [secret, "t0ken"];
    assert!(secrets.iter().all(|secret| !gateway.log().contains(secret)));
}

#[test]
fn what_no_route_wants_is_counted_and_findable() {
    let crm = Receiver::start();
    let config = format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "outbound"
        from = ["tccc"]
        when = 'kind == "cdr" && cdr.Direction == 1'
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        "#,
        crm.url()
    );
    let gateway = Gateway::start(&config);
    gateway.push("cdr", TRANSFER);
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    let skipped = gateway.wait_for("crm", "skipped", 1);
    assert_eq!(skipped[0]["reason"], "unrouted");
    let session = "/deliveries?session=99a1c8f8-eb3d-4xxx-8401-5f6aa8761232";
    let found = until("the seed's delivery", || {
        let found = gateway.api(session);
        (found[0]["state"] == "delivered").then_some(found)
    });
    assert_eq!(found.as_array().map(Vec::len), Some(1));
    assert_eq!(found[0]["status"], 200);
}
