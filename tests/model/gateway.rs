//! A gateway in this process, which can be lost and started again.

use std::{collections::BTreeMap, fs, path::PathBuf, sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use cdr_gateway::{
    config::Inputs,
    journal::{Audit, Fate, Journal, JournalError, Ledger},
    record::Seq,
    runtime::{Running, StartError},
};
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use super::{oracle::Variant, plan::At, shape::Shape};
use crate::harness::until;

const TOKEN: &str = "t0ken";

/// A master key that consists of one byte.
fn key(byte: u8) -> String {
    STANDARD.encode([byte; 32])
}

/// Time for what a lost process leaves behind to end.
const LOSS: Duration = Duration::from_secs(10);

/// A gateway with its directory.
pub struct Gateway {
    directory: TempDir,
    receivers: String,
    shape: Shape,
    /// How often it was configured.
    configured: usize,
    http: reqwest::blocking::Client,
    /// `None` between two lives.
    life: Option<Life>,
}

struct Life {
    runtime: Runtime,
    running: Running,
}

impl Gateway {
    pub fn start(receivers: &str, variant: Variant, shape: Shape) -> Self {
        // Another test may have been first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::blocking::Client::builder().no_proxy().build();
        let mut gateway = Self {
            directory: tempfile::tempdir().expect("a directory"),
            receivers: receivers.to_owned(),
            shape,
            configured: 0,
            http: http.expect("a client"),
            life: None,
        };
        gateway.configure(variant);
        gateway.live();
        gateway
    }

    fn live(&mut self) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        // What the life before had under way may hold the journal for a moment.
        let running = until("the journal to be free", || {
            let inputs = Inputs {
                files: vec![self.config()],
                environment: BTreeMap::from([
                    ("TOKEN".to_owned(), TOKEN.to_owned()),
                    ("ONE".to_owned(), key(1)),
                    ("TWO".to_owned(), key(2)),
                ]),
                flags: Vec::new(),
            };
            let metrics = PrometheusBuilder::new().build_recorder().handle();
            let start = cdr_gateway::runtime::Runtime::start(inputs, metrics);
            match runtime.block_on(start) {
                Ok(running) => Some(running),
                Err(StartError::Journal(JournalError::Locked { .. })) => None,
                Err(error) => panic!("the gateway does not start: {error}"),
            }
        });
        self.life = Some(Life { runtime, running });
        // Known before the first record can come: none is in nobody's range.
        assert_eq!(self.ledgers().len(), At::ALL.len());
    }

    /// Everything under way is lost, and it starts again.
    pub fn crash(&mut self) {
        let Life { runtime, running } = self.life.take().expect("a life");
        drop(running);
        runtime.shutdown_timeout(LOSS);
        self.live();
    }

    /// It is asked to stop, and starts again.
    pub fn restart(&mut self) {
        let Life { runtime, running } = self.life.take().expect("a life");
        assert!(runtime.block_on(running.stop()), "it stops in time");
        runtime.shutdown_timeout(LOSS);
        self.live();
    }

    pub fn reload(&mut self, variant: Variant) {
        self.configure(variant);
        self.admin("reload", &json!({}));
    }

    /// Sends a record until it is acknowledged.
    pub fn push(&self, id: &str, body: &str) {
        until("an acknowledgement", || self.offer(id, body).then_some(()));
    }

    /// Sends a record. False if the sender is told to try again, as where too much
    /// waits.
    pub fn offer(&self, id: &str, body: &str) -> bool {
        let url = format!("http://{}/in", self.life().running.ingest);
        let request = self.http.post(url).bearer_auth(TOKEN);
        let request = request.header("idempotency-key", id).body(body.to_owned());
        let answer = request.send().expect("an answer");
        let status = answer.status().as_u16();
        let said = answer.text().expect("a body");
        assert!(
            status == 200 || self.shape.quotas && status == 503,
            "{said}"
        );
        status == 200
    }

    /// Asks the admin API, and sees it done.
    pub fn admin(&self, what: &str, request: &Value) -> Value {
        Self::answered(what, self.http.post(self.admin_url(what)).json(request))
    }

    /// Looks at the admin API.
    pub fn look(&self, what: &str) -> Value {
        Self::answered(what, self.http.get(self.admin_url(what)))
    }

    fn admin_url(&self, what: &str) -> String {
        format!("http://{}/api/v1/{what}", self.life().running.admin)
    }

    fn answered(what: &str, request: reqwest::blocking::RequestBuilder) -> Value {
        let answer = request.send().expect("an answer");
        let (status, text) = (answer.status(), answer.text().expect("a body"));
        assert!(status.is_success(), "{what}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// The arrival at a position, from 1 on.
    pub fn arrival(&self, seq: usize) -> String {
        let journal = self.journal();
        let arrival = self.life().runtime.block_on(journal.get(Seq(seq as u64)));
        arrival.expect("a look").expect("an arrival").id.to_string()
    }

    pub fn ledgers(&self) -> Vec<Ledger> {
        let journal = self.journal();
        let ledgers = self.life().runtime.block_on(journal.ledgers());
        ledgers.expect("ledgers")
    }

    pub fn deliveries(&self, destination: &str, limit: usize) -> Vec<Fate> {
        let journal = self.journal();
        let deliveries = journal.deliveries(destination, None, Seq(0), limit);
        let deliveries = self.life().runtime.block_on(deliveries);
        deliveries.expect("deliveries")
    }

    pub fn verify(&self) -> Audit {
        let journal = self.journal();
        let audit = self.life().runtime.block_on(journal.verify());
        audit.expect("an audit")
    }

    /// The lines of all files, finished first where they may be sealed.
    pub fn lines(&self) -> Vec<String> {
        if self.shape.encrypted {
            self.admin("files/rotate", &json!({}));
        }
        let directory = self.directory.path().join("data/files");
        let Ok(entries) = fs::read_dir(directory) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        for entry in entries {
            let path = entry.expect("an entry").path();
            if !path.to_string_lossy().contains("manifest") {
                let text = fs::read_to_string(path).expect("a text");
                lines.extend(text.lines().map(str::to_owned));
            }
        }
        lines
    }

    fn life(&self) -> &Life {
        self.life.as_ref().expect("a life")
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.life().running.runtime.journal().clone()
    }

    fn config(&self) -> PathBuf {
        self.directory.path().join("gateway.toml")
    }

    fn configure(&mut self, variant: Variant) {
        let data = self.directory.path().join("data").display().to_string();
        // Compiled once for all tests.
        let cache = concat!(env!("CARGO_TARGET_TMPDIR"), "/plugin-cache");
        let receivers = &self.receivers;
        let encryption = self.shape.encryption(self.configured);
        self.configured += 1;
        let crm = self.shape.of_crm();
        let bi = self.shape.of_bi();
        let keeps_unwanted = variant.keeps_unwanted;
        let masks_text = variant.masks_text;
        let text = format!(
            r#"
            data_dir = {data:?}
            plugin_host = {{ cache_dir = {cache:?}, workers = 1 }}
            ingest.listen = "127.0.0.1:0"
            admin.listen = "127.0.0.1:0"
            outgoing.allow = ["127.0.0.0/8"]
            {encryption}
            [source.in]
            path = "/in"
            dialect = "json"
            auth.bearer.env = "TOKEN"
            id_in = "/id"
            numbers_in = ["/caller"]
            [plugin.filter]
            wasm = "builtin:filter"
            config.rules = [{{ drop = "unwanted", when = '!{keeps_unwanted} && cdr.class == "unwanted"' }}]
            [plugin.mask]
            wasm = "builtin:phone-mask"
            config.free_text = {masks_text}
            [[route]]
            name = "crm_only"
            from = ["in"]
            when = 'cdr.class == "crmonly"'
            to = ["crm"]
            [[route]]
            name = "all"
            from = ["in"]
            when = '!(cdr.class in ["unrouted", "crmonly"])'
            chain = ["filter"]
            to = ["crm", "bi", "archive"]
            [destination.crm]
            http.url = "{receivers}/crm"
            {crm}
            breaker = {{ probe_initial_ms = 10, probe_max_ms = 40 }}
            retry = {{ initial_ms = 2, max_ms = 10 }}
            [destination.bi]
            http.url = "{receivers}/bi"
            {bi}
            chain = ["mask"]
            numbers = "masked"
            breaker = {{ probe_initial_ms = 10, probe_max_ms = 40 }}
            retry = {{ initial_ms = 2, max_ms = 10 }}
            [destination.archive]
            file.path = "records.ndjson"
            "#
        );
        fs::write(self.config(), text).expect("a written configuration");
    }
}
