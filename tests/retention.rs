//! What is settled goes after a time, what is not stays, and a full journal says
//! so at once.

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, Workspace, until},
    outage::records,
};

pub const DAY_MS: i64 = 24 * 60 * 60 * 1000;

fn config(crm: &Receiver, journal: &str) -> String {
    format!(
        r#"
        [journal]
        {journal}
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        start = "beginning"
        "#,
        crm.url()
    )
}

/// Lets time pass for the records that a stopped gateway keeps.
pub fn age(workspace: &Workspace, ms: i64) {
    let db = rusqlite::Connection::open(workspace.path("data/journal.db")).expect("a journal");
    db.execute(
        "UPDATE arrival_index SET received_ms = received_ms - ?1",
        [ms],
    )
    .expect("older records");
}

fn balance(gateway: &Gateway) -> Value {
    let books = gateway.api("/balance?verify=true");
    assert_eq!(books["balanced"], true, "{books}");
    books["destinations"][0].clone()
}

fn wait_until_removed(gateway: &Gateway, count: u64) {
    until(&format!("{count} removed arrivals"), || {
        (balance(gateway)["removed"] == count).then_some(())
    });
}

fn reload(gateway: &Gateway, config: &str) {
    gateway.workspace.configure(config);
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 200, "{problem}");
}

#[test]
fn settled_arrivals_go_after_a_week_and_the_books_stay() {
    let (crm, extra) = (Receiver::start(), Receiver::start());
    crm.answer(&[404, 200]);
    let gateway = Gateway::start(&config(&crm, ""));
    let records = records(5);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("crm", "dead", 1);
    for record in &records[1..4] {
        gateway.push("cdr", record);
    }
    let delivered = gateway.wait_for("crm", "delivered", 3);
    let workspace = gateway.stop();
    age(&workspace, 8 * DAY_MS);

    let gateway = Gateway::start_with(workspace, &[]);
    wait_until_removed(&gateway, 2);
    let ledger = balance(&gateway);
    assert_eq!(ledger["arrivals"], 4);
    assert_eq!(ledger["counts"]["delivered"], 3);
    assert_eq!(ledger["counts"]["dead"], 1);
    assert_eq!(gateway.deliveries("crm", "dead").len(), 1, "still listed");
    let left = gateway.deliveries("crm", "delivered");
    assert_eq!(left.len(), 1, "the newest stays");
    assert_eq!(left[0]["arrival"], delivered[2]["arrival"]);
    let gone = delivered[0]["arrival"].as_str().expect("an id");
    assert_eq!(gateway.get(&format!("/api/v1/arrivals/{gone}")).0, 404);
    let (_, metrics) = gateway.get("/metrics");
    let counted = "cdr_gateway_journal_removed_arrivals_total 2";
    assert!(metrics.contains(counted), "{metrics}");
    let told = gateway.cli(&["balance"]).stdout;
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("crm: 2 of these arrivals"), "{told}");

    let more = config(&crm, "").replace(r#"to = ["crm"]"#, r#"to = ["crm", "extra"]"#);
    let destination = "[destination.extra]\nstart = \"beginning\"";
    let more = format!("{more}\n{destination}\nhttp.url = \"{}\"", extra.url());
    reload(&gateway, &more);
    gateway.push("cdr", &records[4]);
    let mut got: Vec<_> = extra.wait_for(2).into_iter().map(|got| got.body).collect();
    // They are sent side by side.
    got.sort();
    assert_eq!(
        got,
        records[3..],
        "from the oldest that nothing is missing after"
    );
}

#[test]
fn a_reload_changes_how_long_arrivals_are_kept() {
    let crm = Receiver::start();
    let gateway = Gateway::start(&config(&crm, ""));
    for record in records(4) {
        gateway.push("cdr", &record);
    }
    gateway.wait_for("crm", "delivered", 4);
    let workspace = gateway.stop();
    age(&workspace, DAY_MS);
    let gateway = Gateway::start_with(workspace, &[]);
    assert_eq!(balance(&gateway)["removed"], 0, "a week is not over");

    reload(&gateway, &config(&crm, "keep_s = 60"));
    wait_until_removed(&gateway, 3);
    gateway
        .workspace
        .configure(&config(&crm, "keep_s = 60\nmax_queue = 7"));
    let (status, problem) = gateway.api_post("/reload", &json!({}));
    assert_eq!(status, 422);
    let detail = problem["detail"].as_str().expect("a detail");
    assert!(detail.contains("journal.max_queue"), "{detail}");
}

/// Pushes large records until one is refused, and returns how many were taken.
fn fill(gateway: &Gateway, name: &str) -> usize {
    let padding = format!("{{\"Padding\":\"{}\",", "x".repeat(40_000));
    for (taken, record) in records(100).iter().enumerate() {
        let record = record.replace("session-", name);
        let record = record.replacen('{', &padding, 1);
        let (status, body) = gateway.post("/tccc?action=cdr&version=1", &record);
        if status != 200 {
            assert_eq!(status, 503, "{body}");
            assert!(body.contains("50303"), "{body}");
            return taken;
        }
    }
    panic!("the journal never fills");
}

#[test]
fn a_full_journal_says_so_and_recovers() {
    let crm = Receiver::start();
    let limited = config(&crm, "max_bytes = 2000000");
    let gateway = Gateway::start(&limited);
    let taken = fill(&gateway, "first-");
    assert!(taken > 10, "only {taken} fit");
    gateway.wait_for("crm", "delivered", taken);
    let (_, metrics) = gateway.get("/metrics");
    let limit = "cdr_gateway_journal_max_bytes 2000000";
    assert!(metrics.contains(limit), "{metrics}");
    until("an alarm", || {
        gateway.log().contains("\"percent\":95").then_some(())
    });

    let workspace = gateway.stop();
    age(&workspace, 8 * DAY_MS);
    let gateway = Gateway::start_with(workspace, &[]);
    wait_until_removed(&gateway, taken as u64 - 1);
    let again = fill(&gateway, "second-");
    assert!(again > taken / 2, "{again} fit after {taken} were removed");
    until("the same alarm", || {
        gateway.log().contains("\"percent\":95").then_some(())
    });

    reload(&gateway, &config(&crm, ""));
    gateway.push("cdr", &records(1)[0]);
    crm.wait_for(taken + again + 1);
}
