//! What is refused before a plugin runs: components for other gateways, imports
//! that nobody is given, and configs that the plugin does not take.

use std::fs;

use serde_json::Value;

use crate::harness::{Gateway, Receiver, SEED, Workspace, command, hostile};

fn config(crm: &Receiver, plugin: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        [[route]]
        name = "all"
        from = ["tccc"]
        to = ["crm"]
        [destination.crm]
        http.url = "{crm}"
        chain = ["tried"]
        [plugin.tried]
{plugin}
        "#,
        crm = crm.url(),
    )
}

/// The errors of a check: line within the plugin's table, key, message, help.
fn errors(workspace: &Workspace) -> Vec<(u64, String, String, String)> {
    let mut check = command();
    check
        .args(["check", "--json", "--config"])
        .arg(workspace.config());
    let output = check.output().expect("it runs");
    let found: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let text = fs::read_to_string(workspace.config()).expect("a configuration");
    let table = text
        .lines()
        .position(|line| line.contains("[plugin.tried]"));
    let table = table.expect("the plugin's table") as u64 + 1;
    let errors = found["errors"].as_array().expect("a list").iter();
    let said = |error: &Value, key: &str| error[key].as_str().unwrap_or_default().to_owned();
    let errors = errors.map(|error| {
        let line = error["line"].as_u64().unwrap_or_default();
        (
            line.saturating_sub(table),
            said(error, "key"),
            said(error, "message"),
            said(error, "remedy"),
        )
    });
    errors.collect()
}

/// The hostile guest with other names in its imports.
fn altered(workspace: &Workspace, from: &str, to: &str) {
    let wasm = fs::read(hostile()).expect("the guest");
    let (from, to) = (from.as_bytes(), to.as_bytes());
    assert_eq!(from.len(), to.len());
    let mut altered = wasm.clone();
    let mut at = 0;
    while let Some(found) = altered[at..]
        .windows(from.len())
        .position(|window| window == from)
    {
        at += found;
        altered[at..at + to.len()].copy_from_slice(to);
    }
    assert_ne!(altered, wasm, "the guest imports it");
    fs::write(workspace.path("altered.wasm"), altered).expect("a file");
}

#[test]
fn a_component_for_another_gateway_or_another_host_says_so() {
    let crm = Receiver::start();
    let cases = [
        (
            "@0.1.0",
            "@0.2.0",
            "is built for version 0.2.0 of the plugin contract: a gateway of version 0.2.0 or later serves it",
        ),
        ("@0.1.0", "@0.0.9", "is older than those that this gateway"),
        (
            "wasi:cli/stdin@",
            "wasi:tcp/stdin@",
            "imports wasi:tcp/stdin@",
        ),
        ("process", "recycle", "does not export process"),
    ];
    for (from, to, expected) in cases {
        let workspace = Workspace::new(&config(&crm, "wasm = \"altered.wasm\""));
        altered(&workspace, from, to);
        let errors = errors(&workspace);
        let [(line, key, message, _)] = errors.as_slice() else {
            panic!("{to}: {errors:?}");
        };
        assert_eq!((*line, key.as_str()), (1, "plugin.tried.wasm"), "{to}");
        assert!(message.contains(expected), "{to}: {message}");
    }
}

#[test]
fn a_config_is_held_against_the_plugins_schema_with_every_error_at_its_place() {
    let plugin = "wasm = \"builtin:filter\"\n[[plugin.tried.config.rules]]\ndorp = \"short\"\nwhen = 7\n\
                  [[plugin.tried.config.rules]]\nkeep = \"all\"\nsample = { share = 1, by = 3 }";
    let workspace = Workspace::new(&config(&Receiver::start(), plugin));
    let found = errors(&workspace);
    let expect = |line, key: &str, message: &str, help: &str| {
        let is = |error: &&(u64, String, String, String)| {
            (error.0, error.1.as_str()) == (line, key)
                && error.2.contains(message)
                && error.3.contains(help)
        };
        assert!(
            found.iter().any(|error| is(&error)),
            "{key} {message}: {found:#?}"
        );
    };
    let rule = "plugin.tried.config.rules.0";
    expect(
        3,
        &format!("{rule}.dorp"),
        "unknown key `dorp`",
        "did you mean `drop`?",
    );
    expect(
        4,
        &format!("{rule}.when"),
        "expected a string",
        "write a string",
    );
    expect(
        7,
        "plugin.tried.config.rules.1.sample.by",
        "expected a string",
        "",
    );
}

