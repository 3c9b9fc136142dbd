//! Finished parts in an object store: once each, whatever fails on the way.

use std::{collections::BTreeSet, io::Read};

use flate2::read::GzDecoder;
use sha2::{Digest, Sha256};

use crate::{
    harness::{Gateway, ObjectStore, Workspace, all_to, command, field, parts, until},
    outage::records,
};

/// What the settings of `file.upload` refer to.
pub const CREDENTIALS: [(&str, &str); 2] = [("KEY_ID", "AKIAEXAMPLE"), ("KEY", "s3cret")];

/// The table `file.upload` of the destination `archive`.
pub fn upload_to(endpoint: &str) -> String {
    format!(
        r#"
        [destination.archive.file.upload]
        bucket = "cdrs"
        endpoint = "{endpoint}"
        access_key_id.env = "KEY_ID"
        secret_access_key.env = "KEY"
        "#
    )
}

fn start(store: &ObjectStore) -> Gateway {
    let upload = upload_to(&format!("http://{}", store.address));
    let settings = format!("file.path = \"calls/{{kind}}.ndjson\"\n{upload}");
    let workspace = Workspace::new(&all_to("archive", &settings));
    Gateway::start_with(workspace, &CREDENTIALS)
}

fn push_and_rotate(gateway: &Gateway, records: &[String], delivered: usize) {
    for record in records {
        gateway.push("cdr", record);
    }
    gateway.wait_for("archive", "delivered", delivered);
    assert!(gateway.cli(&["files", "rotate"]).status.success());
}

/// Waits until everything is in the store, and sees that nothing is left here.
pub fn wait_for_nothing(gateway: &Gateway) {
    until("nothing to wait", || {
        let waiting = gateway.api("/files?stage=waiting");
        (waiting == serde_json::json!([])).then_some(())
    });
    let left = parts(&gateway.workspace.path("data/files"));
    assert!(left.is_empty(), "the spool is empty");
}

/// Sees that the store holds each of these lines once, in parts that their manifests
/// prove.
pub fn assert_stored(store: &ObjectStore, expected: &[String]) {
    let objects = store.objects();
    let mut lines = Vec::new();
    for (key, object) in &objects {
        let Some(part) = key.strip_suffix(".manifest.json") else {
            continue;
        };
        let manifest = String::from_utf8(object.bytes.clone()).expect("text");
        let part = &objects[part];
        let sha256 = format!("{:x}", Sha256::digest(&part.bytes));
        assert_eq!(field(&manifest, "/sha256"), sha256, "{key}");
        let mut text = String::new();
        let mut content: Box<dyn Read> = if key.contains(".gz") {
            Box::new(GzDecoder::new(&*part.bytes))
        } else {
            Box::new(&*part.bytes)
        };
        content.read_to_string(&mut text).expect("text");
        lines.extend(text.lines().map(str::to_owned));
    }
    assert_eq!(lines.len(), expected.len(), "each record once");
    let lines: BTreeSet<_> = lines.iter().collect();
    assert_eq!(lines, expected.iter().collect());
}

#[test]
fn parts_reach_the_store_once_through_outages_and_kills() {
    let store = ObjectStore::start();
    let gateway = start(&store);
    let records = records(6);
    push_and_rotate(&gateway, &records[..2], 2);
    wait_for_nothing(&gateway);
    assert!(store.objects().contains_key("calls/cdr.1.ndjson"));

    // Away: the part waits, is listed, and outlives a kill.
    store.away(true);
    push_and_rotate(&gateway, &records[2..4], 4);
    let halt = until("a halt", || {
        let halt = gateway.api("/destinations")[0]["status"]["halt"].clone();
        (halt["cause"] == "file_error").then_some(halt)
    });
    assert!(
        halt["error"]
            .as_str()
            .is_some_and(|it| it.contains("object store")),
        "{halt}"
    );
    assert_eq!(gateway.api("/files?stage=waiting")[0]["records"], 2);
    assert!(!gateway.log().contains("s3cret") && !gateway.log().contains("AKIAEXAMPLE"));
    let gateway = gateway.kill_and_restart();
    store.away(false);
    wait_for_nothing(&gateway);

    // It took the part, and its answer was lost.
    store.forget_to_answer(true);
    push_and_rotate(&gateway, &records[4..], 6);
    until("a part without an answer", || {
        store
            .objects()
            .contains_key("calls/cdr.3.ndjson")
            .then_some(())
    });
    let gateway = gateway.kill_and_restart();
    store.forget_to_answer(false);
    wait_for_nothing(&gateway);
    assert_stored(&store, &records);
}

#[test]
fn what_someone_else_stored_is_never_replaced_and_holds_up_no_other_part() {
    for taken in ["calls/cdr.1.ndjson", "calls/cdr.1.ndjson.manifest.json"] {
        let store = ObjectStore::start();
        store.put(taken, b"someone's");
        let gateway = start(&store);
        let records = records(2);
        push_and_rotate(&gateway, &records[..1], 1);
        until("a halt", || is_taken(&gateway).then_some(()));
        push_and_rotate(&gateway, &records[1..], 2);
        until("the other part", || {
            let waiting = gateway.api("/files?stage=waiting");
            let waiting = waiting.as_array()?;
            (waiting.len() == 1 && waiting[0]["part"] == 1).then_some(())
        });
        assert!(is_taken(&gateway), "one that is brought hides no other");
        assert_eq!(store.objects()[taken].bytes, b"someone's");
        store.remove(taken);
        wait_for_nothing(&gateway);
        assert_stored(&store, &records);
        until("no halt", || {
            gateway.api("/destinations")[0]["status"]["halt"]
                .is_null()
                .then_some(())
        });
    }
}

fn is_taken(gateway: &Gateway) -> bool {
    let halt = gateway.api("/destinations")[0]["status"]["halt"].clone();
    let error = halt["error"].as_str();
    error.is_some_and(|error| error.contains("another object stands"))
}

#[test]
fn a_store_that_cannot_be_reached_by_these_settings_is_found_by_check() {
    for (more, key, problem) in [
        ("endpoint = \"http://10.0.0.1\"", "endpoint", "10.0.0.1"),
        (
            "endpoint = \"https://h\"\ntls.ca_file = \"none.pem\"",
            "tls.ca_file",
            "none.pem",
        ),
        ("endpoint = \"http://h\"\ntls = {}", "tls", "https"),
    ] {
        let settings = format!(
            "file.path = \"x\"\n[destination.archive.file.upload]\nbucket = \"b\"\naccess_key_id.env = \"KEY\"\nsecret_access_key.env = \"KEY\"\n{more}"
        );
        let workspace = Workspace::new(&all_to("archive", &settings));
        let output = command()
            .args(["check", "--json", "--config"])
            .arg(workspace.config())
            .env("KEY", "s3cret")
            .output()
            .expect("check runs");
        let said = String::from_utf8(output.stdout).expect("UTF-8");
        assert!(!said.contains("s3cret"), "{said}");
        let key = format!("destination.archive.file.upload.{key}");
        assert_eq!(field(&said, "/errors/0/key"), key, "{said}");
        assert!(said.contains(problem), "{said}");
    }
}
