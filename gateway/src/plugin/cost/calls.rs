//! What a call of each function of the contract costs, for
//! `docs/plugin-contract.md`. Run by `make bench-calls`.

use std::{collections::BTreeMap, path::Path, process::Command, sync::Arc};

use super::{SEED, cpu_time, generous, median, record};
use crate::plugin::{Compiled, Grants, Host, Instances, Plugin, Secrets, Table, component};

/// Rounds, records in each of them, and calls that the guest makes for each record.
const ROUNDS: usize = 11;
const RECORDS: u32 = 50;
const CALLS: f64 = 1000.0;

const FUNCTIONS: [&str; 18] = [
    "get",
    "select",
    "numbers",
    "texts",
    "names",
    "set",
    "set-remove",
    "rename",
    "text",
    "replace",
    "tag",
    "set-tag",
    "tags",
    "id",
    "lookup",
    "lookup-prefix",
    "log",
    "count",
];

fn guest() -> Vec<u8> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let target = workspace.join("target/tmp/guests");
    let status = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args(["build", "--quiet", "--profile", "guest"])
        .args(["--target", "wasm32-wasip2", "--package", "cdr-plugin-calls"])
        .arg("--target-dir")
        .arg(&target)
        .status();
    assert!(status.unwrap().success(), "the guest does not build");
    std::fs::read(target.join("wasm32-wasip2/guest/cdr_plugin_calls.wasm")).unwrap()
}

fn plugin(host: &Host, wasm: &[u8], function: &str) -> Arc<Plugin> {
    let rows = b"prefix,place\n0755,Shenzhen\n07,Guangdong\n0851,Guiyang\n";
    let table = Table::parse("t", rows, None, &[]).unwrap();
    let compiled = Compiled::new(host, wasm).unwrap();
    let source = component::Source {
        name: "calls",
        component: &compiled,
        config: format!(r#"{{"function":"{function}"}}"#),
        secrets: Secrets::default(),
        limits: generous(),
        tables: BTreeMap::from([("t".to_owned(), Arc::new(table))]),
        grants: Grants::default(),
    };
    Arc::new(Plugin::load(source).unwrap())
}

/// Time of one record, in microseconds.
fn one(workers: &mut Instances, plugin: &Arc<Plugin>) -> f64 {
    let record = record(SEED);
    let times = (0..ROUNDS).map(|_| {
        let before = cpu_time();
        for _ in 0..RECORDS {
            workers.process(plugin, &record).unwrap();
        }
        cpu_time().saturating_sub(before).as_secs_f64() * 1e6 / f64::from(RECORDS)
    });
    median(times.collect())
}

#[test]
#[ignore = "measures; see the top of the file"]
fn what_a_call_costs() {
    let host = Host::new(None).unwrap();
    let wasm = guest();
    let mut workers = Instances::default();
    let nothing = one(&mut workers, &plugin(&host, &wasm, "nothing"));
    for function in FUNCTIONS {
        let time = one(&mut workers, &plugin(&host, &wasm, function));
        println!("{function}: {:.2} us", (time - nothing) / CALLS);
    }
}
