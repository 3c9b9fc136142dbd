//! What is right, and what it says.

use std::{fs, path::Path};

use super::{BASE, Folder, inputs, load, load_text};
use crate::config::{DEFAULTS, Inputs, json_schema, model::Driver};

/// The examples that come with the gateway.
const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../config");

#[test]
fn every_example_loads_without_error_or_warning() {
    let environment = [
        "CDR_ADMIN_TOKEN",
        "TCCC_PASSWORD",
        "CRM_WEBHOOK_SECRET",
        "BI_TOKEN",
        "PSEUDONYM_KEY",
        "ON_CALL_TOKEN",
        "QUALITY_TOKEN",
    ];
    let mut count = 0;
    for entry in fs::read_dir(EXAMPLES).expect("there are examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        // Secret files stand beside a copy, since none may stand in the tree.
        let folder = Folder::new();
        fs::create_dir(folder.path().join("secrets")).expect("creates a directory");
        for name in ["switch-token", "rating-password", "fraud-token"] {
            folder.file(&format!("secrets/{name}"), "made up\n");
        }
        let text = fs::read_to_string(&path).expect("readable");
        let loaded = load(&Inputs {
            environment: environment
                .map(|name| (name.into(), "made up".into()))
                .into(),
            ..inputs(vec![folder.file("example.toml", &text)])
        });
        match loaded {
            Ok(loaded) => assert!(
                loaded.warnings.is_empty(),
                "{path:?}: {:?}",
                loaded.warnings
            ),
            Err(found) => panic!("{}:\n{found}", path.display()),
        }
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn quickstart_needs_nothing_but_itself() {
    let path = Path::new(EXAMPLES).join("quickstart.toml");
    let loaded = load(&inputs(vec![path])).expect("loads");
    let names: Vec<_> = loaded
        .config
        .destination
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(names, ["archive", "bi", "crm"]);
    assert!(loaded.config.destination["crm"].numbers.is_none());
}

/// The defaults in the commented text and those of the model are the same,
/// and the text explains every key there is.
#[test]
fn the_built_in_defaults_are_those_of_the_model() {
    let from_text = load(&Inputs::default()).expect("loads").config;
    let from_model: crate::config::Config = serde_json::from_str("{}").expect("all has defaults");
    assert_eq!(
        serde_json::to_value(&from_text).expect("serialises"),
        serde_json::to_value(&from_model).expect("serialises")
    );

    let shown = DEFAULTS
        .lines()
        .map(|line| line.strip_prefix("#: ").unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .replace("NAME", "name");
    let folder = Folder::new();
    let shown = load(&Inputs {
        environment: [("CDR_GATEWAY_ADMIN_TOKEN".into(), "made up".into())].into(),
        ..inputs(vec![folder.file("shown.toml", &shown)])
    })
    .unwrap_or_else(|found| panic!("{found}"));
    let least = load_text(
        "[source.name]\npath = \"/tccc\"\ndialect = \"tccc\"\n[plugin.name]\nwasm = \"builtin:phone-mask\"\n[table.name]\nfile = \"builtin:attribution\"\n[destination.name]\nhttp.url = \"https://crm.example/hooks/{kind}\"\n",
    )
    .unwrap_or_else(|found| panic!("{found}"));
    for (shown, least) in [
        (
            serde_json::to_value(&shown.config.destination),
            serde_json::to_value(&least.config.destination),
        ),
        (
            serde_json::to_value(&shown.config.table),
            serde_json::to_value(&least.config.table),
        ),
    ] {
        let mut shown = shown.expect("serialises");
        if let Some(chain) = shown.pointer_mut("/name/chain") {
            *chain = serde_json::json!([]);
        }
        assert_eq!(shown, least.expect("serialises"));
    }
}

#[test]
fn the_defaults_explain_every_key() {
    let schema = json_schema();
    let mut open = vec![&schema];
    let mut missing = Vec::new();
    while let Some(value) = open.pop() {
        if let Some(properties) = value.get("properties").and_then(|one| one.as_object()) {
            let unexplained = |key: &&String| !DEFAULTS.contains(key.as_str());
            missing.extend(properties.keys().filter(unexplained).cloned());
        }
        match value {
            serde_json::Value::Object(object) => open.extend(object.values()),
            serde_json::Value::Array(array) => open.extend(array),
            _ => {}
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn later_layers_win_and_know_their_place() {
    let folder = Folder::new();
    let first = folder.file(
        "a.toml",
        &format!("{BASE}[ingest]\nlisten = \"127.0.0.1:1\"\n"),
    );
    let further = folder.file(
        "b.toml",
        "[destination.old-crm]\nhttp.url = \"http://h/y\"\nretired = true\n",
    );
    let loaded = load(&Inputs {
        files: vec![first, further],
        environment: [
            ("CDR_GATEWAY__INGEST__LISTEN".into(), "127.0.0.1:2".into()),
            (
                "CDR_GATEWAY__DESTINATION__OLD_CRM__CONCURRENCY".into(),
                "3".into(),
            ),
            ("UNRELATED".into(), "x".into()),
        ]
        .into(),
        flags: vec![("journal.linger_ms".into(), "0".into())],
    })
    .unwrap_or_else(|found| panic!("{found}"));
    let config = &loaded.config;
    assert_eq!(config.ingest.listen.port(), 2);
    assert_eq!(config.destination["old-crm"].concurrency.bounds(), (3, 3));
    assert_eq!(config.journal.linger_ms, 0);

    let line = |path: &[&str]| {
        loaded
            .sources
            .locate(path)
            .map(|place| (place.line, place.column))
    };
    assert_eq!(
        line(&["destination", "old-crm", "http", "url"]),
        Some((Some(2), Some(6)))
    );
    assert_eq!(line(&["source", "in", "path"]), Some((Some(2), Some(1))));
    assert_eq!(line(&["ingest", "listen"]), Some((None, None)));
    assert_eq!(line(&["nothing"]), None);
    assert_eq!(
        loaded.sources.nearest(&["source", "in", "strict"]).line,
        Some(1)
    );
}

#[test]
fn secrets_are_read_and_do_not_count_for_the_digest() {
    let folder = Folder::new();
    let text =
        format!("{BASE}http.auth.bearer.file = \"token\"\nhttp.sign.secret.env = \"SIGN\"\n");
    let file = folder.file("gateway.toml", &text);
    let mut digests = Vec::new();
    for (token, expected) in [("abc\n", "abc"), ("def\r\n", "def"), ("g h", "g h")] {
        folder.file("token", token);
        let loaded = load(&Inputs {
            environment: [("SIGN".into(), "whsec_x".into())].into(),
            ..inputs(vec![file.clone()])
        })
        .unwrap_or_else(|found| panic!("{found}"));
        let Driver::Http(http) = &loaded.config.destination["out"].driver else {
            panic!("an http destination");
        };
        let shown = format!("{http:?}");
        assert!(!shown.contains(expected), "{shown}");
        let Some(crate::config::model::DestinationAuth::Bearer(secret)) = &http.auth else {
            panic!("a bearer token");
        };
        assert_eq!(secret.expose(), expected);
        digests.push(loaded.digest);
    }
    digests.dedup();
    assert_eq!(digests.len(), 1);
    let other = load_text(&BASE.replace("/in", "/other")).expect("loads");
    assert_ne!(other.digest, digests[0]);
}

#[test]
fn batches_have_defaults() {
    let text = format!("{BASE}http.batch = {{}}\nhttp.compress = \"gzip\"\n");
    let loaded = load_text(&text).unwrap_or_else(|found| panic!("{found}"));
    assert!(loaded.warnings.is_empty(), "{:?}", loaded.warnings);
    let Driver::Http(http) = &loaded.config.destination["out"].driver else {
        panic!("an http destination");
    };
    let batch = http.batch.as_ref().expect("batches");
    assert_eq!((batch.max_records, batch.max_wait_ms), (100, 1000));
    assert!(load_text(BASE).is_ok_and(|loaded| {
        let driver = &loaded.config.destination["out"].driver;
        matches!(driver, Driver::Http(http) if http.batch.is_none())
    }));
}

#[test]
fn paths_of_components_start_at_their_file() {
    let folder = Folder::new();
    folder.file("my.wasm", "");
    let text = format!("{BASE}chain = [\"m\"]\n[plugin.m]\nwasm = \"my.wasm\"\n");
    let file = folder.file("gateway.toml", &text);
    let loaded = load(&inputs(vec![file])).unwrap_or_else(|found| panic!("{found}"));
    assert_eq!(
        Path::new(&loaded.config.plugin["m"].wasm),
        folder.path().join("my.wasm")
    );
}

#[test]
fn the_schema_describes_every_key() {
    let schema = json_schema();
    let definitions = schema["$defs"].as_object().expect("definitions");
    for (name, definition) in definitions {
        let properties = definition.get("properties").and_then(|one| one.as_object());
        for (key, property) in properties.into_iter().flatten() {
            assert!(property.get("description").is_some(), "{name}.{key}");
        }
    }
    assert_eq!(schema["properties"]["route"]["type"], "array");
}
