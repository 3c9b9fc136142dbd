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
    if there_is("npm", &["--version"]) {
        builds_and_runs("typescript");
    }
}

#[test]
fn a_new_plugin_in_python_builds_and_runs() {
    if there_is("python3", &["-c", "import ensurepip"]) {
        builds_and_runs("python");
    }
}

/// What `package.json` names is asked for, and there once it is granted.
#[test]
fn a_plugin_in_typescript_asks_for_clock_and_chance() {
    if !there_is("npm", &["--version"]) {
        return;
    }
    let place = tempfile::tempdir().expect("a directory");
    let folder = new(place.path(), "on-time", "typescript");
    let edit = |file: &str, before: &str, after: &str| {
        let file = folder.join(file);
        let text = std::fs::read_to_string(&file).expect("a file");
        assert!(text.contains(before), "{text}");
        std::fs::write(file, text.replacen(before, after, 1)).expect("a written file");
    };
    edit(
        "package.json",
        "{",
        r#"{ "cdr-gateway": { "wasi": ["clocks", "random"] },"#,
    );
    edit(
        "src/plugin.ts",
        "    if (cdr.kind !== \"cdr\") {",
        r#"    if (cdr.kind === "imcdr") {
      cdr.set("/Now", Date.now() > 1e12);
      return keep;
    }
    if (cdr.kind !== "cdr") {"#,
    );
    for (name, grant, now) in [
        ("granted", "grant.clock = true", true),
        ("not-granted", "", false),
    ] {
        let case = format!(
            "{grant}\nkind = \"imcdr\"\nrecord = '{{}}'\nexpect.members = {{ \"/Now\" = {now} }}\n"
        );
        std::fs::write(folder.join(format!("cases/{name}.toml")), case).expect("a case");
    }
    let wasm = build(&folder);
    passes(&folder);
    let inspected = command()
        .args(["plugin", "inspect", "--json"])
        .arg(wasm)
        .output()
        .expect("plugin inspect runs");
    let told = String::from_utf8(inspected.stdout).expect("UTF-8");
    for access in ["\"clock\"", "\"random\""] {
        assert!(told.contains(access), "{access} in {told}");
    }
}

#[test]
fn do_not_call_is_built_and_passes_its_cases() {
    if there_is("npm", &["--version"]) {
        example("do-not-call");
    }
}

#[test]
fn crm_lookup_is_built_and_passes_its_cases() {
    if there_is("python3", &["-c", "import ensurepip"]) {
        example("crm-lookup");
    }
}

/// In its own folder, where what was installed for it stays.
fn example(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins");
    let folder = folder.join(name);
    build(&folder);
    passes(&folder);
}

/// Whether a language's tool is installed. Debian has Python without venv.
fn there_is(program: &str, probe: &[&str]) -> bool {
    let asked = Command::new(program).args(probe).output();
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
    change(&folder, language);
    let wasm = build(&folder);
    passes(&folder);
    if language == "rust" {
        its_own_tests_pass(&folder);
    }

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

/// Runs its cases.
fn passes(folder: &Path) {
    let tested = command()
        .args(["plugin", "test"])
        .arg(folder)
        .output()
        .expect("plugin test runs");
    let told = String::from_utf8_lossy(&tested.stdout);
    let said = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{told}{said}");
    assert!(told.contains("passed"), "{told}");
}

/// Runs the unit tests that the template brings along.
fn its_own_tests_pass(folder: &Path) {
    let tested = Command::new(env!("CARGO"))
        .args(["test", "--quiet"])
        .current_dir(folder)
        .env("CARGO_TARGET_DIR", compiled())
        .output()
        .expect("cargo runs");
    let told = String::from_utf8_lossy(&tested.stdout);
    let said = String::from_utf8_lossy(&tested.stderr);
    assert!(tested.status.success(), "{told}{said}");
    assert!(told.contains("1 passed"), "{told}");
}

/// Where what other runs have compiled of a plugin's dependencies is.
fn compiled() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-plugins")
}

/// Has it say something, and then make a mistake, where it gets a voicemail.
fn change(folder: &Path, language: &str) {
    let (file, before, added) = match language {
        "rust" => (
            "src/lib.rs",
            "        if cdr.kind() != Kind::Cdr {",
            r#"
        if cdr.kind() == Kind::Voicemail {
            cdr_plugin_sdk::log(cdr_plugin_sdk::Level::Info, "a voicemail");
            panic!("no voicemails here");
        }"#,
        ),
        "typescript" => (
            "src/plugin.ts",
            "    if (cdr.kind !== \"cdr\") {",
            r#"
    if (cdr.kind === "voicemail") {
      console.log("a", cdr.kind);
      throw new TypeError("no voicemails here");
    }"#,
        ),
        _ => (
            "src/plugin.py",
            "        if cdr.kind != \"cdr\":",
            r#"
        if cdr.kind == "voicemail":
            print("a", cdr.kind)
            raise ValueError("no voicemails here")"#,
        ),
    };
    let file = folder.join(file);
    let text = std::fs::read_to_string(&file).expect("a source");
    assert!(text.contains(before), "{text}");
    let changed = text.replace(
        before,
        &format!("{}\n{before}", added.trim_start_matches('\n')),
    );
    std::fs::write(file, changed).expect("a changed source");
    let case = r#"
        kind = "voicemail"
        record = '{}'
        [expect]
        failure = "panic"
        message = "no voicemails here"
        log = ["info: a voicemail"]
    "#;
    std::fs::write(folder.join("cases/voicemail.toml"), case).expect("a written case");
}

/// Builds it, with what other runs have compiled of its dependencies.
fn build(folder: &Path) -> PathBuf {
    let built = command()
        .args(["plugin", "build", "--json"])
        .arg(folder)
        .env("CARGO_TARGET_DIR", compiled())
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
