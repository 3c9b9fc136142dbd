//! What the author of a plugin sees of it: what each version did, and what it failed
//! on last, with the record for someone who may see payloads.

use serde_json::{Value, json};

use super::{config, telling};
use crate::{
    encryption,
    harness::{Gateway, Receiver, SEED, command, field, hostile, until},
};

fn failures(gateway: &Gateway) -> Vec<Value> {
    let found = gateway.api("/plugins/hostile/failures");
    found.as_array().expect("a list").clone()
}

#[test]
fn what_it_did_and_failed_on_is_seen_with_the_record() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let used = r#"{ use = "hostile", on_error = "drop" }"#;
    let mut text = config(&crm, &bi, used);
    text.push_str("[plugin.unused]\nwasm = \"builtin:attribution\"\n");
    let gateway = Gateway::start(&text);
    let told = telling("panic:no prefix of 18486147605");
    for behaviour in ["keep", "drop:test call", "suspend:help", "trap"] {
        gateway.push("cdr", &telling(behaviour));
    }
    gateway.wait_for_count("crm", "skipped", 2);
    gateway.push("cdr", &told);
    gateway.wait_for_count("crm", "skipped", 3);
    // One that leaves a warm instance.
    gateway.push("cdr", &telling("keep 2"));
    gateway.wait_for_count("crm", "delivered", 2);

    let all = gateway.api("/plugins");
    let names: Vec<_> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["plugin"])
        .collect();
    assert_eq!(names, ["hostile", "unused"]);
    let shown = gateway.api("/plugins/hostile");
    let calls = &shown["counts"]["calls"];
    assert_eq!(calls["keep"], 2, "{shown}");
    for outcome in ["drop", "suspend", "trap", "panic"] {
        assert_eq!(calls[outcome], 1, "{outcome}: {shown}");
    }
    assert_eq!(shown["counts"]["retired"], json!({ "panic": 1, "trap": 1 }));
    assert_eq!(
        (&shown["name"], &shown["version"]),
        (&json!("hostile"), &json!("0.1.0"))
    );
    assert_eq!(shown["digest"].as_str().map(str::len), Some(64));
    assert_eq!(
        shown["used_by"],
        json!([{ "destination": "crm", "on_error": "drop" }])
    );
    assert!(
        shown["counts"]["memory_bytes"].as_u64() > Some(0),
        "{shown}"
    );

    let newest = &shown["failures"][0];
    assert_eq!(
        (&newest["kind"], &newest["times"]),
        (&json!("panic"), &json!(1))
    );
    let error = newest["error"].as_str().expect("a text");
    assert!(error.starts_with("panicked: no prefix of # ("), "{error}");
    assert_eq!(newest["destination"], "crm");
    let skipped = gateway.deliveries("crm", "skipped");
    let mut skipped = skipped.iter();
    let panicked = skipped.find(|one| one["reason"] == "plugin_panic");
    assert_eq!(newest["arrival"], panicked.expect("one")["arrival"]);
    assert_eq!(newest["record"], Value::Null, "the record is told apart");

    let found = failures(&gateway);
    let record = &found[0]["record"];
    assert_eq!(record["body"], told);
    assert_eq!(
        (&record["kind"], &record["source"]),
        (&json!("cdr"), &json!("tccc"))
    );
    assert_eq!(
        (&record["dialect"], &record["config"]),
        (&json!("tccc"), &json!({}))
    );

    saved_failures_fail(&gateway, &told);

    // Nothing of the record is in logs or metrics.
    let (_, metrics) = gateway.get("/metrics");
    for text in [gateway.log(), metrics, shown.to_string()] {
        assert!(!text.contains("18486147605"));
    }
    for arguments in [&["plugin", "list"][..], &["plugin", "show", "hostile"]] {
        let output = gateway.cli(arguments);
        let said = String::from_utf8(output.stdout).expect("a text");
        assert!(said.contains("hostile") && said.contains("panic"), "{said}");
        assert!(!said.contains("18486147605"));
    }
    assert_eq!(gateway.get("/api/v1/plugins/nobody").0, 404);
}

