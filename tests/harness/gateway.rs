//! The gateway as a process.

use std::{
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{until, until_within};

/// How long a start may take: a guest of 20 MB is compiled on the way.
const PATIENCE: Duration = Duration::from_mins(5);

/// A directory with a configuration, and what the gateway writes.
pub struct Workspace {
    directory: TempDir,
}

impl Workspace {
    /// A workspace with this configuration. Listeners take ports of their own.
    pub fn new(config: &str) -> Self {
        let workspace = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        workspace.configure(config);
        workspace
    }

    /// Replaces the configuration.
    pub fn configure(&self, config: &str) {
        let data = self.path("data");
        // Compiled once for all tests.
        let cache = Path::new(env!("CARGO_TARGET_TMPDIR")).join("plugin-cache");
        let text = format!(
            "data_dir = {:?}\nplugin_host.cache_dir = {:?}\ningest.listen = \"127.0.0.1:0\"\nadmin.listen = \"127.0.0.1:0\"\nlog.format = \"json\"\noutgoing.allow = [\"127.0.0.0/8\"]\n{config}",
            data.display().to_string(),
            cache.display().to_string(),
        );
        std::fs::write(self.config(), text).expect("a written configuration");
    }

    pub fn config(&self) -> PathBuf {
        self.path("gateway.toml")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Files that the gateway wrote below `data/files`, with their texts.
    pub fn files(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let base = self.path("data/files");
        collect(&base, &base, &mut found);
        found.sort();
        found
    }

    /// The lines of all NDJSON files, finished or not.
    pub fn lines(&self) -> Vec<String> {
        let of_records =
            |(name, _): &(String, String)| name.contains(".ndjson") && !name.contains("manifest");
        let files = self.files().into_iter().filter(of_records);
        files
            .flat_map(|(_, text)| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .collect()
    }

    /// Asserts that the books balance, without a gateway.
    pub fn assert_balanced(&self) {
        let output = command()
            .args(["balance", "--verify", "--journal"])
            .arg(self.path("data/journal.db"))
            .output()
            .expect("balance runs");
        assert!(output.status.success(), "{}", text(&output));
    }
}

fn collect(base: &Path, directory: &Path, found: &mut Vec<(String, String)>) {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(base, &path, found);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let name = path.strip_prefix(base).expect("below the base");
            found.push((name.display().to_string(), text));
        }
    }
}

fn text(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The binary.
pub fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cdr-gateway"));
    command.env_remove("CDR_GATEWAY_CONFIG");
    command
}

/// A running gateway.
pub struct Gateway {
    pub workspace: Workspace,
    process: Child,
    log: Arc<Mutex<Vec<String>>>,
    ingest: SocketAddr,
    admin: SocketAddr,
    environment: Vec<(String, String)>,
    http: reqwest::blocking::Client,
    killed: bool,
}

impl Gateway {
    /// Starts a gateway with this configuration.
    pub fn start(config: &str) -> Self {
        Self::start_with(Workspace::new(config), &[])
    }

    /// Starts a gateway with these variables in its environment.
    pub fn start_with(workspace: Workspace, environment: &[(&str, &str)]) -> Self {
        let owned = |&(name, value): &(&str, &str)| (name.to_owned(), value.to_owned());
        Self::spawn(workspace, environment.iter().map(owned).collect())
    }

    fn spawn(workspace: Workspace, environment: Vec<(String, String)>) -> Self {
        let mut process = command()
            .arg("run")
            .arg("--config")
            .arg(workspace.config())
            .envs(environment.clone())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the gateway starts");
        let log = Arc::new(Mutex::new(Vec::new()));
        let stderr = process.stderr.take().expect("a log");
        let lines = log.clone();
        thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                lines.lock().unwrap().push(line);
            }
        });
        let (ingest, admin) = until_within(PATIENCE, "the gateway to run", || {
            let lines = log.lock().unwrap().clone();
            if let Ok(Some(status)) = process.try_wait() {
                panic!("the gateway ended with {status}:\n{}", lines.join("\n"));
            }
            lines.iter().find_map(|line| addresses(line))
        });
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        Self {
            workspace,
            process,
            log,
            ingest,
            admin,
            environment,
            http,
            killed: false,
        }
    }

    /// Kills it as `kill -9` does, asserts that the books balance, and gives the
    /// workspace back.
    pub fn kill(self) -> Workspace {
        let workspace = self.abandon();
        workspace.assert_balanced();
        workspace
    }

    /// Kills it as `kill -9` does, on a disk that may tell nothing any more.
    pub fn abandon(mut self) -> Workspace {
        self.process.kill().expect("a killed gateway");
        self.process.wait().expect("a dead gateway");
        self.killed = true;
        self.take_workspace()
    }

    /// Kills it as `kill -9` does, and starts it again.
    pub fn kill_and_restart(self) -> Self {
        self.kill_and_restart_after(|| {})
    }

    /// Does something between the two.
    pub fn kill_and_restart_after(self, between: impl FnOnce()) -> Self {
        let environment = self.environment.clone();
        let workspace = self.kill();
        between();
        Self::spawn(workspace, environment)
    }

    /// Asks it to stop, waits, and gives the workspace back.
    pub fn stop(mut self) -> Workspace {
        self.signal("TERM");
        let status = self.process.wait().expect("an ended gateway");
        assert!(status.success(), "{status}:\n{}", self.log());
        self.killed = true;
        self.take_workspace()
    }

    fn take_workspace(&mut self) -> Workspace {
        let empty = Workspace {
            directory: tempfile::tempdir().expect("a directory"),
        };
        std::mem::replace(&mut self.workspace, empty)
    }

    pub fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(self.process.id().to_string())
            .status()
            .expect("kill runs");
        assert!(status.success());
    }

    /// The most memory that it has held so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let path = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(path).expect("a running gateway");
        let peak = status
            .lines()
            .find_map(|line| line.strip_prefix("VmHWM:")?.strip_suffix("kB"));
        let kilobytes: u64 = peak.expect("a peak").trim().parse().expect("a number");
        kilobytes * 1024
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    /// Where sources are served.
    pub fn ingest(&self) -> SocketAddr {
        self.ingest
    }

    /// Where the admin API is served.
    pub fn admin(&self) -> SocketAddr {
        self.admin
    }

    pub fn ingest_url(&self, path_and_query: &str) -> String {
        format!("http://{}{path_and_query}", self.ingest)
    }

    /// Posts as the contact centre does; returns status and body.
    pub fn post(&self, path_and_query: &str, body: &str) -> (u16, String) {
        self.post_with(path_and_query, body, &[])
    }

    pub fn post_with(
        &self,
        path_and_query: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> (u16, String) {
        let mut request = self
            .http
            .post(self.ingest_url(path_and_query))
            .header("Content-Type", "application/json;charset=utf8")
            .body(body.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().expect("an answer");
        (answer.status().as_u16(), answer.text().expect("a body"))
    }

    /// Posts a record to `/tccc` and asserts that it was acknowledged.
    pub fn push(&self, action: &str, body: &str) {
        let version = if action == "voicemail" {
            ""
        } else {
            "&version=1"
        };
        let answer = self.post(&format!("/tccc?action={action}{version}"), body);
        assert_eq!(answer, (200, r#"{"ErrMsg":"","ErrCode":0}"#.to_owned()));
    }

    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin)
    }

    /// A GET at the admin listener; returns status and body.
    pub fn get(&self, path: &str) -> (u16, String) {
        let answer = self
            .http
            .get(format!("http://{}{path}", self.admin))
            .send()
            .expect("an answer");
        (answer.status().as_u16(), answer.text().expect("a body"))
    }

    /// A GET at the admin API.
    pub fn api(&self, path: &str) -> Value {
        let (status, body) = self.get(&format!("/api/v1{path}"));
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).expect("JSON")
    }

    /// A POST at the admin API; returns status and body.
    pub fn api_post(&self, path: &str, body: &Value) -> (u16, Value) {
        let answer = self
            .http
            .post(format!("http://{}/api/v1{path}", self.admin))
            .json(body)
            .send()
            .expect("an answer");
        let status = answer.status().as_u16();
        (status, answer.json().unwrap_or_default())
    }

    /// The deliveries of a destination in a state.
    pub fn deliveries(&self, destination: &str, state: &str) -> Vec<Value> {
        let path = format!("/deliveries?destination={destination}&state={state}");
        self.api(&path).as_array().expect("a list").clone()
    }

    /// How the destinations stand, as far as it still tells.
    fn destinations(&self) -> String {
        let url = format!("{}/api/v1/destinations", self.admin_url());
        let answer = self.http.get(url).send();
        let told = answer.and_then(reqwest::blocking::Response::text);
        told.unwrap_or_else(|error| error.to_string())
    }

    /// How many deliveries of a destination are in a state, by its ledger.
    pub fn counted(&self, destination: &str, state: &str) -> usize {
        let list = self.api("/destinations");
        let mut list = list.as_array().expect("a list").iter();
        let found = list.find(|one| one["destination"] == destination);
        let count = found.and_then(|found| found["counts"][state].as_u64());
        usize::try_from(count.unwrap_or_default()).expect("a size")
    }

    /// Waits until the ledger of a destination says so.
    ///
    /// # Panics
    /// At once where it says more, since that does not become less.
    pub fn wait_for_count(&self, destination: &str, state: &str, count: usize) {
        until(&format!("{count} {state} at {destination}"), || {
            let counted = self.counted(destination, state);
            assert!(
                counted <= count,
                "{counted} {state} at {destination}, not {count}"
            );
            (counted == count).then_some(())
        });
    }

    /// Waits until a destination has so many deliveries in a state, of no more
    /// than a page.
    pub fn wait_for(&self, destination: &str, state: &str, count: usize) -> Vec<Value> {
        until(&format!("{count} {state} at {destination}"), || {
            let found = self.deliveries(destination, state);
            (found.len() == count).then_some(found)
        })
    }

    /// A sub-command against this gateway; returns its output.
    pub fn cli(&self, arguments: &[&str]) -> Output {
        command()
            .args(arguments)
            .args(["--admin", &self.admin_url()])
            .output()
            .expect("the command runs")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if self.killed {
            return;
        }
        let destinations = thread::panicking().then(|| self.destinations());
        let _ = self.process.kill();
        let _ = self.process.wait();
        match destinations {
            Some(destinations) => {
                eprintln!("log of the gateway:\n{}\n{destinations}", self.log());
            }
            None => self.workspace.assert_balanced(),
        }
    }
}

fn addresses(line: &str) -> Option<(SocketAddr, SocketAddr)> {
    let line: Value = serde_json::from_str(line).ok()?;
    if line["message"] != "gateway runs" {
        return None;
    }
    let address = |name: &str| line[name].as_str()?.parse().ok();
    Some((address("ingest")?, address("admin")?))
}
