//! Parts are listed, and finished on demand.

use serde_json::json;

use crate::{
    harness::{Gateway, parts, until},
    outage::records,
};

#[test]
fn parts_are_listed_and_finished_on_demand() {
    let gateway = Gateway::start(&super::config("file.compress = \"zstd\""));
    let records = records(3);
    for record in &records {
        gateway.push("cdr", record);
    }
    gateway.wait_for("archive", "delivered", 3);
    let list = |stage: &str| gateway.api(&format!("/files?stage={stage}"));
    let open = list("open");
    assert_eq!(
        (&open[0]["records"], &open[0]["part"]),
        (&json!(3), &json!(1))
    );
    assert_eq!(list("finished"), json!([]));

    let rotated = gateway.cli(&["files", "rotate", "--destination", "archive"]);
    assert!(rotated.status.success(), "{rotated:?}");
    assert_eq!(
        String::from_utf8_lossy(&rotated.stdout),
        "archive: 1 finished\n"
    );
    assert_eq!(list("open"), json!([]));
    let shown = gateway.cli(&["files", "list", "--stage", "finished"]);
    let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
    assert!(shown.contains("abc.ndjson"), "{shown}");
    let found = parts(&gateway.workspace.path("data/files"));
    assert_eq!(found.len(), 1, "one finished part");
    assert!(found[0].name.ends_with("/abc.1.ndjson.zst"));
    let mut lines: Vec<_> = found[0].text.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, records);

    // Nothing is left to finish, and only file destinations have files.
    let (_, view) = gateway.api_post("/files/rotate", &json!({}));
    assert_eq!(view["finished"], json!({ "archive": 0 }));
    let unknown = json!({ "destination": "nobody" });
    assert_eq!(gateway.api_post("/files/rotate", &unknown).0, 404);
    assert_eq!(gateway.get("/api/v1/files?destination=nobody").0, 404);
}

/// Lines that wait for company are taken along.
#[test]
fn a_part_that_is_finished_on_demand_has_what_was_made_ready() {
    let linger = "journal.settle_linger_ms = 1000";
    let gateway = Gateway::start(&format!("{linger}\n{}", super::config("")));
    let records = records(3);
    for record in &records {
        gateway.push("cdr", record);
    }
    until("lines that wait, or were written", || {
        let archive = &gateway.api("/destinations")[0];
        let ready = archive["status"]["under_way"].as_u64()?;
        (ready + archive["counts"]["delivered"].as_u64()? == 3).then_some(())
    });
    let (_, view) = gateway.api_post("/files/rotate", &json!({}));
    assert_eq!(view["finished"], json!({ "archive": 1 }));
    let mut lines = gateway.workspace.lines();
    lines.sort();
    assert_eq!(lines, records);
    let finished = gateway.api("/files?stage=finished");
    assert_eq!(finished[0]["records"], 3);
}
