//! What a call of the standard plugins costs on the samples, in parses of the same
//! record by `serde_json`. Both are timed in turn, and the median of the ratios is
//! told, so that what else the machine does counts for little. Run by hand:
//!
//! `cargo test --release --package cdr-gateway --lib plugin::cost -- --ignored --nocapture`
//!
//! The goal is one parse for `phone-mask` and for `filter`.

mod calls;

use std::{collections::BTreeMap, fs, hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Compiled, Grants, Host, Instances, Limits, Plugin, Record, Secrets, builtin, component,
};
use crate::{
    config::model::PluginHost,
    ingest::dialect::{Dialect, Tccc},
    record::{Arrival, ArrivalId, Document, Kind, Seq, Tags},
};

const SEED: &str = include_str!("../../../tests/records/seed.json");
const TRANSFER: &str = include_str!("../../../tests/records/inbound-transfer.json");

/// Rounds, and records in each of them: a round takes some ten milliseconds, since
/// the kernel counts a thread's time by ticks.
const ROUNDS: usize = 31;
const RECORDS: u32 = 4000;

/// CPU time of this thread: other processes on the machine do not count.
fn cpu_time() -> Duration {
    let counted = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(counted.split(' ').next().unwrap().parse().unwrap())
}

fn time(mut work: impl FnMut()) -> f64 {
    let before = cpu_time();
    for _ in 0..RECORDS {
        work();
    }
    cpu_time().saturating_sub(before).as_secs_f64() / f64::from(RECORDS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Limits that no guest here comes near.
fn generous() -> Limits {
    Limits {
        deadline: Duration::from_secs(10),
        configure_deadline: Duration::from_secs(10),
        max_calls: u64::MAX,
        ..Limits::from(&PluginHost::default())
    }
}

fn plugin(host: &Host, name: &str, config: &str) -> Arc<Plugin> {
    let wasm = builtin::plugin(name).unwrap().wasm;
    let compiled = Compiled::new(host, wasm).unwrap();
    let source = component::Source {
        name,
        component: &compiled,
        config: config.to_owned(),
        secrets: Secrets::default(),
        limits: generous(),
        tables: BTreeMap::new(),
        grants: Grants::default(),
    };
    Arc::new(Plugin::load(source).unwrap())
}

fn record(text: &str) -> Record {
    let body = Bytes::copy_from_slice(text.as_bytes());
    Record {
        arrival: Arc::new(Arrival {
            seq: Seq(1),
            id: ArrivalId(Uuid::nil()),
            received: Timestamp::UNIX_EPOCH,
            source: "tccc".into(),
            kind: Kind::Cdr,
            session: None,
            tags: Tags::default(),
            defect: None,
            body: body.clone(),
            corrections: Vec::new(),
        }),
        document: Document::parse(body).unwrap(),
        tags: Tags::default(),
        number_places: Arc::new(Tccc.number_places(Kind::Cdr).iter().collect()),
    }
}

#[test]
#[ignore = "measures; see the top of the file"]
fn parses_that_a_call_costs() {
    let host = Host::new(None).unwrap();
    let rules = r#"{"rules":[{"drop":"internal","when":"has(cdr.CallType) && cdr.CallType == 6"},
        {"drop":"short","when":"kind == 'cdr' && cdr.Duration < 0"}]}"#;
    let pseudonym =
        r#"{"mode":"pseudonym","key":"a key of thirty-two bytes or more","key_id":"k"}"#;
    let fpe = r#"{"mode":"fpe","key":"a key of thirty-two bytes or more"}"#;
    let plugins = [
        ("phone-mask", "{}"),
        ("phone-mask", r#"{"location":"keep"}"#),
        ("filter", rules),
        ("phone-mask", pseudonym),
        ("phone-mask", fpe),
        ("redact", "{}"),
    ];
    for (name, text) in [("seed", SEED), ("inbound-transfer", TRANSFER)] {
        let record = record(text);
        let mut workers = Instances::default();
        for (plugin_name, config) in plugins {
            let plugin = plugin(&host, plugin_name, config);
            let mut parses = Vec::new();
            let mut ratios = Vec::new();
            for _ in 0..ROUNDS {
                let parse = time(|| {
                    let value = serde_json::from_slice::<serde_json::Value>(text.as_bytes());
                    black_box(value.unwrap());
                });
                let call = time(|| {
                    black_box(workers.process(&plugin, &record).unwrap());
                });
                parses.push(parse);
                ratios.push(call / parse);
            }
            let (parse, ratio) = (median(parses), median(ratios));
            println!(
                "{name}: {plugin_name} {:.40}: {ratio:.2} parses of {:.1} us",
                config,
                parse * 1e6
            );
        }
    }
}
