//! Bad configuration never starts half a gateway: everything that is wrong at
//! once, with its place, and exit code 78.

use std::{net::TcpListener, path::Path, process::Output};

use crate::harness::{Workspace, command};

fn run(subcommand: &str, workspace: &Workspace) -> Output {
    command()
        .arg(subcommand)
        .arg("--config")
        .arg(workspace.config())
        .output()
        .expect("the command runs")
}

fn said(output: &Output) -> String {
    let both = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8(both).expect("UTF-8")
}

const GOOD: &str = r#"
[source.tccc]
path = "/tccc"
dialect = "tccc"
[plugin.mask]
wasm = "builtin:phone-mask"
[[route]]
name = "all"
from = ["tccc"]
when = 'kind == "cdr"'
to = ["bi"]
[destination.bi]
http.url = "http://127.0.0.1:1/"
chain = ["mask"]
numbers = "masked"
"#;

#[test]
fn each_mistake_is_found_at_its_place() {
    let cases = [
        (
            "dialect = \"tccc\"",
            "dialect = \"tccc\"\nstrickt = true",
            "strickt",
        ),
        (
            "builtin:phone-mask",
            "no/such/file.wasm",
            "no/such/file.wasm",
        ),
        ("kind == \"cdr\"", "kind == ", "when"),
        ("chain = [\"mask\"]", "chain = [\"musk\"]", "musk"),
        (
            "numbers = \"masked\"",
            "numbers = \"masked\"\nhttp.auth.bearer.env = \"NO_SUCH_VARIABLE\"",
            "NO_SUCH_VARIABLE",
        ),
        (
            "http.url = \"http://127.0.0.1:1/\"",
            "file.path = \"../x.ndjson\"",
            "base",
        ),
        ("dialect = \"tccc\"", "dialect = \"json\"", "numbers_in"),
        ("http://127.0.0.1:1/", "http://10.0.0.1/", "outgoing.allow"),
        (
            "wasm = \"builtin:phone-mask\"",
            "wasm = \"builtin:phone-mask\"\nconfig.keep_first = 99",
            "keep_first",
        ),
    ];
    for (from, to, expected) in cases {
        assert!(GOOD.contains(from), "{from}");
        let workspace = Workspace::new(&GOOD.replace(from, to));
        for subcommand in ["check", "run"] {
            let output = run(subcommand, &workspace);
            let said = said(&output);
            assert_eq!(output.status.code(), Some(78), "{to}: {said}");
            assert!(said.contains(expected), "{to}: {said}");
            let place = format!("{}:", workspace.config().display());
            assert!(said.contains(&place), "{to}: {said}");
        }
        assert!(!workspace.path("data/journal.db").exists(), "{to}");
    }
}

#[test]
fn all_mistakes_are_reported_at_once() {
    let bad = GOOD
        .replace("dialect = \"tccc\"", "dialect = \"tcc\"")
        .replace("kind == \"cdr\"", "kind ==")
        .replace("[\"mask\"]", "[\"musk\"]");
    let output = run("check", &Workspace::new(&bad));
    let said = said(&output);
    for expected in ["tcc", "when", "musk"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
}

#[test]
fn a_good_configuration_passes_and_warnings_do_not_fail_it() {
    let output = run("check", &Workspace::new(GOOD));
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    let unused = format!(
        "{GOOD}\n[plugin.idle]\nwasm = \"builtin:filter\"\nconfig.drop_rest = \"all\"\nconfig.rules = [{{ keep = \"x\", when = 'true' }}]"
    );
    let output = run("check", &Workspace::new(&unused));
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("idle"), "{}", said(&output));
}

#[test]
fn a_port_in_use_is_a_configuration_error() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = taken.local_addr().expect("an address").to_string();
    let workspace = Workspace::new(GOOD);
    let output = command()
        .arg("run")
        .arg("--config")
        .arg(workspace.config())
        .args(["--set", &format!("ingest.listen={address}")])
        .output()
        .expect("the gateway ends");
    let said = said(&output);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(
        said.contains(&address) && said.contains("ingest.listen"),
        "{said}"
    );
}

#[test]
fn the_shipped_examples_pass_without_a_warning() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
    // A copy, so that the secrets that they name by file can be put beside them.
    let copies = tempfile::tempdir().expect("a directory");
    std::fs::create_dir(copies.path().join("secrets")).expect("a directory");
    let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    for name in ["switch-token", "rating-password", "fraud-token"] {
        std::fs::write(copies.path().join("secrets").join(name), secret).expect("a secret");
    }
    let variables = [
        "CDR_ADMIN_TOKEN",
        "TCCC_PASSWORD",
        "CRM_WEBHOOK_SECRET",
        "BI_TOKEN",
        "PSEUDONYM_KEY",
        "ON_CALL_TOKEN",
        "QUALITY_TOKEN",
    ];
    let mut checked = 0;
    for entry in std::fs::read_dir(shipped).expect("config").flatten() {
        if entry
            .path()
            .extension()
            .is_none_or(|extension| extension != "toml")
        {
            continue;
        }
        let copy = copies.path().join(entry.file_name());
        std::fs::copy(entry.path(), &copy).expect("a copy");
        let output = command()
            .args(["check", "--strict", "--config"])
            .arg(&copy)
            .envs(variables.map(|name| (name, secret)))
            .output()
            .expect("check runs");
        assert!(
            output.status.success(),
            "{}: {}",
            copy.display(),
            said(&output)
        );
        checked += 1;
    }
    assert_eq!(checked, 3);
}
