//! Signatures, by the reference library in Python.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::tool::{GZIP, STANDARD_WEBHOOKS};
use crate::harness::{Gateway, Received, Receiver, SEED, TRANSFER, Workspace, all_to};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ANOTHER: &str = "whsec_plJ3nmyCDGBKInavdOK15jsl0V8BHJhM";

/// A signing gateway with these lines of its own for the destination.
fn signed(crm: &Receiver, settings: &str) -> Gateway {
    let settings = format!(
        r#"
        http.url = "{}"
        http.sign.secret.env = "CRM_SECRET"
        retry = {{ initial_ms = 20, max_ms = 20 }}
        {settings}
        "#,
        crm.url()
    );
    let config = all_to("crm", &settings);
    Gateway::start_with(Workspace::new(&config), &[("CRM_SECRET", SECRET)])
}

/// A request as the receiver got it: every header, and the body to the byte.
fn request(got: &Received) -> Value {
    let name = |name: &reqwest::header::HeaderName| name.to_string();
    let headers: serde_json::Map<String, Value> = got
        .headers
        .keys()
        .map(|key| (name(key), got.header(key.as_str()).into()))
        .collect();
    json!({ "secret": SECRET, "headers": headers, "body": STANDARD.encode(&got.raw) })
}

fn with_body(request: &Value, body: &[u8]) -> Value {
    with(request, "/body", &STANDARD.encode(body))
}

fn with(request: &Value, pointer: &str, value: &str) -> Value {
    let mut changed = request.clone();
    *changed.pointer_mut(pointer).expect("a place") = value.into();
    assert_ne!(changed, *request, "{pointer}");
    changed
}

fn verdicts(requests: &[Value]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/judges/verify.py");
    let input = serde_json::to_vec(requests).expect("JSON");
    let printed = STANDARD_WEBHOOKS.prints(&[script], &input);
    printed.lines().map(str::to_owned).collect()
}

#[test]
fn every_attempt_is_verified_and_no_change_is() {
    if !STANDARD_WEBHOOKS.is_here() {
        return;
    }
    let crm = Receiver::start();
    let gateway = signed(&crm, "");
    crm.answer_once(503, "retry-after", "1");
    gateway.push("cdr", SEED);
    gateway.wait_for("crm", "delivered", 1);
    gateway.push("cdr", TRANSFER);
    let got = crm.wait_for(3);
    let requests: Vec<Value> = got.iter().map(request).collect();
    assert_ne!(
        got[0].header("webhook-timestamp"),
        got[1].header("webhook-timestamp"),
        "a second later, another time is signed"
    );
    assert_eq!(verdicts(&requests), ["verified"; 3]);

    let (first, body) = (&requests[0], &got[0].body);
    let shifted = got[0]
        .header("webhook-timestamp")
        .parse::<u64>()
        .expect("seconds")
        + 1;
    let cases = [
        with_body(first, body.replacen("zhangsan", "zhangsam", 1).as_bytes()),
        with_body(first, body.trim_end().as_bytes()),
        with_body(first, format!("{body} ").as_bytes()),
        with(first, "/headers/webhook-id", got[2].header("webhook-id")),
        with(first, "/headers/webhook-timestamp", &shifted.to_string()),
        with(
            first,
            "/headers/webhook-signature",
            got[1].header("webhook-signature"),
        ),
        with(first, "/secret", ANOTHER),
    ];
    let refused = ["refused: No matching signature found"; 7];
    assert_eq!(verdicts(&cases), refused);
}

/// Of a body that is compressed, the bytes that are sent are signed.
#[test]
fn compressed_bodies_are_verified_and_unpacked_by_others() {
    if !STANDARD_WEBHOOKS.is_here() || !GZIP.is_here() {
        return;
    }
    let crm = Receiver::start();
    let gateway = signed(&crm, "http.compress = \"gzip\"");
    crm.answer(&[503, 200]);
    gateway.push("cdr", SEED);
    gateway.wait_for("crm", "delivered", 1);
    let got = crm.wait_for(2);
    assert_eq!(got[0].raw, got[1].raw, "the same bytes again");
    for got in &got {
        assert_eq!(got.header("content-encoding"), "gzip");
        assert_eq!(GZIP.prints(&["-dc"], &got.raw), SEED);
    }
    let requests: Vec<Value> = got.iter().map(request).collect();
    assert_eq!(verdicts(&requests), ["verified"; 2]);
    let unpacked = with_body(&requests[0], SEED.as_bytes());
    let refused = ["refused: No matching signature found"];
    assert_eq!(verdicts(&[unpacked]), refused);
}

/// Of a batch, the id is the batch's own; compressed or not, and sent again after
/// a kill.
#[test]
fn batches_are_verified_and_unpacked_by_others() {
    if !STANDARD_WEBHOOKS.is_here() || !GZIP.is_here() {
        return;
    }
    let batch = "http.batch = { format = \"ndjson\", max_records = 2, max_wait_ms = 600000 }";
    let compressed = format!("{batch}\nhttp.compress = \"gzip\"");
    for (settings, is_compressed) in [(batch, false), (&compressed, true)] {
        let crm = Receiver::start();
        crm.answer(&[503]);
        let gateway = signed(&crm, settings);
        gateway.push("cdr", SEED);
        gateway.push("cdr", TRANSFER);
        crm.wait_for(1);
        let gateway = gateway.kill_and_restart();
        crm.answer(&[200]);
        gateway.wait_for("crm", "delivered", 2);
        let got = crm.got();
        let line = |record: &str| record.replace(['\n', '\r'], "") + "\n";
        let expected = line(SEED) + &line(TRANSFER);
        let first = &got[0];
        for got in &got {
            assert_eq!(got.raw, first.raw, "the same bytes again");
            assert_eq!(got.header("webhook-id"), first.header("webhook-id"));
            let unpacked = if is_compressed {
                GZIP.prints(&["-dc"], &got.raw)
            } else {
                got.body.clone()
            };
            assert_eq!(unpacked, expected);
        }
        let requests: Vec<Value> = got.iter().map(request).collect();
        assert!(requests.len() > 1, "it was sent again");
        assert!(
            verdicts(&requests)
                .iter()
                .all(|verdict| verdict == "verified")
        );
    }
}
