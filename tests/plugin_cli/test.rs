//! `plugin test`: cases in plain files, run by the real host.

use std::path::Path;

use super::{folder::Folder, plugin, printed};
use crate::harness::{SEED, field};

/// A record that tells the hostile guest what to do.
fn telling(behaviour: &str) -> String {
    format!("record = '{{\"Uui\": \"{behaviour}\"}}'\n")
}

#[test]
fn the_cases_of_the_standard_plugins_pass() {
    let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    for name in ["attribution", "filter", "map", "phone-mask", "redact"] {
        let cases = plugins.join(name).join("cases");
        let cases = cases.to_str().expect("a path in Unicode");
        let output = plugin(
            Path::new("."),
            &["test", &format!("builtin:{name}"), "--cases", cases],
        );
        let shown = printed(&output, 0);
        assert!(shown.matches("ok  ").count() >= 3, "{name}: {shown}");
    }
}

#[test]
fn every_outcome_can_be_expected() {
    let folder = Folder::new();
    for (name, case) in [
        ("kept", telling("abc") + "[expect]\nunchanged = true\n"),
        ("dropped", telling("drop:gone") + "expect.drop = \"gone\"\n"),
        ("suspended", telling("suspend:ask the author") + "expect.suspend = \"ask\"\n"),
        (
            "panics",
            telling("panic:no prefix") + "[expect]\nfailure = \"panic\"\nmessage = \"no prefix\"\n",
        ),
        ("traps", telling("trap") + "expect.failure = \"trap\"\n"),
        ("late", "deadline_ms = 20\n".to_owned() + &telling("loop") + "expect.failure = \"deadline\"\n"),
        (
            "refused",
            "config.configure = \"suspend:not so\"\n[[expect.refused]]\nat = \"/configure\"\nmessage = \"not so\"\n"
                .to_owned(),
        ),
        (
            "by-config",
            "config.process = \"drop:all\"\nrecord = '{}'\nexpect.drop = \"all\"\n".to_owned(),
        ),
    ] {
        folder.write(&format!("cases/{name}.toml"), &case);
    }
    folder.write("cases/seed.in.json", SEED);
    folder.write(
        "cases/seed.toml",
        "[expect.members]\n\"/Uui\" = \"abc\"\n\"/SeatUser/SkillGroupNameList\" = [\"顾问外呼\"]\n",
    );
    let shown = printed(&folder.test(&[]), 0);
    assert!(shown.contains("9 passed"), "{shown}");
}

#[test]
fn what_a_case_grants_is_there() {
    let folder = Folder::new();
    let granted = "grant = { clock = true, random = true }\n";
    // The clock moves on and no two numbers are alike: that is what was granted,
    // and no lack of purity.
    let random = granted.to_owned() + &telling("random") + "expect.keep = true\n";
    let late = "deadline_ms = 20\n".to_owned() + granted + &telling("sleep");
    folder
        .write("cases/random.toml", &random)
        .write(
            "cases/sleeps.toml",
            &(late + "expect.failure = \"deadline\"\n"),
        )
        .write(
            "cases/still.toml",
            &(telling("clock") + "expect.members = { \"/Seconds\" = 0 }\n"),
        )
        .write(
            "cases/moves.toml",
            &(granted.to_owned() + &telling("clock") + "expect.members = { \"/Seconds\" = 0 }\n"),
        );
    let shown = printed(&folder.test(&[]), 1);
    assert!(shown.contains("FAILED   moves"), "{shown}");
    assert!(shown.contains("3 passed, 1 failed"), "{shown}");
    folder.write(
        "cases/moves.toml",
        &("grant.state = {}\n".to_owned() + &telling("clock")),
    );
    let refused = printed(&folder.test(&["--filter", "moves"]), 1);
    assert!(refused.contains("only stages remember"), "{refused}");
}

