//! Alerts: routed, delivered and signed like any record; told once, never bred by
//! alerts, and not lost by a stop.

mod standing;

use serde_json::Value;
use standardwebhooks::Webhook;

use crate::{
    harness::{Gateway, Receiver, SEED, Workspace, all_to, field, until},
    outage::records,
};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Records go to `crm`, alerts to `ops` and a file.
fn config(crm: &Receiver, ops: &Receiver, more: &str) -> String {
    let (crm, ops) = (crm.url(), ops.url());
    let retry = "retry = { initial_ms = 50, max_ms = 50 }";
    let records = all_to("crm", &format!("http.url = \"{crm}\"\n{retry}"));
    format!(
        r#"
        {records}
        [[route]]
        name = "alerts"
        from = ["event"]
        when = 'kind == "event" && cdr.type != "unheard.of"'
        to = ["ops", "log"]
        [destination.ops]
        http.url = "{ops}/{{kind}}"
        http.sign.secret.env = "OPS_SECRET"
        numbers = "none"
        {retry}
        [destination.log]
        file.path = "alerts.ndjson"
        numbers = "masked"
        [alerts]
        {more}
        "#
    )
}

fn start(config: &str) -> Gateway {
    Gateway::start_with(Workspace::new(config), &[("OPS_SECRET", SECRET)])
}

fn reload(gateway: &Gateway) -> (u16, Value) {
    gateway.api_post("/reload", &serde_json::json!({}))
}

/// A reload that is refused.
fn refuse_reload(gateway: &Gateway, config: &str) {
    gateway
        .workspace
        .configure(&format!("{config}\nfaster = 1"));
    assert_eq!(reload(gateway).0, 422);
}

/// The types of the alerts that arrived, in the order of their arrival.
fn types(ops: &Receiver) -> Vec<String> {
    let type_of = |body: &str| field(body, "/type").as_str().expect("a type").to_owned();
    ops.got().iter().map(|got| type_of(&got.body)).collect()
}

fn arrivals(gateway: &Gateway) -> u64 {
    let all = gateway.api("/destinations");
    all[0]["head"].as_u64().expect("a position")
}

#[test]
fn a_receiver_hears_of_breakers_and_refused_reloads() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    let config = config(&crm, &ops, "");
    let gateway = start(&config);
    crm.answer(&[503]);
    for record in records(8) {
        gateway.push("cdr", &record);
    }
    ops.wait_for(1);
    crm.answer(&[200]);
    ops.wait_for(2);
    refuse_reload(&gateway, &config);
    let got = ops.wait_for(3);
    assert_eq!(
        types(&ops),
        [
            "destination.breaker_opened",
            "destination.breaker_closed",
            "reload.refused"
        ]
    );
    let webhook = Webhook::new(SECRET).expect("a secret");
    for alert in &got {
        assert_eq!(alert.path, "/event");
        let verified = webhook.verify(alert.body.as_bytes(), &alert.headers);
        assert!(verified.is_ok(), "{verified:?}");
        let timestamp = field(&alert.body, "/timestamp");
        let timestamp = timestamp
            .as_str()
            .expect("a time")
            .parse::<jiff::Timestamp>();
        assert!(timestamp.is_ok(), "{}", alert.body);
    }
    assert_eq!(field(&got[0].body, "/data/destination"), "crm");
    let problem = field(&got[2].body, "/data/problems/0");
    assert_eq!(problem["code"], "CFG003", "{problem}");
    gateway.wait_for("log", "delivered", 3);
    gateway.wait_for("crm", "delivered", 8);
}

/// Counts, times and texts of the gateway's own may read like phone numbers.
#[test]
fn a_contract_holds_back_no_alert_as_the_gateway_made_it() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    let config = config(&crm, &ops, "");
    let gateway = start(&config);
    let mistaken = format!("{config}\n13800138000 = 1");
    gateway.workspace.configure(&mistaken);
    assert_eq!(reload(&gateway).0, 422);
    let alert = &ops.wait_for(1)[0].body;
    assert!(alert.contains("13800138000"), "{alert}");
    gateway.wait_for("log", "delivered", 1);
}

#[test]
fn alerts_about_alerts_do_not_breed() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    let config = config(
        &crm,
        &ops,
        "quiet_s = 0\ndead_per_minute = 1\nsuspended_per_minute = 1",
    );
    let gateway = start(&config);
    ops.answer(&[400]);
    refuse_reload(&gateway, &config);
    gateway.wait_for("ops", "dead", 1);
    refuse_reload(&gateway, &config);
    gateway.wait_for("ops", "dead", 2);
    gateway.wait_for("log", "delivered", 2);
    assert_eq!(arrivals(&gateway), 2, "one for each reload");

    ops.answer(&[500]);
    refuse_reload(&gateway, &config);
    gateway.wait_for("log", "delivered", 4);
    ops.answer(&[200]);
    gateway.wait_for("log", "delivered", 5);
    gateway.wait_for("ops", "delivered", 3);
    assert_eq!(arrivals(&gateway), 5, "the reload, and ops down and up");
}

#[test]
fn too_many_dead_or_suspended_are_told_once_in_a_quiet_time() {
    let (crm, ops) = (Receiver::start(), Receiver::start());
    crm.answer(&[400]);
    let config = config(&crm, &ops, "dead_per_minute = 3");
    let gateway = start(&config);
    for record in records(7) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("crm", "dead", 7);
    let alert = &ops.wait_for(1)[0];
    assert_eq!(field(&alert.body, "/type"), "deliveries.dead");
    assert_eq!(field(&alert.body, "/data/destination"), "crm");
    assert_eq!(field(&alert.body, "/data/count"), 3);
    until("the second one to be held back", || {
        let (_, metrics) = gateway.get("/metrics");
        let quiet = r#"cdr_gateway_alerts_total{type="deliveries.dead",outcome="quiet"} 1"#;
        metrics.contains(quiet).then_some(())
    });
    assert_eq!(ops.got().len(), 1);
}

#[test]
fn a_destination_is_not_told_of_itself_alone() {
    let crm = Receiver::start();
    crm.answer(&[503]);
    let retry = "retry = { initial_ms = 50, max_ms = 50 }";
    let config = all_to("crm", &format!("http.url = \"{}\"\n{retry}", crm.url()));
    let config = config.replace(r#"from = ["tccc"]"#, r#"from = ["tccc", "event"]"#);
    let gateway = Gateway::start(&config);
    for record in records(8) {
        gateway.push("cdr", &record);
    }
    until("the breaker", || {
        let opened = "\"alert\":\"destination.breaker_opened\"";
        gateway.log().contains(opened).then_some(())
    });
    crm.answer(&[200]);
    gateway.wait_for("crm", "delivered", 8);
    refuse_reload(&gateway, &config);
    gateway.wait_for("crm", "delivered", 9);
    assert_eq!(arrivals(&gateway), 9, "the records and the reload");
}

#[test]
fn without_a_route_an_alert_is_only_logged() {
    let crm = Receiver::start();
    let config = all_to("crm", &format!("http.url = \"{}\"", crm.url()));
    let gateway = Gateway::start(&config);
    refuse_reload(&gateway, &config);
    until("the log", || {
        gateway
            .log()
            .contains("\"alert\":\"reload.refused\"")
            .then_some(())
    });
    gateway.push("cdr", SEED);
    gateway.wait_for("crm", "delivered", 1);
    assert_eq!(arrivals(&gateway), 1, "the record alone");
}
