//! Routes and plugins, as a configuration makes them. Plugins are only timed: where
//! it was tried, counting a call of one under Callgrind did not end within minutes.

use std::hint::black_box;

use cdr_gateway::{
    config::{Inputs, compile::compile, load, revision::Revision},
    plugin::{Host, Instances, Record},
    route::when::{View, When},
};

use super::fixture::{SEED, arrival, document};
use crate::work::{Doing, Work};

/// Instances are replaced far later, deadlines are never met.
const CONFIG: &str = r#"
    plugin_host.max_calls = 1000000000
    plugin_host.deadline_ms = 60000
    plugin_host.configure_deadline_ms = 60000
    [source.tccc]
    path = "/tccc"
    dialect = "tccc"
    [plugin.keep]
    wasm = "builtin:filter"
    config.drop_rest = "rest"
    config.rules = [{ keep = "all", sample = { share = 1.0 } }]
    [plugin.read]
    wasm = "builtin:filter"
    config.rules = [{ drop = "short", when = 'cdr.Duration < 0' }]
    [plugin.mask]
    wasm = "builtin:phone-mask"
    [plugin.attribution]
    wasm = "builtin:attribution"
    [[route]]
    name = "keep"
    from = ["tccc"]
    when = 'kind == "voicemail"'
    chain = ["keep"]
    to = ["out"]
    [[route]]
    name = "read"
    from = ["tccc"]
    when = 'kind == "cdr" && cdr.Duration > 10'
    chain = ["read"]
    to = ["out"]
    [[route]]
    name = "mask"
    from = ["tccc"]
    when = 'kind == "cdr" && cdr.TelLocation.TelNumber.startsWith("0086")'
    chain = ["mask"]
    to = ["out"]
    [[route]]
    name = "attribution"
    from = ["tccc"]
    chain = ["attribution"]
    to = ["out"]
    [destination.out]
    http.url = "https://crm.example/"
"#;

pub const WORKS: &[Work] = &[
    Work::new("route/when", when),
    Work::new("route/decide", decide).timed(),
    Work::new("plugin/filter-keep", || call("keep")).timed(),
    Work::new("plugin/filter-when", || call("read")).timed(),
    Work::new("plugin/phone-mask", || call("mask")).timed(),
    Work::new("plugin/attribution", || call("attribution")).timed(),
];

fn revision() -> Revision {
    // Another work may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gateway.toml");
    std::fs::write(&file, CONFIG).unwrap();
    let inputs = Inputs {
        files: vec![file],
        ..Inputs::default()
    };
    let loaded = load(&inputs).unwrap();
    let host = Host::new(None).unwrap();
    compile(&host, &loaded).unwrap().numbered(1)
}

fn record(revision: &Revision) -> Record {
    let journey = revision.journey(&arrival(SEED));
    journey.record().unwrap()
}

fn when() -> Doing {
    let expression = r#"kind == "cdr" && cdr.TelLocation.TelNumber.startsWith("0086")"#;
    let when = When::compile(expression).unwrap();
    let (arrival, document) = (arrival(SEED), document(SEED));
    Box::new(move || {
        let view = View {
            kind: arrival.kind,
            source: &arrival.source,
            tags: &arrival.tags,
            cdr: &document,
        };
        assert!(when.matches(black_box(&view)).unwrap());
    })
}

fn decide() -> Doing {
    let (revision, arrival) = (revision(), arrival(SEED));
    let record = record(&revision);
    Box::new(move || {
        black_box(revision.routes.decide(&arrival, Some(&record.document)));
    })
}

/// A call of the plugin of a route, on a warm instance.
fn call(route: &'static str) -> Doing {
    let revision = revision();
    let chain = revision.routes.iter().find(|one| one.name == route);
    let (chain, lane) = chain.map(|it| (it.chain.clone(), it.lane.clone())).unwrap();
    let (record, mut instances) = (record(&revision), Instances::default());
    Box::new(move || {
        black_box(chain.run_with(&lane, &mut instances, black_box(record.clone())));
    })
}
