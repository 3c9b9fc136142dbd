//! Lookup tables: from any source, swapped whole, and honest about what runs.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    harness::{Gateway, Receiver, Workspace, command, until},
    judges::tool::{GZIP, SQLITE, ZSTD},
};

/// Records for numbers in the table `stop` are dropped.
fn config(crm: &Receiver, table: &str) -> String {
    format!(
        r#"
        [source.plain]
        path = "/plain"
        dialect = "json"
        numbers_in = []
        [table.stop]
        {table}
        [plugin.stop]
        wasm = "builtin:filter"
        tables = ["stop"]
        [[plugin.stop.config.rules]]
        drop = "stopped"
        table = {{ name = "stop", at = "/to" }}
        [[route]]
        name = "all"
        from = ["plain"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        chain = ["stop"]
        "#,
        crm.url()
    )
}

/// A gateway, and how many records it was sent.
struct Sender {
    gateway: Gateway,
    sent: usize,
    dropped: usize,
}

impl Sender {
    fn start(workspace: Workspace) -> Self {
        Self {
            gateway: Gateway::start_with(workspace, &[]),
            sent: 0,
            dropped: 0,
        }
    }

    /// Asserts which of two numbers the table holds.
    fn assert_stopped(&mut self, stopped: &str, passing: &str) {
        for to in [stopped, passing] {
            self.sent += 1;
            let body = json!({ "to": to, "number": self.sent }).to_string();
            assert_eq!(self.gateway.post("/plain", &body).0, 200);
        }
        self.dropped += 1;
        let passed = self.sent - self.dropped;
        self.gateway.wait_for_count("crm", "skipped", self.dropped);
        self.gateway.wait_for_count("crm", "delivered", passed);
    }

    fn table(&self) -> Value {
        self.gateway.api("/tables")[0].clone()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.gateway.workspace.path(name), text).expect("a file");
    }
}

/// A workspace with a file beside its configuration.
fn workspace(config: &str, name: &str, text: &str) -> Workspace {
    let workspace = Workspace::new(config);
    fs::write(workspace.path(name), text).expect("a file");
    workspace
}

