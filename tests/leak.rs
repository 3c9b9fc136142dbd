//! A guest that leaks: its instances are retired, and the memory of the process
//! stays what it was.
//!
//! `make test` looks at it through the gateway; `make soak` makes ten million calls of
//! the plugin host itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use cdr_gateway::{
    config::model::PluginHost,
    plugin::{
        Compiled, Grants, Host, Instances, Limits, Plugin, Record, Secrets, Tables, Verdict,
        component::Source,
    },
    record::{Arrival, ArrivalId, Document, Kind, Seq, Tags},
};

use crate::harness::{Gateway, Receiver, SEED, hostile, proven};

/// A leak, and why its instances are retired.
struct Leak {
    /// Bytes that each call leaks.
    bytes: usize,
    max_calls: u64,
    reason: &'static str,
}

const LEAKS: [Leak; 2] = [
    Leak {
        bytes: 4096,
        max_calls: u64::MAX,
        reason: "memory_growth",
    },
    Leak {
        bytes: 64,
        max_calls: 10_000,
        reason: "calls",
    },
];

const MAX_MEMORY_BYTES: usize = 16 << 20;

#[test]
fn instances_that_leak_or_are_old_are_retired() {
    for (behaviour, settings, reason) in [
        (
            "leak:4194304",
            "plugin_host.max_memory_bytes = 16777216",
            "memory_growth",
        ),
        ("leak:64", "plugin_host.max_calls = 3", "calls"),
    ] {
        let crm = Receiver::start();
        let gateway = Gateway::start(&format!(
            r#"
            plugin_host.workers = 1
            {settings}
            [source.tccc]
            path = "/tccc"
            dialect = "tccc"
            [plugin.leaky]
            wasm = {wasm:?}
            config.process = {behaviour:?}
            [[route]]
            name = "all"
            from = ["tccc"]
            to = ["crm"]
            [destination.crm]
            http.url = "{crm}"
            chain = ["leaky"]
            "#,
            wasm = hostile().display().to_string(),
            crm = crm.url(),
        ));
        for index in 0..10 {
            gateway.push("cdr", &SEED.replace("\"abc\"", &format!("\"{index}\"")));
        }
        gateway.wait_for_count("crm", "delivered", 10);
        let plugin = gateway.api("/plugins/leaky");
        let retired = plugin["counts"]["retired"][reason].as_u64();
        let retired = retired.unwrap_or_else(|| panic!("{plugin}"));
        assert!((3..=10).contains(&retired), "{reason}: {plugin}");
        assert_eq!(plugin["counts"]["calls"]["keep"], 10);
        let (_, metrics) = gateway.get("/metrics");
        for (name, least) in [
            ("cdr_gateway_plugin_instances_retired_total", retired),
            ("cdr_gateway_plugin_instances", 0),
            ("cdr_gateway_plugin_memory_bytes", 0),
        ] {
            let line = metrics.lines().find(|line| {
                line.starts_with(&format!(
                    "{name}{{plugin=\"leaky\",version=\"0.1.0\",digest=\""
                ))
            });
            let line = line.unwrap_or_else(|| panic!("{name} in\n{metrics}"));
            let value: u64 = line.rsplit_once(' ').unwrap().1.parse().unwrap();
            assert!(value >= least && value <= 16 << 20, "{line}");
        }
    }
}

/// Calls, half of them of each leak.
const CALLS: usize = 10_000_000;

/// Of them, those after which the memory is what it will be.
const WARM_UP: usize = CALLS / 20;

/// What the memory of the process may differ by, in bytes: its allocator's habits.
const SLACK: u64 = 16 << 20;

#[test]
#[ignore = "takes minutes: make soak"]
fn ten_million_calls_of_a_leaking_guest_leave_memory_flat() {
    let host = Host::new(None).expect("a host");
    let mut told = Vec::new();
    for leak in &LEAKS {
        let plugin = Arc::new(load(&host, leak));
        let record = record();
        let mut instances = Instances::default();
        call(&mut instances, &plugin, &record, WARM_UP);
        let before = resident();
        let began = Instant::now();
        let calls = CALLS / LEAKS.len() - WARM_UP;
        let mut most = before;
        for _ in 0..10 {
            call(&mut instances, &plugin, &record, calls / 10);
            most = most.max(resident());
        }
        let took = began.elapsed();
        let retired = plugin.tally.counts().retired;
        assert_eq!(retired.keys().copied().collect::<Vec<_>>(), [leak.reason]);
        assert!(
            most < before + SLACK,
            "{}: from {before} to {most} bytes",
            leak.reason
        );
        told.push(format!(
            "{} bytes leaked a call: {} instances retired by {}, memory of the process from {} to {} MiB at most, {:.1} µs a call",
            leak.bytes,
            retired[leak.reason],
            leak.reason,
            before >> 20,
            most >> 20,
            per_call(took, calls),
        ));
    }
    proven(
        "Plugins: ten million calls of a guest that leaks",
        &told.join("; "),
    );
}

#[allow(clippy::cast_precision_loss, reason = "a figure for people")]
fn per_call(took: Duration, calls: usize) -> f64 {
    took.as_secs_f64() * 1e6 / calls as f64
}

fn call(instances: &mut Instances, plugin: &Arc<Plugin>, record: &Record, times: usize) {
    for _ in 0..times {
        let processed = instances.process(plugin, record).expect("it works");
        assert_eq!(processed.verdict, Verdict::Keep);
    }
}

fn load(host: &Host, leak: &Leak) -> Plugin {
    let wasm = std::fs::read(hostile()).expect("a component");
    let compiled = Compiled::new(host, &wasm).expect("a component");
    let source = Source {
        name: "leaky",
        component: &compiled,
        secrets: Secrets::default(),
        config: format!(r#"{{"process":"leak:{}"}}"#, leak.bytes),
        limits: Limits {
            deadline: Duration::from_secs(10),
            configure_deadline: Duration::from_secs(10),
            max_memory_bytes: MAX_MEMORY_BYTES,
            max_calls: leak.max_calls,
            ..Limits::from(&PluginHost::default())
        },
        tables: Tables::new(),
        grants: Grants::default(),
    };
    Plugin::load(source).expect("a plugin")
}

fn record() -> Record {
    let arrival = Arc::new(Arrival {
        seq: Seq(1),
        id: "019aa5a5-6d1c-7e30-9c1f-2b1f5c1d0e4a"
            .parse::<ArrivalId>()
            .unwrap(),
        received: "2026-01-01T00:00:00Z".parse().unwrap(),
        source: "tccc".into(),
        kind: Kind::Cdr,
        session: None,
        tags: Tags::default(),
        defect: None,
        body: SEED.into(),
        corrections: Vec::new(),
    });
    Record {
        document: Document::parse(arrival.body.clone()).expect("a document"),
        arrival,
        tags: Tags::default(),
        number_places: Arc::default(),
    }
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let resident = status.lines().find_map(|line| {
        let kilobytes = line.strip_prefix("VmRSS:")?.strip_suffix("kB")?;
        kilobytes.trim().parse::<u64>().ok()
    });
    resident.expect("its memory") * 1024
}
