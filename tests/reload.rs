//! Reload: atomic, and honest about what runs.

use crate::{
    harness::{Gateway, Receiver, SEED, until},
    outage::records,
    seed::three_destinations,
};

#[test]
fn a_signal_switches_to_the_new_configuration() {
    let (crm, bi, extra) = (Receiver::start(), Receiver::start(), Receiver::start());
    let config = three_destinations(&crm, &bi, r#""mask""#);
    let gateway = Gateway::start(&config);
    gateway.push("cdr", SEED);
    crm.wait_for(1);

    let more = config.replace(r#""archive"]"#, r#""archive", "extra"]"#);
    let more = format!(
        "{more}\n[destination.extra]\nhttp.url = \"{}\"\nstart = \"beginning\"",
        extra.url()
    );
    gateway.workspace.configure(&more);
    gateway.signal("HUP");
    until("the second revision", || {
        (gateway.api("/revision")["revision"] == 2).then_some(())
    });
    assert_eq!(
        extra.wait_for(1)[0].body,
        crm.got()[0].body,
        "it began at the beginning"
    );
}

#[test]
fn a_bad_configuration_changes_nothing() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = three_destinations(&crm, &bi, r#""mask""#);
    let gateway = Gateway::start(&config);
    let before = gateway.api("/revision");
    let cases = [
        (
            config.replace("[plugin.mask]", "[plugin.mask]\nkolor = 1"),
            "CFG003",
        ),
        (
            config.replace("builtin:phone-mask", "no/such.wasm"),
            "CFG016",
        ),
        (
            config.replace("[plugin.mask]", "[plugin.mask]\nconfig.keep_first = 99"),
            "CFG024",
        ),
    ];
    for (bad, code) in cases {
        gateway.workspace.configure(&bad);
        let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
        assert_eq!(status, 422, "{problem}");
        assert_eq!(
            problem["diagnostics"]["errors"][0]["code"], code,
            "{problem}"
        );
        assert!(
            problem["diagnostics"]["errors"][0]["line"].is_u64(),
            "{problem}"
        );
        assert_eq!(gateway.api("/revision"), before);
    }
    gateway.push("cdr", SEED);
    crm.wait_for(1);
    bi.wait_for(1);
}

#[test]
fn a_destination_with_unsettled_deliveries_is_not_removed_by_accident() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = three_destinations(&crm, &bi, r#""mask""#);
    let gateway = Gateway::start(&config);
    bi.answer(&[404]);
    gateway.push("cdr", SEED);
    gateway.wait_for("bi", "dead", 1);

    let start = config.find("[destination.bi]").expect("bi");
    let end = config.find("[destination.archive]").expect("archive");
    let without = format!("{}{}", &config[..start], &config[end..]).replace(r#""bi", "#, "");
    gateway.workspace.configure(&without);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 422);
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(
        detail.contains("bi") && detail.contains("retired = true"),
        "{detail}"
    );

    let retired = config
        .replace("[destination.bi]", "[destination.bi]\nretired = true")
        .replace(r#""crm", "bi", "archive""#, r#""crm", "archive""#);
    gateway.workspace.configure(&retired);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    assert_eq!(gateway.deliveries("bi", "dead").len(), 1, "still listed");
}

#[test]
fn a_renamed_destination_takes_its_ledger_along() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = three_destinations(&crm, &bi, r#""mask""#);
    let gateway = Gateway::start(&config);
    gateway.push("cdr", SEED);
    gateway.wait_for("bi", "delivered", 1);

    let renamed = config
        .replace(
            "[destination.bi]",
            "[destination.insight]\nrenamed_from = \"bi\"",
        )
        .replace(
            r#""crm", "bi", "archive""#,
            r#""crm", "insight", "archive""#,
        );
    gateway.workspace.configure(&renamed);
    let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
    assert_eq!(status, 200, "{problem}");
    gateway.wait_for("insight", "delivered", 1);
    gateway.push("cdr", &records(1)[0]);
    gateway.wait_for("insight", "delivered", 2);
}
