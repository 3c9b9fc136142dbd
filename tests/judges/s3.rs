//! Uploads, by an S3 that someone else wrote (`moto`), and read back by `boto3`.

use std::{
    collections::BTreeMap,
    fs,
    io::{BufRead, BufReader, Read},
    path::PathBuf,
    process::{Child, Stdio},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use flate2::read::GzDecoder;
use serde::Deserialize;

use super::tool::MOTO;
use crate::{
    encryption::{ONE, key, parts::config},
    files::upload::{CREDENTIALS, upload_to, wait_for_nothing},
    harness::{Gateway, Workspace, field, until},
    outage::records,
    transport::authority::Authority,
};

/// A running `moto`. It ends with its standard input, when dropped.
struct Store {
    process: Child,
    endpoint: String,
    /// Answers are lost while it is there.
    forgets: PathBuf,
    authority: Option<PathBuf>,
}

impl Store {
    /// One with its files in a workspace, with TLS where there is an authority.
    fn start(workspace: &Workspace, authority: Option<&Authority>) -> Self {
        let forgets = workspace.path("forgets");
        let mut command = MOTO.script("s3_store.py");
        command.arg(&forgets);
        let mut ca = None;
        if let Some(authority) = authority {
            let pair = authority.listener(30);
            for (name, text) in [
                ("ca.pem", authority.pem()),
                ("store.pem", pair.certificate),
                ("store.key", pair.key),
            ] {
                fs::write(workspace.path(name), text).expect("a file");
            }
            command
                .arg(workspace.path("store.pem"))
                .arg(workspace.path("store.key"));
            ca = Some(workspace.path("ca.pem"));
        }
        let mut process = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a store");
        let mut address = String::new();
        let said = process.stdout.take().expect("a standard output");
        BufReader::new(said)
            .read_line(&mut address)
            .expect("an address");
        let scheme = if ca.is_some() { "https" } else { "http" };
        Self {
            process,
            endpoint: format!("{scheme}://{}", address.trim_end()),
            forgets,
            authority: ca,
        }
    }

    fn forget_to_answer(&self, forgets: bool) {
        if forgets {
            fs::write(&self.forgets, "").expect("an order");
        } else {
            fs::remove_file(&self.forgets).expect("an order taken back");
        }
    }

    /// What is in it, by key.
    fn objects(&self) -> BTreeMap<String, Object> {
        let mut command = MOTO.script("s3_read.py");
        command.arg(&self.endpoint).args(&self.authority);
        let output = command.output().expect("boto3 runs");
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{complaints}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// An object as it was read.
#[derive(Deserialize)]
struct Object {
    versions: usize,
    body: String,
    sha256: String,
    told: String,
}

impl Object {
    fn bytes(&self) -> Vec<u8> {
        STANDARD.decode(&self.body).expect("Base64")
    }
}

fn configured(store: &Store, encryption: &str) -> String {
    let tls = store.authority.as_ref().map_or(String::new(), |ca| {
        format!("tls.ca_file = {:?}", ca.display().to_string())
    });
    let settings = format!(
        "file.compress = \"gzip\"\n{}\n{tls}",
        upload_to(&store.endpoint)
    );
    config(encryption, &settings)
}

#[test]
fn parts_are_stored_once_and_read_back_as_their_manifests_say() {
    if !MOTO.is_here() {
        return;
    }
    let authority = Authority::new();
    for (authority, encryption) in [(None, ""), (Some(&authority), ONE)] {
        let workspace = Workspace::new("");
        let store = Store::start(&workspace, authority);
        workspace.configure(&configured(&store, encryption));
        let master = key(1);
        let [id, secret] = CREDENTIALS;
        let environment = [("ONE", &*master), id, secret];
        let mut gateway = Gateway::start_with(workspace, &environment);
        let records = records(6);
        for (round, records) in records.chunks(2).enumerate() {
            for record in records {
                gateway.push("cdr", record);
            }
            gateway.wait_for("archive", "delivered", 2 * (round + 1));
            // The part is there, and the gateway dies without knowing.
            store.forget_to_answer(true);
            assert!(gateway.cli(&["files", "rotate"]).status.success());
            let part = format!("all.{}.ndjson.gz", round + 1);
            until("a part without an answer", || {
                store.objects().contains_key(&part).then_some(())
            });
            gateway = gateway.kill_and_restart();
            store.forget_to_answer(false);
            wait_for_nothing(&gateway);
        }
        assert_stored(&store, records);
    }
}

fn assert_stored(store: &Store, mut expected: Vec<String>) {
    let objects = store.objects();
    assert_eq!(objects.len(), 6, "three parts with their manifests");
    let mut lines = Vec::new();
    for (key, object) in &objects {
        assert_eq!(object.versions, 1, "{key} was put once");
        assert_eq!(object.sha256, object.told, "{key}");
        let Some(part) = key.strip_suffix(".manifest.json") else {
            let mut text = String::new();
            let bytes = object.bytes();
            GzDecoder::new(&*bytes)
                .read_to_string(&mut text)
                .expect("text");
            lines.extend(text.lines().map(str::to_owned));
            continue;
        };
        let manifest = String::from_utf8(object.bytes()).expect("text");
        assert_eq!(field(&manifest, "/sha256"), objects[part].sha256, "{key}");
    }
    lines.sort();
    expected.sort();
    assert_eq!(lines, expected, "each record once");
}
