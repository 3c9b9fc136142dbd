//! From `plugin new` to a record that went through the new plugin, as a stranger
//! does it, in each language.
//!
//! A language whose tools are not installed is skipped, and said so loudly;
//! `CDR_GATEWAY_GUESTS=required` has it fail.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use crate::harness::{Gateway, Receiver, SEED, TRANSFER, all_to, command, field, not_proven};

/// With the value `required`, a tool that is missing fails the test.
const GUESTS: &str = "CDR_GATEWAY_GUESTS";

#[test]
fn a_new_plugin_in_rust_builds_and_runs() {
    builds_and_runs("rust");
}

#[test]
fn a_new_plugin_in_typescript_builds_and_runs() {
    if there_is("npm") {
        builds_and_runs("typescript");
    }
}

#[test]
fn a_new_plugin_in_python_builds_and_runs() {
    if there_is("python3") {
        builds_and_runs("python");
    }
}

/// Whether a language's tool is installed.
fn there_is(program: &str) -> bool {
    let asked = Command::new(program).arg("--version").output();
    if asked.is_ok_and(|output| output.status.success()) {
        return true;
    }
    let required = std::env::var(GUESTS).is_ok_and(|value| value == "required");
    assert!(!required, "there is no {program}");
    not_proven("plugins in its language", &format!("there is no {program}"));
    false
}

fn builds_and_runs(language: &str) {
    let place = tempfile::tempdir().expect("a directory");
    let folder = new(place.path(), "short-calls", language);
    let wasm = build(&folder);

    let receiver = Receiver::start();
    let config = all_to("crm", &format!("http.url = {:?}", receiver.url()));
    let gateway = Gateway::start(&format!(
        "{config}
        chain = [\"short\"]
        [plugin.short]
        wasm = {:?}
        config = {{ min_seconds = 10 }}",
        wasm.display().to_string(),
    ));
    gateway.push("cdr", SEED);
    gateway.push("cdr", TRANSFER);
    let skipped = gateway.wait_for("crm", "skipped", 1);
    assert_eq!(skipped[0]["reason"], "short: short_call", "{language}");
    let delivered = receiver.wait_for(1);
    assert_eq!(field(&delivered[0].body, "/Minutes"), 4, "{language}");
    // What was not touched leaves as it came.
    assert!(delivered[0].body.contains(r#""Score":1.0"#));
}

fn new(place: &Path, name: &str, language: &str) -> PathBuf {
    let made = command()
        .args(["plugin", "new", name, "--lang", language, "--in"])
        .arg(place)
        .output()
        .expect("plugin new runs");
    assert!(made.status.success(), "{made:?}");
    let again = command()
        .args(["plugin", "new", name, "--lang", language, "--in"])
        .arg(place)
        .output()
        .expect("plugin new runs");
    let said = String::from_utf8_lossy(&again.stderr);
    assert!(said.contains("is there already"), "{said}");
    place.join(name)
}

/// Builds it, with what other runs have compiled of its dependencies.
fn build(folder: &Path) -> PathBuf {
    let compiled = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugins");
    let built = command()
        .args(["plugin", "build", "--json"])
        .arg(folder)
        .env("CARGO_TARGET_DIR", compiled)
        .output()
        .expect("plugin build runs");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    let told = String::from_utf8(built.stdout).expect("UTF-8");
    let wasm = field(&told, "/wasm");
    let wasm = PathBuf::from(wasm.as_str().expect("a path"));
    assert_eq!(wasm, folder.join("target/plugin.wasm"));
    wasm
}
