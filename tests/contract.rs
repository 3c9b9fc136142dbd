//! The egress contract: what a destination may not hold never reaches it,
//! whatever the plugins do.

use crate::{
    harness::{Gateway, Receiver, SEED, TRANSFER, VOICEMAIL, numbers_in},
    seed::three_destinations,
};

#[test]
fn without_the_mask_the_contract_suspends_and_names_the_field() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, ""));
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    for destination in ["bi", "archive"] {
        let suspended = &gateway.wait_for(destination, "suspended", 1)[0];
        assert_eq!(suspended["reason"], "egress_violation");
        let detail = suspended["detail"].as_str().expect("a detail");
        assert!(detail.contains("/TelLocation/TelNumber"), "{detail}");
        assert!(!detail.contains("18486147605"), "{detail}");
    }
    assert!(bi.got().is_empty());
    assert!(gateway.workspace.lines().is_empty());
    assert!(!gateway.log().contains("18486147605"));
}

#[test]
fn a_suspended_delivery_goes_out_once_the_chain_is_mended() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, ""));
    gateway.push("cdr", TRANSFER);
    gateway.wait_for("bi", "suspended", 1);
    gateway.wait_for("archive", "suspended", 1);

    let mended = three_destinations(&crm, &bi, r#""mask""#);
    gateway.workspace.configure(&mended);
    let (status, reloaded) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(
        (status, &reloaded["revision"]),
        (200, &2.into()),
        "{reloaded}"
    );

    let request = serde_json::json!({ "state": "suspended", "reason": "egress_violation" });
    let (status, retried) = gateway.api_post("/deliveries/retry", &request);
    let expected = serde_json::json!({ "bi": 1, "archive": 1 });
    assert_eq!((status, &retried["retried"]), (200, &expected));
    let got = &bi.wait_for(1)[0];
    assert!(got.body.contains("0086131****6789"));
    gateway.wait_for("archive", "delivered", 1);
    gateway.wait_for("bi", "delivered", 1);
}

#[test]
fn the_mask_reaches_names_and_json_numbers() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, r#""mask""#));
    let record = SEED.replace(
        r#""Uui": "abc""#,
        r#""Uui": { "18486147605": [18486147605, 1.0] , "at": 1732240999 }"#,
    );
    gateway.push("cdr", &record);
    let body = &bi.wait_for(1)[0].body;
    let masked = r#""Uui": { "184****7605": ["184****7605", 1.0] , "at": 1732240999 }"#;
    assert!(body.contains(masked), "{body}");
    gateway.wait_for("archive", "delivered", 1);
}

/// What the modes of the mask leave of the samples, and which contract lets it pass.
#[test]
fn each_mode_of_the_mask_against_each_contract() {
    let keys = tempfile::tempdir().expect("a directory");
    let key = keys.path().join("key");
    std::fs::write(&key, "a key of thirty-two bytes or more").expect("a key");
    let modes = [
        ("keep", "", true),
        ("remove", "", true),
        ("pseudonym", r#", key_id = "2026""#, true),
        // An encrypted number is a number, and none of the arrival's.
        ("fpe", "", false),
    ];
    for (mode, settings, passes_none) in modes {
        let secret = match mode {
            "pseudonym" | "fpe" => format!("secrets.key.file = {:?}", key.display().to_string()),
            _ => String::new(),
        };
        let (masked, none) = (Receiver::start(), Receiver::start());
        let gateway = Gateway::start(&format!(
            r#"
            [source.tccc]
            path = "/tccc"
            dialect = "tccc"
            [plugin.mask]
            wasm = "builtin:phone-mask"
            config = {{ mode = "{mode}"{settings} }}
            {secret}
            [[route]]
            name = "all"
            from = ["tccc"]
            chain = ["mask"]
            to = ["masked", "none"]
            [destination.masked]
            http.url = "{}"
            numbers = "masked"
            [destination.none]
            http.url = "{}"
            numbers = "none"
            "#,
            masked.url(),
            none.url(),
        ));
        for (action, record) in [("cdr", SEED), ("cdr", TRANSFER), ("voicemail", VOICEMAIL)] {
            gateway.push(action, record);
        }
        let bodies = masked.wait_for(3);
        for got in &bodies {
            assert_eq!(numbers_in(&got.body), [].into(), "{mode}: {}", got.body);
        }
        if passes_none {
            none.wait_for(3);
        } else {
            for suspended in gateway.wait_for("none", "suspended", 3) {
                assert_eq!(suspended["reason"], "egress_violation", "{mode}");
            }
        }
    }
}
