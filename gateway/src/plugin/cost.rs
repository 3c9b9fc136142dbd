//! What the standard plugins cost on the seed record, against parsing it once
//! with serde_json. Run by hand, optimised:
//!
//! `CARGO_PROFILE_DEV_OPT_LEVEL=3 CARGO_PROFILE_DEV_DEBUG_ASSERTIONS=false cargo test --package
//! cdr-gateway --lib plugin::cost -- --ignored --nocapture`

use std::{collections::BTreeMap, fs, hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use jiff::Timestamp;
use uuid::Uuid;

use super::{Compiled, Host, Instances, Limits, Plugin, Record, Secrets, builtin, component};
use crate::{
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
    (cpu_time() - before).as_secs_f64() / f64::from(RECORDS)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn plugin(host: &Host, name: &str, config: &str) -> Arc<Plugin> {
    let limits = Limits {
        deadline: Duration::from_secs(1),
        configure_deadline: Duration::from_secs(10),
        max_memory_bytes: 64 << 20,
        max_output_bytes: 4 << 20,
        max_log_lines: 10,
        max_calls: u64::MAX,
    };
    let wasm = builtin::plugin(name).unwrap().wasm;
    let compiled = Compiled::new(host, wasm).unwrap();
    let source = component::Source {
        name,
        component: &compiled,
        config: config.to_owned(),
        secrets: Secrets::default(),
        limits,
        tables: BTreeMap::new(),
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
        number_places: Tccc.number_places(Kind::Cdr).into(),
    }
}

#[test]
#[ignore = "measures; see the top of the file"]
fn a_plugin_costs_no_more_than_a_parse() {
    let host = Host::new(None).unwrap();
    let rules = r#"{"rules":[{"drop":"internal","when":"has(cdr.CallType) && cdr.CallType == 6"},
        {"drop":"short","when":"kind == 'cdr' && cdr.Duration < 0"}]}"#;
    let pseudonym =
        r#"{"mode":"pseudonym","key":"a key of thirty-two bytes or more","key_id":"k"}"#;
    let fpe = r#"{"mode":"fpe","key":"a key of thirty-two bytes or more"}"#;
    let plugins = [
        ("phone-mask", "{}", true),
        ("phone-mask", r#"{"location":"keep"}"#, false),
        ("filter", rules, true),
        ("phone-mask", pseudonym, false),
        ("phone-mask", fpe, false),
        ("redact", "{}", false),
    ];
    for (name, text) in [("seed", SEED), ("inbound-transfer", TRANSFER)] {
        let record = record(text);
        let mut workers = Instances::default();
        for (plugin_name, config, is_bounded) in plugins {
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
            assert!(
                !is_bounded || ratio <= 1.0,
                "{plugin_name} costs {ratio:.2} parses"
            );
        }
    }
}
