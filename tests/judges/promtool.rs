//! Metrics, by `promtool`: all that exist, after traffic over all stages.

use std::{collections::BTreeSet, sync::Mutex};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use reqwest::{Certificate, blocking::Client};
use serde_json::json;

use super::tool::PROMTOOL;
use crate::{
    encryption,
    harness::{Gateway, Receiver, Registry, SEED, VOICEMAIL, Workspace, field, hostile, until},
    stages,
    transport::authority::Authority,
};

fn config(crm: &Receiver, bi: &Receiver, web: &Registry) -> String {
    format!(
        r#"
        plugin_host.deadline_ms = 50
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        auth.basic = {{ username = "tccc", password.env = "TCCC_PASSWORD" }}
        [plugin.hostile]
        wasm = "http://{web}/hostile.wasm"
        sha256 = "{digest}"
        cpu_budget_percent = 10
        [plugin.mask]
        wasm = "builtin:phone-mask"
        [table.prefixes]
        file = "prefixes.csv"
        refresh_s = 3600
        [plugin.attribution]
        wasm = "builtin:attribution"
        tables = ["prefixes"]
        config.table = "prefixes"
        [[route]]
        name = "calls"
        from = ["tccc"]
        when = 'kind == "cdr"'
        to = ["crm", "bi", "archive"]
        [destination.crm]
        http.url = "{crm}"
        http.batch = {{ max_records = 1 }}
        chain = ["hostile"]
        retry = {{ initial_ms = 10, max_ms = 20 }}
        [destination.bi]
        http.url = "{bi}"
        chain = ["attribution"]
        numbers = "masked"
        [destination.archive]
        file.path = "{{kind}}.ndjson"
        chain = ["mask"]
        numbers = "masked"
        "#,
        web = web.address(),
        digest = web.put(
            "/hostile.wasm",
            &std::fs::read(hostile()).expect("the guest")
        ),
        crm = crm.url(),
        bi = bi.url(),
    )
}

/// The sender, and what it sends.
struct Sender<'a> {
    gateway: &'a Gateway,
    sent: usize,
}

impl Sender<'_> {
    fn push(&self, action: &str, body: &str, push_id: &str) {
        let headers = [
            ("Authorization", "Basic dGNjYzpzM2NyZXQ="),
            ("X-TCCC-PUSH-UUID", push_id),
        ];
        let path = format!("/tccc?action={action}");
        let (status, answer) = self.gateway.post_with(&path, body, &headers);
        assert_eq!(status, 200, "{answer}");
    }

    /// A record of its own that tells the hostile guest what to do.
    fn tell(&mut self, behaviour: &str) {
        self.sent += 1;
        let told = SEED.replace(r#""Uui": "abc""#, &format!(r#""Uui": "{behaviour}""#));
        self.push("cdr&version=1", &told, &format!("told-{}", self.sent));
    }
}

/// Waits until nothing is under way at a destination.
fn settled(gateway: &Gateway, destination: &str) {
    until(&format!("{destination} to settle"), || {
        let all = gateway.api("/destinations");
        let mut all = all.as_array().expect("a list").iter();
        let counts = &all.find(|one| one["destination"] == destination)?["counts"];
        (counts["pending"] == 0 && counts["retrying"] == 0).then_some(())
    });
}

