//! Finished parts, by the programs that collect them: `gzip`, `zstd`,
//! `sha256sum`, and Python's reader of CSV.

use super::tool::{GZIP, PYTHON, SHA256SUM, Tool, ZSTD};
use crate::harness::{Gateway, parts};

/// Reads CSV as its argument says, and prints the rows as JSON.
const ROWS: &str = "import csv, json, sys
rows = csv.reader(open(sys.argv[1], newline='', encoding='utf-8'), strict=True)
print(json.dumps(list(rows)))";

fn config(compress: &str) -> String {
    format!(
        r#"
    [source.plain]
    path = "/plain"
    dialect = "json"
    numbers_in = []
    id_in = "/id"
    [[route]]
    name = "all"
    from = ["plain"]
    to = ["archive", "table"]
    [destination.archive]
    file.path = "calls.ndjson"
    file.compress = "{compress}"
    [destination.table]
    file.path = "calls.csv"
    file.base_dir = "tables"
    file.format = "csv"
    file.csv.columns = [{{ name = "the, id", pointer = "/id" }}, {{ name = "text", pointer = "/text" }}]
    file.csv.formulas = "escape"
    file.compress = "{compress}"
    "#
    )
}

const TEXTS: [(&str, &str); 7] = [
    ("plain", "plain"),
    ("a, \"b\"", "a, \"b\""),
    ("line\nend\r\n", "line\nend\r\n"),
    ("电话", "电话"),
    ("=cmd|'/C calc'!A1", "'=cmd|'/C calc'!A1"),
    ("+8613800138000", "+8613800138000"),
    ("", ""),
];

#[test]
fn finished_parts_are_what_their_readers_expect() {
    if ![&GZIP, &ZSTD, &SHA256SUM, &PYTHON]
        .into_iter()
        .all(Tool::is_here)
    {
        return;
    }
    for (compress, tool) in [("gzip", &GZIP), ("zstd", &ZSTD)] {
        let gateway = Gateway::start(&config(compress));
        for (index, (text, _)) in TEXTS.iter().enumerate() {
            let body = serde_json::json!({ "id": index.to_string(), "text": text });
            let (status, answer) = gateway.post("/plain", &body.to_string());
            assert_eq!(status, 200, "{answer}");
        }
        for destination in ["archive", "table"] {
            gateway.wait_for(destination, "delivered", TEXTS.len());
        }
        assert!(gateway.cli(&["files", "rotate"]).status.success());
        for directory in ["data/files", "data/tables"] {
            for part in parts(&gateway.workspace.path(directory)) {
                let path = part.path.to_str().expect("a path of text");
                assert_eq!(tool.prints(&["-t", "-q", path], b""), "", "whole");
                let plain = tool.prints(&["-d", "-c", path], b"");
                assert_eq!(plain, part.text);
                let sum = SHA256SUM.prints(&[path], b"");
                let sha256 = part.manifest.expect("a manifest")["sha256"].clone();
                assert_eq!(sum.split(' ').next(), sha256.as_str());
                if directory == "data/tables" {
                    assert_rows(&gateway.workspace.path("plain.csv"), &plain);
                }
            }
        }
    }
}

fn assert_rows(file: &std::path::Path, text: &str) {
    std::fs::write(file, text).expect("a file");
    let rows = PYTHON.prints(&["-c", ROWS, file.to_str().expect("a path of text")], b"");
    let mut rows: Vec<Vec<String>> = serde_json::from_str(&rows).expect("rows");
    rows[1..].sort();
    let mut expected = vec![vec!["the, id".to_owned(), "text".to_owned()]];
    let cells = TEXTS.iter().enumerate();
    expected.extend(cells.map(|(index, (_, cell))| vec![index.to_string(), (*cell).to_owned()]));
    assert_eq!(rows, expected);
}