#[test]
fn an_event_of_the_gateway_is_a_record_like_any_other() {
    let folder = Folder::new();
    folder.write("stopped.json", r#"{"type":"source.stopped","data":{}}"#);
    printed(
        &folder.test(&["--record", "stopped.json", "--kind", "event"]),
        0,
    );
    let case = folder.read("cases/stopped.toml");
    assert!(case.contains("kind = \"event\""), "{case}");
    let shown = printed(&folder.test(&[]), 0);
    assert!(shown.contains("1 passed"), "{shown}");
}

#[test]
fn what_differs_is_shown_line_by_line() {
    let folder = Folder::new();
    let record = "record = '{\"Uui\": \"abc\", \"n\": 1.0, \"tel\": \"1\"}'\n";
    for (name, case, lines) in [
        (
            "verdict",
            telling("drop:gone") + "expect.drop = \"away\"\n",
            &["- drop: away", "+ drop: gone"][..],
        ),
        (
            "record",
            record.to_owned() + "expect.record = '{\"Uui\":\"abc\",\"n\":1,\"tel\":\"1\"}'\n",
            &["-   \"n\": 1,", "+   \"n\": 1.0,", "      \"tel\": \"1\""],
        ),
        (
            "members",
            record.to_owned()
                + "[expect]\nabsent = [\"/tel\"]\nmembers = { \"/Uui\" = \"x\", \"/none\" = 1 }\n",
            &[
                "/Uui",
                "- \"x\"",
                "+ \"abc\"",
                "/none",
                "+ nothing",
                "/tel",
                "- nothing",
            ],
        ),
        (
            "tags",
            record.to_owned() + "tags = { a = \"1\" }\nexpect.tags = { b = \"2\" }\n",
            &["- b = 2", "+ a = 1"],
        ),
        (
            "log",
            telling("log-flood") + "expect.log = [\"info: line 0\"]\n",
            &["- info: line 0", "+ info: line 15 of a flood"],
        ),
        (
            "counters",
            telling("count-flood") + "expect.counters = { nothing = 1 }\n",
            &["- nothing = 1", "+ flood_31 = 1"],
        ),
        (
            "failure",
            telling("panic:no prefix") + "expect.keep = true\n",
            &["- keep", "+ failure panic: panicked: no prefix"],
        ),
    ] {
        folder.write(&format!("cases/{name}.toml"), &case);
        let shown = printed(&folder.test(&["--filter", name]), 1);
        for line in lines {
            assert!(shown.contains(line), "{name}: no {line} in {shown}");
        }
        let json = printed(&folder.test(&["--filter", name, "--json"]), 1);
        assert_eq!(field(&json, "/cases/0/result"), "failed", "{name}");
        assert_eq!(field(&json, "/failed"), 1, "{name}");
    }
}

#[test]
fn an_update_writes_what_was_found_and_leaves_the_rest() {
    let folder = Folder::new();
    folder
        .write(
            "cases/dropped.toml",
            &format!(
                "# Why this is here.\n{}\n# So be it.\n[expect]\ndrop = \"away\" # no more\n\n# In the table.\n[rows.vip]\n1 = \"x\"\n",
                telling("drop:gone")
            ),
        )
        .write("cases/new.toml", &telling("suspend:ask"))
        .write("cases/beside.in.json", "{\n  \"Uui\": \"abc\"\n}\n")
        .write("cases/members.toml", &(telling("abc") + "[expect.members]\n\"/Uui\" = \"x\"\n"));
    let shown = printed(&folder.test(&["--update"]), 0);
    assert!(shown.contains("0 passed, 4 updated"), "{shown}");
    assert_eq!(
        folder.read("cases/dropped.toml"),
        format!(
            "# Why this is here.\n{}\n# So be it.\n[expect]\ndrop = \"gone\"\n\n# In the table.\n[rows.vip]\n1 = \"x\"\n",
            telling("drop:gone")
        )
    );
    let new = folder.read("cases/new.toml");
    assert!(new.ends_with("\n[expect]\nsuspend = \"ask\"\n"), "{new}");
    assert_eq!(
        folder.read("cases/beside.toml"),
        "[expect]\nunchanged = true\n"
    );
    let members = folder.read("cases/members.toml");
    assert!(members.contains("\"/Uui\" = \"abc\""), "{members}");
    let shown = printed(&folder.test(&[]), 0);
    assert!(shown.contains("4 passed"), "{shown}");
}

#[test]
fn a_case_is_made_of_a_record() {
    let folder = Folder::new();
    folder.write("call.json", SEED).write("odd.json", "[1]");
    let shown = printed(&folder.test(&["--record", "call.json"]), 0);
    assert!(
        shown.contains("cases/call.toml expects what was found: keep"),
        "{shown}"
    );
    assert_eq!(folder.read("cases/call.in.json"), SEED.trim_end());
    let drop = [
        "--record",
        "call.json",
        "--name",
        "by-config",
        "--config",
        r#"{"process": "drop:x"}"#,
    ];
    printed(&folder.test(&drop), 0);
    let shown = printed(&folder.test(&[]), 0);
    assert!(shown.contains("2 passed"), "{shown}");

    for (arguments, code, expected) in [
        (
            &["--record", "call.json"][..],
            1,
            "cases/call.toml is there already",
        ),
        (&["--record", "nowhere.json"], 1, "cannot read nowhere.json"),
        (
            &["--record", "call.json", "--name", "b", "--config", "[]"],
            2,
            "a config is a JSON object",
        ),
        (
            &["--record", "call.json", "--name", "b", "--kind", "fax"],
            2,
            "known are cdr",
        ),
        (&["--name", "b"], 2, "--record"),
        (
            &[
                "--record",
                "call.json",
                "--name",
                "b",
                "--config",
                r#"{"configure": "suspend:no"}"#,
            ],
            1,
            "give the one that it needs with --config",
        ),
    ] {
        let refused = printed(&folder.test(arguments), code);
        assert!(refused.contains(expected), "{arguments:?}: {refused}");
    }
}

#[test]
fn what_is_wrong_with_a_case_is_told_at_its_line() {
    let folder = Folder::new();
    let refused = printed(&folder.test(&[]), 1);
    assert!(
        refused.contains("there are no cases in cases") && refused.contains("--record call.json"),
        "{refused}"
    );
    for (name, case, expected) in [
        ("key", "recrod = '{}'\n", "did you mean `record`?"),
        ("toml", "record = {\n", "toml.toml:1:"),
        ("json", "\nrecord = '{\"a\": }'\n", "json.toml:2:1"),
        ("list", "record = '[]'\n", "a record is a JSON object"),
        (
            "none",
            "kind = \"cdr\"\n",
            "put NAME.in.json beside the case",
        ),
        (
            "file",
            "record.file = \"gone.json\"\n",
            "relative to the case",
        ),
        ("kind", "record = '{}'\nkind = \"fax\"\n", "kind.toml:2:8"),
        (
            "time",
            "record = '{}'\nreceived = \"today\"\n",
            "is not a time",
        ),
        (
            "both",
            "record = '{}'\nexpect = { keep = true, drop = \"x\" }\n",
            "exclude each other",
        ),
        (
            "ended",
            "record = '{}'\nexpect = { drop = \"x\", unchanged = true }\n",
            "there is no record out",
        ),
        (
            "message",
            "record = '{}'\nexpect = { drop = \"x\", message = \"y\" }\n",
            "is about a failure",
        ),
        (
            "table",
            "record = '{}'\n[table.vip]\nfile = \"vip.csv\"\n",
            "there is no file",
        ),
        (
            "pointer",
            "record = '{}'\nexpect.absent = [\"a\"]\n",
            "JSON Pointer",
        ),
    ] {
        folder.write(&format!("cases/{name}.toml"), case);
        let refused = printed(&folder.test(&["--filter", name]), 1);
        assert!(refused.contains(expected), "{name}: {refused}");
        assert!(refused.contains("1 cannot be read"), "{name}: {refused}");
    }
    folder.write(
        "cases/good.toml",
        &(telling("abc") + "expect.keep = true\n"),
    );
    let shown = printed(&folder.test(&["--filter", "good"]), 0);
    assert!(shown.contains("1 passed"), "{shown}");
    let refused = printed(&folder.test(&["--filter", "nothing"]), 1);
    assert!(refused.contains("there are good"), "{refused}");
}

#[test]
fn defaults_hold_for_what_a_case_does_not_say() {
    let folder = Folder::new();
    folder
        .write(
            "cases/defaults.toml",
            "config.process = \"drop:all\"\nrecord = '{}'\n",
        )
        .write("cases/default.toml", "expect.drop = \"all\"\n")
        .write("cases/own/defaults.toml", "config.process = \"drop:own\"\n")
        .write("cases/own/nearer.toml", "expect.drop = \"own\"\n")
        .write("cases/own/itself.toml", "config = {}\nexpect.keep = true\n");
    let shown = printed(&folder.test(&[]), 0);
    assert!(
        shown.contains("own/nearer") && shown.contains("3 passed"),
        "{shown}"
    );
    folder.write("cases/defaults.toml", "expect.keep = true\n");
    let refused = printed(&folder.test(&[]), 1);
    assert!(refused.contains("move it to the cases"), "{refused}");
}