/// `plugin test` tells of these failures of cases in a folder.
fn cases_fail(folder: &str, failures: [&str; 2]) {
    let tested = command()
        .args(["plugin", "test", "--cases", folder])
        .arg(hostile())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&tested.stdout) + String::from_utf8_lossy(&tested.stderr);
    assert_eq!(tested.status.code(), Some(1), "{said}");
    for failure in failures {
        assert!(said.contains(failure), "{failure} in {said}");
    }
}

/// What is saved is a case of `plugin test`, and fails as the record did.
fn saved_failures_fail(gateway: &Gateway, told: &str) {
    let folder = gateway.workspace.path("cases");
    let folder = folder.display().to_string();
    let save = ["plugin", "failures", "hostile", "--save", &folder];
    let saved = gateway.cli(&save);
    assert!(saved.status.success(), "{saved:?}");
    let again = String::from_utf8(gateway.cli(&save).stdout).expect("a text");
    assert_eq!(again.matches("is there already").count(), 2, "{again}");
    let files = std::fs::read_dir(&folder).expect("a folder").flatten();
    let records = files.filter(|file| file.path().to_string_lossy().ends_with(".in.json"));
    let records: Vec<_> = records
        .map(|file| std::fs::read_to_string(file.path()).expect("a record"))
        .collect();
    assert_eq!(records.len(), 2);
    assert!(records.iter().any(|record| record == told));
    cases_fail(&folder, ["no prefix of #", "trapped"]);
}

#[test]
fn what_is_saved_brings_what_the_plugin_had() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let used = r#"{ use = "hostile", on_error = "drop" }"#;
    let files = tempfile::tempdir().expect("a directory");
    let (table, key) = (files.path().join("vip.csv"), files.path().join("key"));
    std::fs::write(&table, "tier,number\ngold,1\n").expect("a table");
    std::fs::write(&key, "drop:not to be saved").expect("a key");
    let more = format!(
        "deadline_ms = 150
        max_memory_bytes = 3145728
        grant.clock = true
        tables = [\"vip\"]
        secrets.process.file = {key:?}
        [table.vip]
        file = {table:?}
        key = \"number\"
        [[route]]"
    );
    let text = config(&crm, &bi, used).replacen("[[route]]", &more, 1);
    let gateway = Gateway::start(&text);
    // Each of them is kept where the usual limits hold and nothing is granted.
    for behaviour in ["sleep", "leak:4194304"] {
        gateway.push("cdr", &telling(behaviour));
    }
    gateway.wait_for_count("crm", "skipped", 2);

    let folder = gateway.workspace.path("cases");
    let folder = folder.display().to_string();
    let save = ["plugin", "failures", "hostile", "--save", &folder, "--json"];
    let saved = gateway.cli(&save);
    let said = String::from_utf8(saved.stdout).expect("a text");
    let saved: Value = serde_json::from_str(&said).expect("JSON");
    let kinds = saved.as_array().expect("a list").iter();
    let mut kinds: Vec<_> = kinds
        .map(|one| (one["kind"].as_str(), one["result"].as_str()))
        .collect();
    kinds.sort_unstable();
    let expected = ["deadline", "memory"].map(|kind| (Some(kind), Some("saved")));
    assert_eq!(kinds, expected);
    assert_eq!(saved[0]["lacks"], json!(["process"]), "{said}");
    let file = saved[0]["file"].as_str().expect("a path");
    let case = std::fs::read_to_string(file).expect("a case");
    assert!(case.contains(&table.display().to_string()), "{case}");
    assert!(!case.contains("not to be saved"), "{case}");
    let again = gateway.cli(&save);
    let again: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(again[0]["result"], "is_there");

    let failures = [
        "exceeded its memory limit of 3145728 bytes",
        "exceeded its deadline of 150 ms",
    ];
    cases_fail(&folder, failures);
}

