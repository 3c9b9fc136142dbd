//! What has to hold after the gateway was killed, or lost its disk:
//!
//! - every acknowledged record is at every destination, and none besides;
//! - the same holds of batches, whose id says what is in them;
//! - whatever came twice has the same `webhook-id`, and an end repeats no more
//!   than what was under way;
//! - what was sent after a failure on record has the bytes of that failure;
//! - the files hold each record once, no line is torn, and manifests are true;
//! - so do the compressed tables, with one header and one trailer each;
//! - the books balance, and know each record once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Receivers;
use crate::harness::{Gateway, Received, Workspace, field, numbers_in, parts};

pub const DESTINATIONS: [&str; 5] = ["archive", "bi", "crm", "lake", "table"];

/// Deliveries that a consumer of eight slots has under way at most.
const UNDER_WAY: usize = 16;

fn of(list: &Value, destination: &str) -> Value {
    let mut list = list.as_array().expect("a list").iter();
    let found = list.find(|one| one["destination"] == destination);
    found.expect("the destination").clone()
}

pub(super) fn assert_all(
    gateway: Gateway,
    receivers: &Receivers,
    acknowledged: &BTreeSet<String>,
    ends: usize,
) -> String {
    for destination in DESTINATIONS {
        let destination = of(&gateway.api("/destinations"), destination);
        assert_eq!(destination["head"], acknowledged.len(), "kept once each");
    }
    let (crm, bi) = (receivers.crm.got(), receivers.bi.got());
    let crm = by_id(&crm, acknowledged);
    let bi = by_id(&bi, acknowledged);
    assert_batches(&receivers.lake.got(), acknowledged);
    let repeated = repeated(&bi);
    // Each may have been followed by one at the start.
    assert!(repeated <= 2 * ends * UNDER_WAY, "{repeated} were repeated");
    let frozen = assert_frozen(&gateway, &crm);
    let workspace = gateway.stop();
    assert_files(&workspace, acknowledged);
    let tables = assert_tables(&workspace, acknowledged);
    workspace.assert_balanced();
    let records = acknowledged.len();
    assert!(
        frozen > 0 || ends < 100,
        "nothing that was frozen outlived an end"
    );
    format!(
        "{records} records acknowledged over {ends} ends, none lost; {repeated} came twice to the receiver \
         that accepts; {frozen} that were frozen outlived an end with id and bytes; files without a \
         repeated or torn line, nor {tables} compressed tables; `balance --verify` clean after each"
    )
}

fn repeated(requests: &BTreeMap<String, Vec<&Received>>) -> usize {
    requests.values().map(|requests| requests.len() - 1).sum()
}

/// The requests of each `webhook-id`, in order. One id a record, one record an
/// id, and each accepted.
fn by_id<'a>(
    got: &'a [Received],
    acknowledged: &BTreeSet<String>,
) -> BTreeMap<String, Vec<&'a Received>> {
    let mut requests: BTreeMap<String, Vec<&Received>> = BTreeMap::new();
    let mut ids = BTreeMap::new();
    let mut accepted = BTreeSet::new();
    for request in got {
        let session = session(&request.text());
        let id = request.header("webhook-id");
        assert_eq!(*ids.entry(session.clone()).or_insert(id), id, "{session}");
        requests.entry(id.to_owned()).or_default().push(request);
        if request.status == 200 {
            accepted.insert(session);
        }
    }
    assert_eq!(requests.len(), ids.len(), "an id for each record");
    assert_eq!(accepted, *acknowledged);
    requests
}

/// Each record was accepted in some batch, and a batch's id says what is in it.
fn assert_batches(got: &[Received], acknowledged: &BTreeSet<String>) {
    let mut members = BTreeMap::new();
    let mut accepted = BTreeSet::new();
    for request in got {
        let batch: Vec<Value> = serde_json::from_str(&request.body).expect("an array");
        let sessions: Vec<String> = batch
            .iter()
            .map(|record| session(&record.to_string()))
            .collect();
        let id = request.header("webhook-id");
        let first = members.entry(id).or_insert_with(|| sessions.clone());
        assert_eq!(*first, sessions, "{id}");
        if request.status == 200 {
            accepted.extend(sessions);
        }
    }
    assert_eq!(accepted, *acknowledged);
}