#[test]
fn a_reload_takes_up_what_changed() {
    let crm = Receiver::start();
    let config = config(&crm, r#"file = "stop.csv""#);
    let mut sender = Sender::start(workspace(&config, "stop.csv", "tel\n100\n200\n"));
    sender.assert_stopped("100", "300");
    let before = sender.gateway.api("/revision");

    let reload = |sender: &Sender| sender.gateway.api_post("/reload", &json!({}));
    sender.write("stop.csv", "tel\n200\n100\n100\n");
    assert_eq!(reload(&sender).1["changed"], false, "another order");
    sender.write("stop.csv", "tel\n300\n");
    assert_eq!(reload(&sender).1["changed"], true);
    sender.assert_stopped("300", "100");
    let after = sender.gateway.api("/revision");
    for pointer in ["/revision", "/digest", "/summary/tables/stop/digest"] {
        assert_ne!(before.pointer(pointer), after.pointer(pointer), "{pointer}");
    }

    sender.write("stop.csv", "tel,name\n300,x\n100\n");
    let (status, problem) = reload(&sender);
    assert_eq!(status, 422, "{problem}");
    let error = &problem["diagnostics"]["errors"][0];
    assert_eq!(
        (&error["code"], &error["key"]),
        (&json!("CFG025"), &json!("table.stop.file"))
    );
    let message = error["message"].as_str().expect("a message");
    assert!(message.contains("stop.csv, line 3: "), "{message}");
    assert_eq!(sender.gateway.api("/revision"), after);
    sender.assert_stopped("300", "100");
}

#[test]
fn a_file_that_changed_is_taken_up_by_itself() {
    let crm = Receiver::start();
    let config = config(&crm, "file = \"stop.ndjson\"\nkey = \"tel\"\nrefresh_s = 1");
    let mut sender = Sender::start(workspace(&config, "stop.ndjson", "{\"tel\":100}\n"));
    sender.assert_stopped("100", "200");
    let first = sender.table();
    // What only a reload may take up.
    fs::write(sender.gateway.workspace.config(), "half = a configur").expect("a file");

    sender.write("stop.ndjson", "{\"tel\":200}\n");
    until("the new version", || {
        (sender.gateway.api("/revision")["revision"] == 2).then_some(())
    });
    sender.assert_stopped("200", "100");
    let second = sender.table();
    assert_ne!(first["digest"], second["digest"]);
    assert_eq!(second["keys"], 1, "{second}");

    sender.write("stop.ndjson", "{\"tel\":300}\n{\"tel\":\n");
    let refused = until("a refusal", || {
        sender.table()["refused"].as_str().map(str::to_owned)
    });
    assert!(
        refused.contains("stop.ndjson, line 2: is not JSON"),
        "{refused}"
    );
    let (_, metrics) = sender.gateway.get("/metrics");
    for shown in [
        "cdr_gateway_table_refused{table=\"stop\"} 1",
        "cdr_gateway_table_keys{table=\"stop\"} 1",
        "cdr_gateway_table_refreshes_total{table=\"stop\",outcome=\"switched\"} 1",
        "cdr_gateway_table_refreshes_total{table=\"stop\",outcome=\"refused\"} 1",
    ] {
        assert!(metrics.contains(shown), "{shown} in\n{metrics}");
    }
    assert!(sender.gateway.log().contains("the old one goes on"));
    sender.assert_stopped("200", "300");

    sender.write("stop.ndjson", "{\"tel\":300}\n");
    until("the mended version", || {
        (sender.gateway.api("/revision")["revision"] == 3).then_some(())
    });
    assert_eq!(sender.table()["refused"], Value::Null);
    sender.assert_stopped("300", "200");
}

#[test]
fn a_refused_version_is_told() {
    let ops = Receiver::start();
    let config = config(&ops, "file = \"stop.csv\"\nrefresh_s = 1")
        .replace(r#"from = ["plain"]"#, r#"from = ["plain", "event"]"#);
    let sender = Sender::start(workspace(&config, "stop.csv", "tel\n100\n"));
    sender.write("stop.csv", "");
    let told = ops.wait_for(1)[0].body.clone();
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(
        (&told["type"], &told["data"]["table"]),
        (&json!("table.refused"), &json!("stop"))
    );
}

fn sqlite(workspace: &Workspace, sql: &str) {
    let path = workspace.path("crm.db");
    SQLITE.prints(&[path.to_str().expect("a path"), sql], b"");
}

#[test]
fn a_database_that_others_write_is_read() {
    if !SQLITE.is_here() {
        return;
    }
    let crm = Receiver::start();
    let config = config(
        &crm,
        "file = \"crm.db\"\nsqlite.query = \"SELECT tel, name FROM customers WHERE stopped\"\nrefresh_s = 1",
    );
    let workspace = Workspace::new(&config);
    sqlite(
        &workspace,
        "CREATE TABLE customers (name TEXT, tel INTEGER, stopped);
         INSERT INTO customers VALUES ('a', 100, 1), ('b', 200, 0);",
    );
    let mut sender = Sender::start(workspace);
    sender.assert_stopped("100", "200");
    let sql = "UPDATE customers SET stopped = NOT stopped";
    sqlite(&sender.gateway.workspace, sql);
    until("the new version", || {
        (sender.gateway.api("/revision")["revision"] == 2).then_some(())
    });
    sender.assert_stopped("200", "100");
}

#[test]
fn a_log_beside_a_database_counts() {
    let crm = Receiver::start();
    let config = config(
        &crm,
        "file = \"crm.db\"\nsqlite.table = \"stop\"\nrefresh_s = 1",
    );
    let workspace = Workspace::new(&config);
    let database = rusqlite::Connection::open(workspace.path("crm.db")).expect("a database");
    let wal = "PRAGMA journal_mode = WAL; CREATE TABLE stop (tel); INSERT INTO stop VALUES (100);";
    database.execute_batch(wal).expect("a table");
    let mut sender = Sender::start(workspace);
    sender.assert_stopped("100", "200");
    // Committed to the log alone: the writer stays.
    let changed = database.execute("UPDATE stop SET tel = 200", []);
    changed.expect("a change");
    until("the new version", || {
        (sender.gateway.api("/revision")["revision"] == 2).then_some(())
    });
    sender.assert_stopped("200", "100");
}

#[test]
fn a_frozen_payload_says_which_version_made_it() {
    if !SQLITE.is_here() {
        return;
    }
    let crm = Receiver::start();
    let config = config(&crm, r#"file = "stop.csv""#);
    let sender = Sender::start(workspace(&config, "stop.csv", "tel\n100\n"));
    crm.answer(&[500]);
    let body = r#"{"to":"200"}"#;
    assert_eq!(sender.gateway.post("/plain", body).0, 200);
    sender.gateway.wait_for_count("crm", "retrying", 1);
    let digest = sender.table()["digest"]
        .as_str()
        .expect("a digest")
        .to_owned();
    let journal = sender.gateway.workspace.path("data/journal.db");
    let journal = journal.to_str().expect("a path");
    let frozen = SQLITE.prints(&[journal, "SELECT digests FROM frozen"], b"");
    assert!(frozen.contains(&format!("table:stop@{digest}")), "{frozen}");
}

#[test]
fn check_says_what_tables_hold() {
    let tools = [(&GZIP, "gz"), (&ZSTD, "zst")];
    if !tools.iter().all(|(tool, _)| tool.is_here()) {
        return;
    }
    let crm = Receiver::start();
    for (tool, extension) in tools {
        let config = config(&crm, &format!("file = \"stop.json.{extension}\""));
        let workspace = Workspace::new(&config);
        let plain = workspace.path("stop.json");
        fs::write(&plain, r#"{"100": "a", "200": "b", "100": "c"}"#).expect("a file");
        let plain = plain.to_str().expect("a path");
        let packed = tool.run(&["-c", plain], b"").stdout;
        fs::write(workspace.path(&format!("stop.json.{extension}")), packed).expect("a file");
        let check = |arguments: &[&str]| {
            said(
                command()
                    .arg("check")
                    .arg("--config")
                    .arg(workspace.config())
                    .args(arguments),
            )
        };
        let shown = check(&[]);
        assert!(
            shown.starts_with("table stop: 2 keys (1 rows are repeated by later ones), "),
            "{shown}"
        );
        let shown: Value = serde_json::from_str(&check(&["--json"])).expect("JSON");
        let table = &shown["tables"]["stop"];
        assert_eq!(
            (&table["keys"], &table["repeated"]),
            (&json!(2), &json!(1)),
            "{shown}"
        );
        assert!(
            table["bytes"].as_u64().is_some_and(|bytes| bytes < 1000),
            "{shown}"
        );
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("the command runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}
