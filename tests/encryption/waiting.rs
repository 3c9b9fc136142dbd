//! Parts that wait for an object store: sealed until they are in it, whatever happens
//! meanwhile.

use std::fs;

use serde_json::{Value, json};

use super::parts::{OFF, begun_days_ago, config, one_line};
use super::{ONE, RECORD, SEED, TRANSFER, VOICEMAIL, aged, assert_sealed, key};
use super::{push_all, reload, said};
use crate::{
    files::upload::{CREDENTIALS, assert_stored, upload_to, wait_for_nothing},
    harness::{Gateway, ObjectStore, Workspace, parts, until},
    outage::records,
};

fn start(workspace: Workspace) -> Gateway {
    let master = key(1);
    let [id, secret] = CREDENTIALS;
    Gateway::start_with(workspace, &[("ONE", &*master), id, secret])
}

fn uploading(store: &ObjectStore, encryption: &str, settings: &str) -> String {
    let upload = upload_to(&format!("http://{}", store.address));
    config(encryption, &format!("{settings}\n{upload}"))
}

fn rotate(gateway: &Gateway) {
    let rotated = gateway.cli(&["files", "rotate"]);
    assert!(rotated.status.success(), "{}", said(&rotated));
}

fn halt(gateway: &Gateway) -> Value {
    gateway.api("/destinations")[0]["status"]["halt"].clone()
}

#[test]
fn no_number_stands_in_a_part_that_waits() {
    for settings in ["", "file.compress = \"gzip\""] {
        let store = ObjectStore::start();
        store.away(true);
        let gateway = start(Workspace::new(&uploading(&store, ONE, settings)));
        let data = gateway.workspace.path("data");
        push_all(&gateway);
        gateway.wait_for("archive", "delivered", 4);
        rotate(&gateway);
        until("a halt", || {
            (halt(&gateway)["cause"] == "file_error").then_some(())
        });
        assert_eq!(gateway.api("/files?stage=waiting")[0]["records"], 4);
        assert_sealed(&data, "during an outage");
        let gateway = gateway.kill_and_restart();
        let another = &records(1)[0];
        gateway.push("cdr", another);
        gateway.wait_for("archive", "delivered", 5);
        rotate(&gateway);
        until("a second part that waits", || {
            let waiting = gateway.api("/files?stage=waiting");
            (waiting.as_array()?.len() == 2).then_some(())
        });
        assert_sealed(&data, "after a kill");
        let left = fs::read_dir(data.join("files")).expect("a spool").count();
        assert_eq!(left, 2, "the two as they were while they were open");
        store.away(false);
        wait_for_nothing(&gateway);
        assert_stored(
            &store,
            &[SEED, TRANSFER, VOICEMAIL, RECORD, another].map(one_line),
        );
        until("no halt", || halt(&gateway).is_null().then_some(()));
    }
}

#[test]
fn kills_bring_a_sealed_part_once() {
    let store = ObjectStore::start();
    let settings = "file.compress = \"gzip\"\nfile.rotate_bytes = 4096";
    let configured = |encryption: &str| uploading(&store, encryption, settings);
    let mut gateway = start(Workspace::new(&configured(ONE)));
    let records = records(30);
    let encryption = [ONE, OFF, ONE];
    for (round, records) in records.chunks(5).enumerate() {
        // What it takes is kept, and its answer lost.
        store.forget_to_answer(round % 2 == 0);
        for record in records {
            gateway.push("cdr", record);
        }
        gateway.wait_for("archive", "delivered", 5 * (round + 1));
        rotate(&gateway);
        if round % 2 == 0 {
            until("a part without an answer", || {
                let part = format!("all.{}.ndjson.gz", round + 1);
                store.objects().contains_key(&part).then_some(())
            });
        }
        gateway = gateway.kill_and_restart();
        reload(&gateway, &configured(encryption[round % encryption.len()]));
    }
    store.forget_to_answer(false);
    rotate(&gateway);
    wait_for_nothing(&gateway);
    assert_stored(&store, &records);
}

#[test]
fn without_a_store_any_more_a_sealed_part_is_finished_here() {
    for (settings, ending) in [("", ""), ("file.compress = \"gzip\"", ".gz")] {
        let store = ObjectStore::start();
        store.away(true);
        let gateway = start(Workspace::new(&uploading(&store, ONE, settings)));
        push_all(&gateway);
        gateway.wait_for("archive", "delivered", 4);
        rotate(&gateway);
        until("a halt", || {
            (halt(&gateway)["cause"] == "file_error").then_some(())
        });

        // Something stands in the way, and the part waits for that.
        let part = gateway
            .workspace
            .path(&format!("data/files/all.1.ndjson{ending}"));
        fs::create_dir(&part).expect("a directory");
        reload(&gateway, &config(ONE, settings));
        until("a halt for the directory", || {
            let error = halt(&gateway)["error"].as_str()?.to_owned();
            error.contains("final name").then_some(())
        });
        fs::remove_dir(&part).expect("it goes");
        until("nothing to wait", || {
            let waiting = gateway.api("/files?stage=waiting");
            (waiting == json!([])).then_some(())
        });
        let finished = parts(&gateway.workspace.path("data/files"));
        assert_eq!(finished.len(), 1, "nothing else");
        assert!(finished[0].manifest.is_some(), "{}", finished[0].name);
        let mut lines: Vec<_> = finished[0].text.lines().collect();
        lines.sort_unstable();
        let mut expected = [SEED, TRANSFER, VOICEMAIL, RECORD].map(one_line);
        expected.sort();
        assert_eq!(lines, expected);
        until("no halt", || halt(&gateway).is_null().then_some(()));
        assert!(store.objects().is_empty());
    }
}

#[test]
fn the_key_of_a_day_waits_for_parts_that_wait() {
    let store = ObjectStore::start();
    store.away(true);
    let config = uploading(&store, ONE, "file.rotate_s = 604800");
    let workspace = aged(&config, &[3]);
    let day = begun_days_ago(&workspace, 3, "{\"from\":\"then\"}\n");
    let gateway = start(workspace);
    gateway.wait_for("archive", "delivered", 1);
    let drop = ["keys", "drop", "--day", &day.to_string(), "--yes"];
    let refused = gateway.cli(&drop);
    assert!(!refused.status.success(), "{}", said(&refused));
    let why = said(&refused);
    assert!(
        why.contains("object store") && why.contains("archive"),
        "{why}"
    );
    assert_eq!(gateway.api("/files?stage=waiting")[0]["records"], 2);
    let keys = gateway.api("/keys");
    assert_eq!(
        keys["keys"][0]["sealed_parts"],
        json!({ "archive": 1 }),
        "{keys}"
    );

    store.away(false);
    until("the key to go", || {
        gateway.cli(&drop).status.success().then_some(())
    });
    wait_for_nothing(&gateway);
    assert_stored(&store, &["{\"from\":\"then\"}".to_owned(), one_line(SEED)]);
}
