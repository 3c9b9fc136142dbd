//! Files, by `jq`.

use super::tool::JQ;
use crate::{harness::Gateway, outage::records};

const CONFIG: &str = r#"
    [source.tccc]
    path = "/tccc"
    dialect = "tccc"
    [plugin.mask]
    wasm = "builtin:phone-mask"
    [[route]]
    name = "all"
    from = ["tccc"]
    to = ["archive"]
    [destination.archive]
    file.path = "{kind}/{/SdkAppId}.ndjson"
    file.rotate_bytes = 4096
    chain = ["mask"]
    numbers = "masked"
"#;

#[test]
fn every_line_and_every_manifest_is_read() {
    if !JQ.is_here() {
        return;
    }
    let mut gateway = Gateway::start(CONFIG);
    let records = records(20);
    for (index, record) in records.iter().enumerate() {
        gateway.push("cdr", record);
        if index == 10 {
            gateway = gateway.kill_and_restart();
        }
    }
    gateway.wait_for("archive", "delivered", 20);
    let workspace = gateway.stop();

    let (mut sessions, mut finished) = (Vec::new(), 0);
    for (name, text) in workspace.files() {
        let path = workspace.path("data/files").join(&name);
        let path = path.to_str().expect("a path of text");
        if name.ends_with(".manifest.json") {
            let part = path.trim_end_matches(".manifest.json");
            let counted = JQ.prints(&["-n", "reduce inputs as $_ (0; . + 1)", part], b"");
            assert_eq!(JQ.prints(&[".records", path], b""), counted, "{name}");
            finished += 1;
            continue;
        }
        // Line by line: a torn line could still be half of a stream.
        let types = JQ.prints(&["-R", "-r", "fromjson | type", path], b"");
        assert_eq!(types, "object\n".repeat(text.lines().count()), "{name}");
        let found = JQ.prints(&["-r", ".SessionId", path], b"");
        sessions.extend(found.lines().map(str::to_owned));
    }
    assert!(finished > 0, "a part was finished");
    sessions.sort();
    let mut pushed: Vec<String> = (0..20).map(|index| format!("session-{index}")).collect();
    pushed.sort();
    assert_eq!(sessions, pushed);
}
