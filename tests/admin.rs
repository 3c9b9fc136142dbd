//! Health, metrics and the API's token.

use crate::harness::{Gateway, Receiver, SEED, Workspace};
use crate::seed::three_destinations;

#[test]
fn health_and_metrics_show_every_stage() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let gateway = Gateway::start(&three_destinations(&crm, &bi, r#""mask""#));
    gateway.push("cdr", SEED);
    for destination in ["crm", "bi", "archive"] {
        gateway.wait_for(destination, "delivered", 1);
    }
    assert_eq!(gateway.get("/healthz").0, 200);
    assert_eq!(gateway.get("/readyz").0, 200);
    let (status, metrics) = gateway.get("/metrics");
    assert_eq!(status, 200);
    let expected = [
        "cdr_gateway_deliveries_total{destination=\"crm\",state=\"delivered\"} 1",
        "cdr_gateway_ledger_deliveries{destination=\"archive\",state=\"delivered\"} 1",
        "cdr_gateway_journal_head 1",
        "cdr_gateway_revision 1",
    ];
    for line in expected {
        assert!(metrics.contains(line), "{line} in\n{metrics}");
    }
    for plugin in ["mask", "attribution"] {
        let start = format!("cdr_gateway_plugin_calls_total{{plugin=\"{plugin}\",version=");
        let end = ",outcome=\"keep\"} 1";
        let is_it = |line: &str| line.starts_with(&start) && line.ends_with(end);
        assert!(metrics.lines().any(is_it), "{start}…{end} in\n{metrics}");
    }
    let described = |name: &str| metrics.contains(&format!("# HELP {name} "));
    let families = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE "));
    for family in families.filter_map(|line| line.split(' ').next()) {
        assert!(described(family), "{family} has no help");
    }
}

#[test]
fn the_api_needs_its_token_where_one_is_set() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let config = format!(
        "admin.token.env = \"ADMIN_TOKEN\"\n{}",
        three_destinations(&crm, &bi, r#""mask""#)
    );
    let environment = [("ADMIN_TOKEN", "s3cret")];
    let gateway = Gateway::start_with(Workspace::new(&config), &environment);
    assert_eq!(gateway.get("/api/v1/revision").0, 401);
    assert_eq!(gateway.get("/healthz").0, 200);
    let output = crate::harness::command()
        .args(["balance", "--admin", &gateway.admin_url()])
        .env("CDR_GATEWAY_ADMIN_TOKEN", "s3cret")
        .output()
        .expect("balance runs");
    assert!(output.status.success(), "{output:?}");
}