fn traffic(gateway: &Gateway, crm: &Receiver) {
    let mut sender = Sender { gateway, sent: 0 };
    // Retries, and a breaker that opens and closes.
    crm.answer(&[503, 503, 503, 503, 503, 200]);
    for _ in 0..3 {
        sender.tell("keep");
    }
    settled(gateway, "crm");
    crm.answer(&[404, 200]);
    sender.tell("keep");
    settled(gateway, "crm");
    for behaviour in [
        "trap",
        "loop",
        "panic:help",
        "log-flood",
        "count-flood",
        "drop:test call",
        "suspend:ask the author",
    ] {
        sender.tell(behaviour);
    }
    // Not routed, unreadable, breaking the tables, repeated, and repeated with
    // another body.
    sender.push("voicemail", VOICEMAIL, "voicemail");
    sender.push("cdr&version=1", "{\"SessionId\": \"cut of", "torn");
    let violating = SEED.replace(r#""Duration": 0"#, r#""Duration": "none""#);
    assert_ne!(violating, SEED);
    for body in [&violating, &violating, SEED] {
        sender.push("cdr&version=1", body, "repeated");
    }
    // Refused.
    for path in ["/tccc?action=cdr&version=1", "/nowhere"] {
        assert!(gateway.post(path, SEED).0 >= 400, "{path}");
    }
    // A reload that fails, and one that succeeds.
    let config = gateway.workspace.config();
    let good = std::fs::read_to_string(&config).expect("a configuration");
    for (text, status) in [(format!("{good}\nkolor = 1"), 422), (good, 200)] {
        std::fs::write(&config, text).expect("a written configuration");
        assert_eq!(gateway.api_post("/reload", &json!({})).0, status);
    }
    for destination in ["crm", "bi", "archive"] {
        settled(gateway, destination);
    }
}

/// Notes what is described.
#[derive(Default)]
struct Described(Mutex<BTreeSet<String>>);

impl Described {
    fn note(&self, name: &KeyName) {
        self.0.lock().unwrap().insert(name.as_str().to_owned());
    }
}

impl Recorder for Described {
    fn describe_counter(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.note(&name);
    }

    fn describe_gauge(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.note(&name);
    }

    fn describe_histogram(&self, name: KeyName, _: Option<Unit>, _: SharedString) {
        self.note(&name);
    }

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

fn described() -> BTreeSet<String> {
    let described = Described::default();
    metrics::with_local_recorder(&described, cdr_gateway::admin::describe_metrics);
    described.0.into_inner().unwrap()
}

const SECRET: &str = "a-long-and-random-secret";

/// A gateway that others trust: TLS, access tokens, and a record that is corrected
/// and sent again.
fn trusted(crm: &Receiver) -> Gateway {
    let authority = Authority::new();
    let workspace = Workspace::new(&format!(
        r#"
        ingest.tls = {{ cert_file = "server.pem", key.file = "server.key" }}
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        auth.oauth2 = {{ client_id = "sender", client_secret.env = "SECRET" }}
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm"]
        [destination.crm]
        http.url = "{}"
        "#,
        crm.url()
    ));
    let pair = authority.listener(30);
    for (name, text) in [("server.pem", pair.certificate), ("server.key", pair.key)] {
        std::fs::write(workspace.path(name), text).expect("a file");
    }
    let gateway = Gateway::start_with(workspace, &[("SECRET", SECRET)]);
    push_with_token(&gateway, &authority);
    let delivered = gateway.wait_for("crm", "delivered", 1);
    let arrival = delivered[0]["arrival"].as_str().expect("an id");
    let correction = json!({ "after": 0, "body": SEED.replace("abc", "xyz"), "because": "a test" });
    for (path, request) in [
        (format!("/arrivals/{arrival}/corrections"), correction),
        ("/replays".to_owned(), json!({ "destinations": ["crm"] })),
    ] {
        let (status, answer) = gateway.api_post(&path, &request);
        assert!((200..300).contains(&status), "{path}: {answer}");
    }
    crm.wait_for(2);
    gateway
}

fn push_with_token(gateway: &Gateway, authority: &Authority) {
    let root = Certificate::from_pem(authority.pem().as_bytes()).expect("a certificate");
    let client = Client::builder().no_proxy().tls_certs_only([root]);
    let client = client.build().expect("a client");
    let url = format!("https://{}/tccc", gateway.ingest());
    let granted = client
        .post(format!("{url}/token"))
        .basic_auth("sender", Some(SECRET))
        .header("content-type", "application/x-www-form-urlencoded")
        .body("grant_type=client_credentials")
        .send();
    let granted = granted.expect("an answer").text().expect("a text");
    let token = field(&granted, "/access_token");
    let pushed = client
        .post(format!("{url}?action=cdr&version=1"))
        .bearer_auth(token.as_str().expect("a token"))
        .body(SEED)
        .send();
    assert_eq!(pushed.expect("an answer").status(), 200, "{granted}");
}

/// A gateway that has dropped the key of a day.
fn forgetful(crm: &Receiver) -> Gateway {
    let config = encryption::config(crm, encryption::ONE);
    let gateway = encryption::start(encryption::aged(&config, &[3, 0]));
    gateway.wait_for("crm", "delivered", 2);
    let day = gateway.api("/keys")["keys"][0]["day"].clone();
    let (status, answer) = gateway.api_post("/keys/drop", &json!({ "day": day }));
    assert_eq!(status, 200, "{answer}");
    gateway
}

/// The names of the metrics that are shown, and their text, once promtool has
/// nothing to say of them.
fn judge(gateway: &Gateway) -> (BTreeSet<String>, String) {
    let (status, metrics) = gateway.get("/metrics");
    assert_eq!(status, 200);
    let shown = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .map(str::to_owned)
        .collect();
    let complaints = PROMTOOL.prints(&["check", "metrics"], metrics.as_bytes());
    assert_eq!(complaints, "");
    (shown, metrics)
}

#[test]
fn every_metric_is_as_prometheus_wants_it() {
    if !PROMTOOL.is_here() {
        return;
    }
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let web = Registry::start();
    let workspace = Workspace::new(&config(&crm, &bi, &web));
    let prefixes = "prefix,province,city,operator\n186,贵州,贵阳,联通\n";
    std::fs::write(workspace.path("prefixes.csv"), prefixes).expect("a file");
    let gateway = Gateway::start_with(workspace, &[("TCCC_PASSWORD", "s3cret")]);
    traffic(&gateway, &crm);

    let (mut shown, metrics) = judge(&gateway);
    let ours = Receiver::start();
    for another in [
        trusted(&ours),
        forgetful(&ours),
        stages::busy(&Receiver::start()),
    ] {
        shown.extend(judge(&another).0);
    }
    assert_eq!(shown, described(), "all that exist were judged");
    for state in ["delivered", "skipped", "retrying", "suspended", "dead"] {
        let series =
            format!("cdr_gateway_deliveries_total{{destination=\"crm\",state=\"{state}\"}}");
        assert!(metrics.contains(&series), "{series} in\n{metrics}");
    }
}
