//! Open parts of files: sealed until they are finished, whatever happens meanwhile.

use std::{fs, sync::Arc};

use cdr_gateway::{
    delivery::file::Layout,
    journal::{
        FilePart, Journal, JournalReader, PartStage, Settlement, Start,
        seal::{Day, MasterKey, Masters},
        sqlite::{Options, SqliteJournal},
    },
};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{
    NONE, NUMBERS, ONE, RECORD, SEED, TRANSFER, VOICEMAIL, aged, assert_sealed, files_with,
};
use super::{key, push_all, reload, said, start};
use crate::{
    harness::{Gateway, Workspace, parts},
    outage::records,
};

pub const OFF: &str = "encryption.previous = [{ env = \"ONE\" }]";

/// Everything goes to one file; the journal has these settings.
pub fn config(encryption: &str, settings: &str) -> String {
    format!(
        r#"
        [journal]
        {encryption}
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["archive"]
        [destination.archive]
        start = "beginning"
        file.path = "all.ndjson"
        {settings}
        "#
    )
}

/// Finishes what is open, and returns the lines of all parts.
fn collected(gateway: &Gateway) -> Vec<String> {
    let rotated = gateway.cli(&["files", "rotate"]);
    assert!(rotated.status.success(), "{}", said(&rotated));
    let mut lines = Vec::new();
    for part in parts(&gateway.workspace.path("data/files")) {
        assert!(part.manifest.is_some(), "{} is finished", part.name);
        lines.extend(part.text.lines().map(str::to_owned));
    }
    lines.sort();
    lines
}

#[test]
fn no_number_stands_in_an_open_part() {
    for (encryption, sealed) in [(ONE, true), (NONE, false)] {
        for layout in ["", "file.compress = \"gzip\""] {
            let gateway = start(Workspace::new(&config(encryption, layout)));
            push_all(&gateway);
            gateway.wait_for("archive", "delivered", 4);
            let data = gateway.workspace.path("data");
            assert!(data.join("files/all.1.ndjson.open").exists());
            if sealed {
                assert_sealed(&data, "while it runs");
            } else {
                assert!(!files_with(&data.join("files"), NUMBERS[0]).is_empty());
            }
            let gateway = gateway.kill_and_restart();
            let another = &records(1)[0];
            gateway.push("cdr", another);
            gateway.wait_for("archive", "delivered", 5);
            if sealed {
                assert_sealed(&data, "after a kill");
            }
            let mut expected = [SEED, TRANSFER, VOICEMAIL, RECORD, another].map(one_line);
            expected.sort();
            assert_eq!(collected(&gateway), expected, "for whom it is meant");
        }
    }
}

pub fn one_line(record: &str) -> String {
    record.replace(['\n', '\r'], "")
}

#[test]
fn kills_and_changes_of_encryption_repeat_and_lose_nothing() {
    let settings = "file.rotate_bytes = 4096";
    // Written without delay, so that kills meet writes.
    let config =
        |encryption: &str| config(&format!("settle_linger_ms = 0\n{encryption}"), settings);
    let mut gateway = start(Workspace::new(&config(ONE)));
    let mut expected = records(40);
    let switches = [ONE, OFF, ONE, ONE, OFF];
    for (round, records) in expected.chunks(4).enumerate() {
        for record in records {
            gateway.push("cdr", record);
        }
        // While the last are written, as it happens.
        gateway = gateway.kill_and_restart();
        let encryption = switches[round % switches.len()];
        reload(&gateway, &config(encryption));
    }
    gateway.wait_for("archive", "delivered", 40);
    expected.sort();
    assert_eq!(collected(&gateway), expected, "each record once");
}

/// A part as an earlier day's gateway would have left it, with one line.
pub fn begun_days_ago(workspace: &Workspace, days: i64, line: &str) -> Day {
    let options = Options {
        masters: Masters {
            current: Some(Arc::new(MasterKey::parse(&key(1)).expect("a key"))),
            previous: Vec::new(),
        },
        ..Options::default()
    };
    let journal = SqliteJournal::open(&workspace.path("data/journal.db"), &options);
    let journal = journal.expect("a journal");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let opened = Timestamp::now() - SignedDuration::from_hours(24 * days);
    runtime.block_on(async {
        let key = journal.key_for_parts(Day::of(opened)).await;
        let key = key.expect("an answer").expect("a key");
        let sealed = key.seal(&"1/0/files/all.ndjson", line.as_bytes());
        let sealed = sealed.expect("sealed");
        let length = u32::try_from(sealed.len()).expect("small").to_be_bytes();
        let frame = [&length[..], &sealed].concat();
        let files = workspace.path("data/files");
        fs::create_dir_all(&files).expect("a directory");
        fs::write(files.join("all.1.ndjson.open"), &frame).expect("a part");
        let first = journal.read(cdr_gateway::record::Seq(0), 1, 1 << 20).await;
        let id = first.expect("a read")[0].id;
        let part = FilePart {
            path: "all.ndjson".to_owned(),
            part: 1,
            length: frame.len() as u64,
            records: 1,
            first: id,
            last: id,
            opened,
            base_dir: "files".to_owned(),
            layout: Layout::default().to_text(),
            key_day: Some(key.day()),
            stage: PartStage::Open,
        };
        let claim = journal.claim("archive", Start::Beginning).await;
        let settlement = Settlement {
            files: vec![part],
            ..Settlement::new(opened)
        };
        let epoch = claim.expect("a claim").epoch;
        let settled = journal.settle("archive", epoch, settlement).await;
        settled.expect("settled");
        key.day()
    })
}

#[test]
fn the_parts_of_a_day_are_finished_before_its_key_is_dropped() {
    let week = "file.rotate_s = 604800";
    let config_of_a_week = config(ONE, week);
    let workspace = aged(&config_of_a_week, &[3]);
    let day = begun_days_ago(&workspace, 3, "{\"from\":\"then\"}\n");
    let gateway = start(workspace);
    gateway.wait_for("archive", "delivered", 1);
    let part = gateway.workspace.path("data/files/all.1.ndjson");
    assert!(!part.exists(), "it goes on");
    let keys = gateway.api("/keys");
    assert_eq!(keys["keys"][0]["sealed_parts"], json!({ "archive": 1 }));

    // Something stands in the way, and the key stays.
    fs::write(&part, "someone's").expect("a file");
    let drop = ["keys", "drop", "--day", &day.to_string(), "--yes"];
    let refused = gateway.cli(&drop);
    assert!(!refused.status.success());
    assert!(said(&refused).contains("archive"), "{}", said(&refused));
    fs::remove_file(&part).expect("it goes");
    let dropped = gateway.cli(&drop);
    assert!(dropped.status.success(), "{}", said(&dropped));
    let finished = parts(&gateway.workspace.path("data/files"));
    let expected = format!("{{\"from\":\"then\"}}\n{}\n", one_line(SEED));
    assert_eq!(finished[0].text, expected);
    assert_eq!(finished.len(), 1, "nothing else");
}