#[test]
fn failures_are_bounded_and_one_that_repeats_takes_one_place() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let used = r#"{ use = "hostile", on_error = "drop" }"#;
    let text = format!("plugin_host.keep_failures = 3\n{}", config(&crm, &bi, used));
    let gateway = Gateway::start(&text);
    for index in 0..5 {
        gateway.push("cdr", &telling(&format!("panic:{index}")));
    }
    gateway.wait_for_count("crm", "skipped", 5);
    assert_eq!(failures(&gateway).len(), 3);

    let halting = text.replace("\"drop\"", "\"halt\"");
    gateway.workspace.configure(&halting);
    assert_eq!(gateway.api_post("/reload", &json!({})).0, 200);
    gateway.push("cdr", &telling("panic:again and again"));
    let repeated = until("a second probe", || {
        let newest = failures(&gateway).into_iter().next()?;
        (newest["times"].as_u64() > Some(2)).then_some(newest)
    });
    let error = repeated["error"].as_str().expect("a text");
    assert!(error.starts_with("panicked: again and again ("), "{error}");
    assert_eq!(
        failures(&gateway).len(),
        3,
        "what was before a reload is kept"
    );
}

#[test]
fn a_record_is_never_on_disk_and_is_forgotten_with_its_key() {
    let crm = Receiver::start();
    let chain = r#"chain = [{ use = "hostile", on_error = "drop" }]"#;
    let start = r#"start = "beginning""#;
    let text = encryption::config(&crm, encryption::ONE)
        .replace(start, &format!("{start}\n{chain}"))
        + &format!(
            "[plugin.hostile]\nwasm = {:?}\n",
            hostile().display().to_string()
        )
        + "config.process = \"panic:dated\"\n";
    let gateway = encryption::start(encryption::aged(&text, &[3, 0]));
    gateway.wait_for_count("crm", "skipped", 2);
    let readable = |gateway: &Gateway| {
        let found = failures(gateway);
        assert_eq!(found.len(), 2);
        found
            .iter()
            .filter(|one| one["record"]["body"] == SEED)
            .count()
    };
    assert_eq!(readable(&gateway), 2);
    let data = gateway.workspace.path("data");
    let number = "008618486147605";
    assert!(SEED.contains(number));
    assert_eq!(encryption::files_with(&data, number), Vec::<String>::new());

    let day = gateway.api("/keys")["keys"][0]["day"].clone();
    let (status, answer) = gateway.api_post("/keys/drop", &json!({ "day": day }));
    assert_eq!(status, 200, "{answer}");
    assert_eq!(readable(&gateway), 1);
}

#[test]
fn a_flood_of_lines_is_limited_over_all_calls() {
    let (crm, bi) = (Receiver::start(), Receiver::start());
    let text = config(&crm, &bi, r#""hostile""#);
    let gateway = Gateway::start(&format!("plugin_host.max_log_lines_per_s = 20\n{text}"));
    let flood = SEED.replace(r#""Uui": "abc""#, r#""Uui": "log-flood""#);
    for index in 0..8 {
        gateway.push(
            "cdr",
            &flood.replace("SdkAppId\": 14", &format!("SdkAppId\": {}14", index + 1)),
        );
    }
    gateway.wait_for_count("crm", "delivered", 8);
    let log = gateway.log();
    let mut by_second = std::collections::BTreeMap::<String, usize>::new();
    let mut lines = 0;
    for line in log
        .lines()
        .filter(|line| line.contains(r#""target":"plugin""#))
    {
        let second = field(line, "/timestamp").as_str().expect("a time")[..19].to_owned();
        *by_second.entry(second).or_default() += 1;
        assert!(line.contains(r#""plugin":"hostile""#) && line.contains(r#""version":"0.1.0""#));
        assert!(line.contains(r#""arrival":""#), "{line}");
        lines += 1;
    }
    // A second of the clock touches two of the allowance.
    assert!(
        by_second.values().all(|lines| *lines <= 40),
        "{by_second:?}"
    );
    let suppressed = &gateway.api("/plugins/hostile")["counts"]["log_lines_suppressed"];
    assert_eq!(suppressed.as_u64(), Some(80_000 - lines));
}
