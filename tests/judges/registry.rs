//! Pulls from the registry that Docker's own is, as Debian has it.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    thread,
};

use reqwest::blocking::{Client, RequestBuilder};
use serde_json::json;
use tempfile::TempDir;

use super::tool::REGISTRY;
use crate::harness::{Gateway, Receiver, SEED, Workspace, all_to, hostile, sha256};

/// The user `ci` with the password `s3cret`, as `htpasswd -B` writes it.
const USERS: &str = "ci:$2b$04$ZzaGQuwi56AraLBj3qvc7eiwADjHZuO/fPZqbrHOkBdJRuzEqPKuO\n";

/// A registry on a port of its own. It ends when dropped.
struct Registry {
    process: Child,
    address: String,
    is_private: bool,
    _directory: TempDir,
}

impl Registry {
    fn start(is_private: bool) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        fs::write(path("users"), USERS).expect("a file");
        let auth = format!(
            "auth:\n  htpasswd:\n    realm: tests\n    path: {}\n",
            path("users").display()
        );
        let config = format!(
            "version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:0\n{}",
            path("data").display(),
            if is_private { auth.as_str() } else { "" },
        );
        fs::write(path("config.yml"), config).expect("a file");
        let mut process = Command::new("docker-registry")
            .arg("serve")
            .arg(path("config.yml"))
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("the registry starts");
        let log = process.stderr.take().expect("a log");
        let mut lines = BufReader::new(log).lines().map_while(Result::ok);
        let address = lines.find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            rest.split_once('"').map(|(address, _)| address.to_owned())
        });
        // Read on, so that it never waits for its reader.
        thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            address: address.expect("it listens"),
            is_private,
            _directory: directory,
        }
    }

    fn sent(&self, request: RequestBuilder) -> reqwest::blocking::Response {
        let request = if self.is_private {
            request.basic_auth("ci", Some("s3cret"))
        } else {
            request
        };
        let response = request.send().expect("an answer");
        assert!(response.status().is_success(), "{response:?}");
        response
    }

    fn push_blob(&self, client: &Client, blob: &[u8]) {
        let url = format!("http://{}/v2/acme/mask/blobs/uploads/", self.address);
        let begun = self.sent(client.post(url));
        let location = begun.headers()["location"].to_str().expect("text");
        let query = [("digest", format!("sha256:{}", sha256(blob)))];
        let mut location = reqwest::Url::parse(location).expect("a URL");
        location.query_pairs_mut().extend_pairs(query);
        self.sent(client.put(location).body(blob.to_vec()));
    }

    /// Pushes a component as `wkg oci push` does; its reference.
    fn push(&self, component: &[u8]) -> String {
        let client = Client::new();
        let descriptor = |media_type: &str, blob: &[u8]| {
            let digest = format!("sha256:{}", sha256(blob));
            json!({ "mediaType": media_type, "digest": digest, "size": blob.len() })
        };
        self.push_blob(&client, b"{}");
        self.push_blob(&client, component);
        let media_type = "application/vnd.oci.image.manifest.v1+json";
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": media_type,
            "config": descriptor("application/vnd.wasm.config.v0+json", b"{}"),
            "layers": [descriptor("application/wasm", component)],
        });
        let url = format!("http://{}/v2/acme/mask/manifests/1.0", self.address);
        let request = client.put(url).header("content-type", media_type);
        let put = self.sent(request.body(manifest.to_string()));
        let digest = put.headers()["docker-content-digest"]
            .to_str()
            .expect("text");
        format!("oci://{}/acme/mask@{digest}", self.address)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn a_component_is_pulled_from_dockers_registry() {
    if !REGISTRY.is_here() {
        return;
    }
    let component = fs::read(hostile()).expect("the guest");
    for is_private in [false, true] {
        let registry = Registry::start(is_private);
        let reference = registry.push(&component);
        let crm = Receiver::start();
        let destination = format!("http.url = \"{}\"\nchain = [\"pulled\"]", crm.url());
        let auth = "auth.basic = { username = \"ci\", password.env = \"PASSWORD\" }";
        let text = format!(
            "{}\n[plugin.pulled]\nwasm = {reference:?}\n{auth}",
            all_to("crm", &destination)
        );
        let gateway = Gateway::start_with(Workspace::new(&text), &[("PASSWORD", "s3cret")]);
        drop(registry);
        gateway.push("cdr", SEED);
        gateway.wait_for("crm", "delivered", 1);
        let gateway = gateway.kill_and_restart();
        assert_eq!(gateway.counted("crm", "delivered"), 1);
    }
}
