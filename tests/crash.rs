//! Killed again and again under load, the gateway loses nothing that it
//! acknowledged.
//!
//! Eight senders push records of their own, each until it is acknowledged; the
//! CRM refuses half of its requests, and another receiver half of its batches;
//! the gateway is killed at random moments, at times while it starts, and started
//! again with another mask, so that a payload that was frozen differs from one
//! that is made anew. What has to hold in the end is in [`evidence`].
//!
//! The moments, the receivers' answers and the number of records follow from a
//! seed, which is shown on failure and can be given as `CDR_GATEWAY_SEED`.

mod evidence;
pub mod load;

use std::{io::Write, process::Stdio, thread, time::Duration};

use self::load::Load;
use crate::harness::{Gateway, Receiver, Workspace, command, proven};

const SEED: &str = "CDR_GATEWAY_SEED";

/// Requests to a receiver that a seed decides about: more than there will be.
const COINS: usize = 200_000;

/// Kills of a gateway that lives on an ordinary disk.
fn survive_kills(kills: usize) -> String {
    survive(Workspace::new(""), kills, &mut Gateway::kill)
}

#[test]
fn ten_kills_lose_nothing() {
    let found = survive_kills(10);
    // Past the capture of the test harness.
    writeln!(std::io::stderr(), "{found}").expect("a standard error");
}

#[test]
#[ignore = "takes minutes: make soak"]
fn a_hundred_kills_lose_nothing() {
    proven("Crash: kills under load", &survive_kills(100));
}

/// The seed of a run, shown if it fails.
struct Seed(u64);

impl Seed {
    fn take() -> Self {
        let given = std::env::var(SEED).ok();
        let given = given.map(|text| text.parse().expect("a seed is a number"));
        Self(given.unwrap_or_else(|| fastrand::u64(..)))
    }
}

impl Drop for Seed {
    #[allow(clippy::print_stderr, reason = "shown with the failed test")]
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("to repeat it: {SEED}={}", self.0);
        }
    }
}

/// Where records go, beside files.
struct Receivers {
    /// Fails half of its requests.
    crm: Receiver,
    /// Accepts all.
    bi: Receiver,
    /// Takes batches, and fails half of them.
    lake: Receiver,
}

fn config(receivers: &Receivers, path: &str, run: usize) -> String {
    let [crm, bi, lake] = [&receivers.crm, &receivers.bi, &receivers.lake].map(Receiver::url);
    // Neighbouring runs differ in every masked number.
    let keep_first = 1 + run % 3;
    format!(
        r#"
        [source.tccc]
        path = "{path}"
        dialect = "tccc"
        [plugin.mask]
        wasm = "builtin:phone-mask"
        config.keep_first = {keep_first}
        [[route]]
        name = "all"
        from = ["tccc"]
        chain = ["mask"]
        to = ["crm", "bi", "lake", "archive", "table"]
        [destination.crm]
        http.url = "{crm}"
        http.compress = "gzip"
        http.headers = {{ x-run = "{run}" }}
        retry = {{ initial_ms = 20, max_ms = 200 }}
        [destination.bi]
        http.url = "{bi}"
        numbers = "masked"
        [destination.lake]
        http.url = "{lake}"
        http.batch = {{ max_records = 5, max_wait_ms = 20 }}
        retry = {{ initial_ms = 20, max_ms = 200 }}
        numbers = "masked"
        [destination.archive]
        file.path = "{{kind}}.ndjson"
        file.rotate_bytes = 65536
        numbers = "masked"
        [destination.table]
        file.base_dir = "tables"
        file.path = "{{kind}}.csv"
        file.format = "csv"
        file.csv.columns = [
            {{ name = "session", pointer = "/SessionId" }},
            {{ name = "callee", pointer = "/Callee" }},
            {{ name = "place", pointer = "/TelLocation" }},
        ]
        file.csv.trailer = "TRAILER,{{records}}"
        file.compress = "gzip"
        file.rotate_bytes = 2048
        numbers = "masked"
        "#
    )
}

/// Has a gateway end so many times in a way that leaves its disk in this
/// workspace, asserts that nothing was lost, and says what was found.
pub fn survive(
    workspace: Workspace,
    ends: usize,
    end: &mut dyn FnMut(Gateway) -> Workspace,
) -> String {
    let seed = Seed::take();
    let mut random = fastrand::Rng::with_seed(seed.0);
    let receivers = Receivers {
        crm: Receiver::start(),
        bi: Receiver::start(),
        lake: Receiver::start(),
    };
    for fails in [&receivers.crm, &receivers.lake] {
        let coin = |_| if random.bool() { 200 } else { 503 };
        fails.answer(&(0..COINS).map(coin).collect::<Vec<u16>>());
    }
    // Its own, lest a sender that is late reaches another test's gateway, on
    // the port that this one had.
    let path = format!("/tccc-{:x}", seed.0);
    workspace.configure(&config(&receivers, &path, 0));
    let mut gateway = Gateway::start_with(workspace, &[]);
    let load = Load::start(&gateway.ingest_url(&path));
    for run in 1..=ends {
        let records = random.usize(1..=50);
        let before = load.allow(records);
        load.wait_for(before + random.usize(0..=records));
        // Mostly at once; now and then after the breaker opened and probes went
        // out.
        let longest = if random.u8(0..4) == 0 { 1500 } else { 40 };
        moment(random.u64(0..longest));
        let workspace = end(gateway);
        workspace.configure(&config(&receivers, &path, run));
        if random.bool() {
            kill_at_start(&workspace, random.u64(0..200));
        }
        gateway = Gateway::start_with(workspace, &[]);
        load.turn_to(&gateway.ingest_url(&path));
    }
    receivers.crm.answer(&[200]);
    receivers.lake.answer(&[200]);
    let acknowledged = load.finish();
    for destination in evidence::DESTINATIONS {
        gateway.wait_for_count(destination, "delivered", acknowledged.len());
    }
    evidence::assert_all(gateway, &receivers, &acknowledged, ends)
}

/// Starts a gateway that is killed before it runs, or shortly after.
fn kill_at_start(workspace: &Workspace, milliseconds: u64) {
    let mut process = command()
        .arg("run")
        .arg("--config")
        .arg(workspace.config())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the gateway starts");
    moment(milliseconds);
    process.kill().expect("a killed gateway");
    let status = process.wait().expect("a dead gateway");
    assert_eq!(status.code(), None, "it did not end by itself");
    workspace.assert_balanced();
}

#[allow(clippy::disallowed_methods, reason = "a kill waits for no condition")]
fn moment(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}