fn session(record: &str) -> String {
    let session = field(record, "/SessionId");
    session.as_str().expect("a session").to_owned()
}

/// From the first failure on record on, all requests have the same bytes:
/// those on record are the last ones at least. Returns how many were sent by
/// more than one run of the gateway.
fn assert_frozen(gateway: &Gateway, crm: &BTreeMap<String, Vec<&Received>>) -> usize {
    let mut outlived = 0;
    for (id, requests) in crm.iter().filter(|(_, requests)| requests.len() > 1) {
        let arrival = id.strip_suffix("_crm").expect("an id of the CRM's");
        let arrival = gateway.api(&format!("/arrivals/{arrival}"));
        let delivery = of(&arrival["deliveries"], "crm");
        let attempts = delivery["attempts"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        assert!(attempts.len() <= requests.len(), "{delivery}");
        let Some(last) = attempts.last() else {
            continue;
        };
        assert_eq!(last["outcome"], "delivered", "{delivery}");
        let on_record = &requests[requests.len() - attempts.len()..];
        let mut bodies = on_record.iter().map(|request| &request.raw);
        let first = bodies.next().expect("a request");
        assert!(bodies.all(|body| body == first), "{delivery}");
        let runs: BTreeSet<_> = on_record.iter().map(|sent| sent.header("x-run")).collect();
        outlived += usize::from(runs.len() > 1);
    }
    outlived
}

fn assert_files(workspace: &Workspace, acknowledged: &BTreeSet<String>) {
    let mut written = Vec::new();
    let files: BTreeMap<String, String> = workspace.files().into_iter().collect();
    for (name, text) in &files {
        if let Some(part) = name.strip_suffix(".manifest.json") {
            let lines = files[part].lines().count();
            assert_eq!(field(text, "/records"), lines, "{name}");
            assert_eq!(field(text, "/bytes"), files[part].len(), "{name}");
            continue;
        }
        assert!(text.is_empty() || text.ends_with('\n'), "{name} is torn");
        for line in text.lines() {
            assert_eq!(numbers_in(line), [].into(), "{line}");
            written.push(session(line));
        }
    }
    written.sort();
    let expected: Vec<String> = acknowledged.iter().cloned().collect();
    assert_eq!(written, expected, "each record once");
}

/// The cells have neither quotes nor delimiters, save the last one. Returns how
/// many tables were finished.
fn assert_tables(workspace: &Workspace, acknowledged: &BTreeSet<String>) -> usize {
    let (mut written, mut finished) = (Vec::new(), 0);
    for part in parts(&workspace.path("data/tables")) {
        let mut lines: Vec<_> = part.text.lines().collect();
        assert!(part.text.is_empty() || part.text.ends_with('\n'));
        if let Some(manifest) = &part.manifest {
            let trailer = format!("TRAILER,{}", manifest["records"]);
            assert_eq!(lines.pop(), Some(&*trailer), "{}", part.name);
            assert_eq!(manifest["records"], lines.len() - 1, "{}", part.name);
            finished += 1;
        }
        for (index, line) in lines.into_iter().enumerate() {
            let is_header = line == "session,callee,place";
            assert_eq!(index == 0, is_header, "{}: {line}", part.name);
            assert_eq!(numbers_in(line), [].into(), "{line}");
            if !is_header {
                let (session, _) = line.split_once(',').expect("cells");
                assert!(line.ends_with("}\""), "{line} is torn");
                written.push(session.to_owned());
            }
        }
    }
    written.sort();
    let expected: Vec<String> = acknowledged.iter().cloned().collect();
    assert_eq!(written, expected, "each record once");
    finished
}
