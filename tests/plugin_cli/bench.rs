//! `plugin bench`: what is measured, not how fast this machine is.

use super::{folder::Folder, printed};
use crate::harness::{SEED, field};

#[test]
fn every_case_is_measured_and_held_against_the_limits() {
    let folder = Folder::new();
    folder
        .write("cases/seed.in.json", SEED)
        .write(
            "cases/drop.toml",
            "record = '{\"Uui\": \"drop:x\"}'\nexpect.drop = \"x\"\n",
        )
        .write(
            "cases/trap.toml",
            "record = '{\"Uui\": \"trap\"}'\nexpect.failure = \"trap\"\n",
        )
        .write(
            "cases/refused.toml",
            "config.configure = \"suspend:no\"\n[[expect.refused]]\nat = \"/configure\"\n",
        );
    let json = printed(&folder.run("bench", &["--seconds", "1", "--json"]), 0);
    for (index, name) in ["drop", "seed"].into_iter().enumerate() {
        let at = |key: &str| field(&json, &format!("/cases/{index}/{key}"));
        assert_eq!(at("name"), name, "{json}");
        let number = |key: &str| at(key).as_f64().expect(key);
        assert!(number("calls") >= 1.0, "{json}");
        assert!(number("p50_us") > 0.0, "{json}");
        assert!(
            number("p50_us") <= number("p99_us") && number("p99_us") <= number("max_us"),
            "{json}"
        );
        assert!(number("memory_bytes") >= 65536.0, "{json}");
        assert_eq!(at("limits/deadline_ms"), 100);
        assert!(
            (number("of_max_memory") - number("memory_bytes") / 671_088.64).abs() < 0.01,
            "{json}"
        );
    }
    assert_eq!(field(&json, "/cases/0/output_bytes"), 0);
    assert_eq!(field(&json, "/cases/1/output_bytes"), SEED.trim_end().len());
    assert_eq!(field(&json, "/left_out/0/name"), "refused");
    assert_eq!(field(&json, "/left_out/1/name"), "trap");

    let shown = printed(&folder.run("bench", &["--seconds", "1"]), 0);
    for words in [
        "calls/s",
        "of deadline_ms = 100",
        "of max_memory_bytes = 67108864",
        "left out: refused, refused",
        "left out: trap, trapped",
    ] {
        assert!(shown.contains(words), "no {words} in {shown}");
    }
}

#[test]
fn a_record_will_do_and_nothing_will_not() {
    let folder = Folder::new();
    let refused = printed(&folder.run("bench", &[]), 1);
    assert!(refused.contains("give a record with --record"), "{refused}");
    folder
        .write("call.json", SEED)
        .write("cases/wrong.toml", "recrod = '{}'\n");
    let shown = printed(
        &folder.run("bench", &["--record", "call.json", "--seconds", "1"]),
        0,
    );
    assert!(shown.contains("call.json"), "{shown}");
    let refused = printed(&folder.run("bench", &[]), 1);
    assert!(
        refused.contains("1 cases cannot be read; `cdr-gateway plugin test` says why"),
        "{refused}"
    );
    for (arguments, code, expected) in [
        (&["--seconds", "0"][..], 2, "not in 1..=600"),
        (
            &["--filter", "x", "--record", "call.json"],
            2,
            "cannot be used with",
        ),
        (&["nowhere"], 1, "cannot read nowhere"),
        (&["builtin:filter"], 1, "say with --cases"),
        (
            &["builtin:sessionize", "--record", "call.json"],
            1,
            "is a stage",
        ),
    ] {
        let refused = printed(&folder.run("bench", arguments), code);
        assert!(refused.contains(expected), "{arguments:?}: {refused}");
    }
}
