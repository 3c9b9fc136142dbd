//! CSV, compressed and not.

use crate::{
    harness::{Gateway, SEED, all_to, parts, until},
    outage::records,
};

const CSV: &str = r#"
    file.path = "calls.csv"
    file.format = "csv"
    file.csv.columns = [
        { name = "session", pointer = "/SessionId" },
        { name = "callee", pointer = "/Callee" },
        { name = "place", pointer = "/TelLocation" },
        { name = "nothing", pointer = "/No/Such" },
    ]
    file.csv.trailer = "TRAILER;{records}"
    file.csv.delimiter = ";"
"#;

#[test]
fn a_change_of_layout_and_directory_across_a_kill_loses_nothing() {
    let first = all_to("archive", CSV);
    let other = format!("{CSV}\nfile.base_dir = \"elsewhere\"\nfile.compress = \"gzip\"");
    let last = r#"file.path = "calls.csv""#;
    let gateway = Gateway::start(&first);
    let records = records(3);
    gateway.push("cdr", &records[0]);
    gateway.wait_for("archive", "delivered", 1);
    let workspace = gateway.kill();
    workspace.configure(&all_to("archive", &other));
    let gateway = Gateway::start_with(workspace, &[]);
    gateway.push("cdr", &records[1]);
    gateway.wait_for("archive", "delivered", 2);
    gateway.workspace.configure(&all_to("archive", last));
    assert_eq!(gateway.api_post("/reload", &serde_json::json!({})).0, 200);
    gateway.push("cdr", &records[2]);
    gateway.wait_for("archive", "delivered", 3);
    let finished = |directory: &str| {
        let base = gateway.workspace.path("data").join(directory);
        until("a finished part", || {
            let mut found = parts(&base).into_iter();
            found.find(|part| part.manifest.is_some())
        })
    };
    for (directory, name, number) in [
        ("files", "calls.1.csv", 0),
        ("elsewhere", "calls.2.csv.gz", 1),
    ] {
        let part = finished(directory);
        assert_eq!(part.name, name);
        let lines: Vec<_> = part.text.lines().collect();
        assert_eq!(lines[0], "session;callee;place;nothing");
        assert!(
            lines[1].starts_with(&format!("session-{number};")),
            "{lines:?}"
        );
        assert!(lines[1].contains("\"\"TelNumber\"\":"), "{lines:?}");
        assert!(lines[1].ends_with(';'), "{lines:?}");
        assert_eq!(lines[2..], ["TRAILER;1"]);
    }
    let open = parts(&gateway.workspace.path("data/files"));
    let open = open.iter().find(|part| part.manifest.is_none());
    assert_eq!(open.expect("an open part").text.trim_end(), records[2]);
}

/// The guard looks at what leaves: the cells, and nothing else of the record.
#[test]
fn a_contract_is_held_against_the_cells() {
    let with = |pointer: &str| {
        let columns = format!(r#"file.csv.columns = [{{ name = "cell", pointer = "{pointer}" }}]"#);
        let settings = r#"file.path = "calls.csv"
            file.format = "csv"
            numbers = "masked""#;
        all_to("archive", &format!("{settings}\n{columns}"))
    };
    let gateway = Gateway::start(&with("/SessionId"));
    gateway.push("cdr", SEED);
    gateway.wait_for("archive", "delivered", 1);
    gateway.workspace.configure(&with("/TelLocation"));
    assert_eq!(gateway.api_post("/reload", &serde_json::json!({})).0, 200);
    gateway.push("cdr", &records(1)[0]);
    let held = gateway.wait_for("archive", "suspended", 1);
    assert_eq!(held[0]["reason"], "egress_violation");
    let arrival = held[0]["arrival"].as_str().expect("an id");
    let detail = gateway.api(&format!("/arrivals/{arrival}")).to_string();
    assert!(detail.contains("column cell"), "{detail}");
}