#[test]
fn what_only_the_plugin_can_know_it_says_itself_and_in_time() {
    let (crm, wasm) = (Receiver::start(), hostile().display().to_string());
    let cases = [
        (
            "config.process = \"\"\nconfig.configure = \"suspend:not today\"",
            3,
            "plugin.tried.config.configure",
            "refuses its config: not today",
        ),
        (
            "config.configure = \"loop\"",
            1,
            "plugin.tried.wasm",
            "configure exceeded its deadline of 50 ms",
        ),
        (
            "config.configure = \"panic:no luck\"",
            1,
            "plugin.tried.wasm",
            "configure panicked: no luck",
        ),
    ];
    for (said, line, key, message) in cases {
        let plugin = format!("wasm = {wasm:?}\n{said}");
        let text = format!(
            "plugin_host.configure_deadline_ms = 50\n{}",
            config(&crm, &plugin)
        );
        let errors = errors(&Workspace::new(&text));
        let [found] = errors.as_slice() else {
            panic!("{said}: {errors:?}");
        };
        assert_eq!((found.0, found.1.as_str()), (line, key), "{said}");
        assert!(found.2.contains(message), "{said}: {found:?}");
    }
}

/// A guest of 20 MB, as Python's and JavaScript's are: mostly data.
fn large() -> Vec<u8> {
    fn sized(id: u8, content: &[u8]) -> Vec<u8> {
        let mut section = vec![id];
        let mut length = content.len();
        loop {
            let byte = u8::try_from(length % 128).expect("seven bits");
            length /= 128;
            section.push(if length == 0 { byte } else { byte | 128 });
            if length == 0 {
                break;
            }
        }
        section.extend_from_slice(content);
        section
    }
    // No cache has met it before.
    let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut state = seed.expect("a time").as_nanos();
    let noise = (0..20_000_000).map(|_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        state.to_le_bytes()[7]
    });
    let noise: Vec<u8> = noise.collect();
    // One passive data segment, in a core module, in the component.
    let segment = sized(1, &noise);
    let data = sized(11, &[&[1], segment.as_slice()].concat());
    let module = [b"\0asm\x01\0\0\0".as_slice(), &data].concat();
    let mut component = fs::read(hostile()).expect("the guest");
    component.extend(sized(1, &module));
    component
}

#[test]
fn a_large_guest_is_compiled_once() {
    let crm = Receiver::start();
    let text = config(&crm, "wasm = \"large.wasm\"");
    let text = format!("plugin_host.max_memory_bytes = 134217728\n{text}");
    let workspace = Workspace::new(&text);
    fs::write(workspace.path("large.wasm"), large()).expect("a file");
    let gateway = Gateway::start_with(workspace, &[]);
    let compiles = |gateway: &Gateway, outcome: &str| {
        let (_, metrics) = gateway.get("/metrics");
        let name = format!("cdr_gateway_plugin_compiles_total{{outcome=\"{outcome}\"}} ");
        let line = metrics
            .lines()
            .find_map(|line| line.strip_prefix(&name).map(str::to_owned));
        line.map_or(0, |count| count.parse::<u64>().expect("a count"))
    };
    assert_eq!(
        (compiles(&gateway, "cached"), compiles(&gateway, "compiled")),
        (0, 1)
    );
    let gateway = gateway.kill_and_restart();
    assert_eq!(
        (compiles(&gateway, "cached"), compiles(&gateway, "compiled")),
        (1, 0)
    );
    gateway.push("cdr", SEED);
    crm.wait_for(1);
}
