//! The ledger by period, in API and command line, while arrivals come and go.

use serde_json::Value;

use crate::{
    harness::{Gateway, Receiver, Workspace, all_to, command, until},
    outage::records,
    retention::{DAY_MS, age},
};

fn config(crm: &Receiver) -> String {
    let url = format!("http.url = \"{}\"", crm.url());
    all_to("crm", &url).replace(
        "from = [\"tccc\"]",
        "from = [\"tccc\"]\nwhen = 'kind == \"cdr\"'",
    )
}

/// What a command prints, which must succeed.
fn printed(output: &std::process::Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}{errors}");
    text
}

/// The books by hour, without a gateway.
fn offline(workspace: &Workspace) -> String {
    let output = command()
        .args(["balance", "--by", "hour", "--csv", "--journal"])
        .arg(workspace.path("data/journal.db"))
        .output();
    printed(&output.expect("balance runs"))
}

/// State, reason and number of all entries, whatever their period.
fn entries(books: &Value) -> Vec<(String, String, u64)> {
    let ledger = &books["destinations"][0];
    assert_eq!(ledger["adds_up"], true, "{books}");
    assert_eq!(ledger["counts"], ledger["sums"], "{books}");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let entries = ledger["entries"].as_array().expect("a list").iter();
    let entry = |entry: &Value| {
        let deliveries = entry["deliveries"].as_u64().expect("a number");
        (text(&entry["state"]), text(&entry["reason"]), deliveries)
    };
    entries.map(entry).collect()
}

#[test]
fn the_books_by_period_are_the_ledger_with_its_reasons() {
    let crm = Receiver::start();
    crm.answer(&[404, 200]);
    let gateway = Gateway::start(&config(&crm));
    let records = records(4);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("crm", "dead", 1);
    for record in &records[1..] {
        gateway.push("cdr", record);
    }
    gateway.push("voicemail", crate::harness::VOICEMAIL);
    gateway.wait_for("crm", "delivered", 3);
    gateway.wait_for("crm", "skipped", 1);

    for by in ["hour", "day", "month"] {
        let books = gateway.api(&format!("/balance?by={by}&tz=Asia/Shanghai"));
        // The night, or the hour, may begin in the middle of the test.
        let mut sums = std::collections::BTreeMap::new();
        for (state, reason, count) in entries(&books) {
            *sums.entry((state, reason)).or_insert(0) += count;
        }
        let expected = [
            (("dead", "http_404"), 1),
            (("delivered", ""), 3),
            (("skipped", "unrouted"), 1),
        ];
        let expected =
            expected.map(|((state, reason), count)| ((state.to_owned(), reason.to_owned()), count));
        assert!(sums.into_iter().eq(expected), "{by}: {books}");
    }
    let (_, metrics) = gateway.get("/metrics");
    let series =
        r#"cdr_gateway_delivery_reasons_total{destination="crm",state="dead",reason="http_404"} 1"#;
    assert!(metrics.contains(series), "{metrics}");

    let shown = printed(&gateway.cli(&["balance", "--by", "day", "--tz", "+08:00"]));
    assert!(
        shown.contains("crm: 5 deliveries, the sum of its ledger"),
        "{shown}"
    );
    let few = printed(&gateway.cli(&["balance", "--by", "day", "--until", "2h"]));
    assert!(few.contains("crm: 0 deliveries in these periods"), "{few}");
    let json = printed(&gateway.cli(&["balance", "--by", "month", "--json"]));
    let json: Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["balanced"], true);

    for (query, status) in [
        ("by=day&tz=Moon/Crater", 400),
        ("by=year", 400),
        ("by=day&verify=true", 400),
        ("since=2h", 400),
        ("by=day&destination=bi", 404),
    ] {
        let (found, problem) = gateway.get(&format!("/api/v1/balance?{query}"));
        assert_eq!(found, status, "{query}: {problem}");
    }
}

#[test]
fn what_retention_removed_stays_in_its_hour() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&config(&crm));
    for record in records(5) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("crm", "delivered", 5);
    let workspace = gateway.stop();
    age(&workspace, 8 * DAY_MS);
    let before = offline(&workspace);
    assert!(before.starts_with("destination,period,state,reason,deliveries\n"));

    let gateway = Gateway::start_with(workspace, &[]);
    until("four removed arrivals", || {
        let books = gateway.api("/balance?verify=true");
        assert_eq!(books["balanced"], true, "{books}");
        (books["destinations"][0]["removed"] == 4).then_some(())
    });
    assert_eq!(
        offline(&gateway.workspace),
        before,
        "beside a running gateway"
    );
    let books = gateway.api("/balance?by=day");
    let total: u64 = entries(&books).iter().map(|(.., count)| count).sum();
    assert_eq!(total, 5);
    assert_eq!(offline(&gateway.kill()), before);
}
