use std::{collections::BTreeMap, fmt::Write as _, io::Write as _, process::Command};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::config::model::{DEFAULT_TABLE_BYTES, Sqlite};

const PREFIXES: &str = "prefix,province,city\n186,贵州,\n1861,贵州,安顺\n20,广东,广州\n";

fn csv(text: &str, key: Option<&str>, values: &[&str]) -> Result<Table, TableError> {
    Table::parse("prefixes.csv", text.as_bytes(), key, &owned(values))
}

fn owned(values: &[&str]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

/// What the config says of a file.
fn settings(file: &str, key: Option<&str>, values: &[&str]) -> model::Table {
    model::Table {
        file: file.to_owned(),
        format: None,
        sqlite: None,
        key: key.map(str::to_owned),
        value: owned(values),
        refresh_s: 0,
        max_bytes: DEFAULT_TABLE_BYTES,
    }
}

/// A file with this text, loaded.
fn load(name: &str, text: &str, key: Option<&str>, values: &[&str]) -> Result<Table, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    let path = path.to_str().unwrap();
    let loaded = Table::load(&settings(path, key, values));
    loaded.map_err(|error| {
        assert!(!error.remedy().is_empty());
        error.to_string().replace(path, name)
    })
}

#[test]
fn lookups() {
    let table = csv(PREFIXES, None, &[]).unwrap();
    let anshun = r#"{"province":"贵州","city":"安顺"}"#;
    let guizhou = r#"{"province":"贵州","city":""}"#;
    let cases = [
        ("1861234", Some(("1861", anshun))),
        ("1861", Some(("1861", anshun))),
        ("1869999", Some(("186", guizhou))),
        ("186", Some(("186", guizhou))),
        ("18", None),
        ("", None),
        ("号码", None),
    ];
    for (key, expected) in cases {
        assert_eq!(table.lookup_prefix(key), expected, "{key}");
    }
    assert_eq!(table.lookup("186"), Some(guizhou));
    assert_eq!(table.lookup("1861234"), None);
    assert_eq!(table.len(), 3);
}

#[test]
fn an_empty_key_is_the_beginning_of_everything() {
    let table = csv("prefix,to\n,elsewhere\n86,中国\n", None, &[]).unwrap();
    assert_eq!(table.lookup_prefix("1"), Some(("", "elsewhere")));
    assert_eq!(table.lookup_prefix(""), Some(("", "elsewhere")));
    assert_eq!(table.lookup_prefix("861"), Some(("86", "中国")));
}

#[test]
fn of_a_repeated_key_the_last_row_counts() {
    let table = csv("k,v\na,1\nb,2\na,3\na,4\n", None, &[]).unwrap();
    assert_eq!(table.lookup("a"), Some("4"));
    assert_eq!((table.len(), table.repeated()), (2, 2));
}

#[test]
fn a_version_is_what_is_answered() {
    let version = |text| csv(text, None, &[]).unwrap().digest().to_owned();
    let table = version("k,v\na,1\nb,2\n");
    assert_eq!(table, version("k,v\nb,2\na,0\na,1\n"), "order, repetitions");
    for other in ["k,v\na,1\n", "k,v\na,1\nb,3\n", "k,v\na,1\nb2,\n"] {
        assert_ne!(table, version(other), "{other}");
    }
}

#[test]
fn formats_say_the_same() {
    let anshun = r#"{"province":"贵州","city":"安顺"}"#;
    let (key, values) = (Some("prefix"), ["province", "city"]);
    let rows = [
        r#"{"prefix":"1861","province":"贵州","city":"安顺"}"#,
        r#"{"city":"广州","prefix":20,"province":"广东","since":1}"#,
    ];
    let texts = [
        (
            "t.csv",
            "prefix,city,province\n1861,安顺,贵州\n20,广州,广东\n".to_owned(),
        ),
        ("t.ndjson", format!("{}\n\n{}", rows[0], rows[1])),
        ("t.json", format!("\n[{}]\n", rows.join(", "))),
    ];
    for (name, text) in texts {
        let table = load(name, &text, key, &values).unwrap();
        assert_eq!(table.lookup("1861"), Some(anshun), "{name}");
        assert_eq!(table.len(), 2, "{name}");
        let single = load(name, &text, key, &["city"]).unwrap();
        assert_eq!(single.lookup("20"), Some("广州"), "{name}");
    }
    let map = r#"{"1861": {"city": "安顺", "province": "贵州"}, "20": {}}"#;
    let table = load("t.json", map, None, &values).unwrap();
    assert_eq!(table.lookup("1861"), Some(anshun));
    let nothing = r#"{"province":null,"city":null}"#;
    assert_eq!(table.lookup("20"), Some(nothing));
}

#[test]
fn json_values_stay_as_they_are_written() {
    let map =
        r#"{"a": "text\n", "b": 1.0, "c": {"x": 12345678901234567890123}, "d": null, "a": true}"#;
    let table = load("t.json", map, None, &[]).unwrap();
    let expected = [
        ("a", "true"),
        ("b", "1.0"),
        ("c", r#"{"x": 12345678901234567890123}"#),
        ("d", ""),
    ];
    for (key, value) in expected {
        assert_eq!(table.lookup(key), Some(value), "{key}");
    }
    let row = r#"{"id":7,"x":1.0,"y":"\u0041","id":8}"#;
    let table = load("t.ndjson", row, Some("id"), &[]).unwrap();
    assert_eq!(table.lookup("8"), Some(r#"{"x":1.0,"y":"A"}"#));
}

#[test]
fn compression_is_recognised() {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(PREFIXES.as_bytes()).unwrap();
    let zstd = zstd::encode_all(PREFIXES.as_bytes(), 1).unwrap();
    for bytes in [gzip.finish().unwrap(), zstd] {
        let table = Table::parse("t", &bytes, None, &["city".into()]).unwrap();
        assert_eq!(table.lookup("20"), Some("广州"));
    }
}

/// A file and its text, `key` and `value` where they are said, and the complaint.
const MISTAKES: [(&str, &str, &str, &str, &str); 19] = [
    (
        "t.csv",
        "a,b\n1,2\n",
        "k",
        "",
        r#"t.csv has no column "k"; it has a, b"#,
    ),
    (
        "t.csv",
        "a,b\n1,2\n",
        "",
        "c",
        r#"t.csv has no column "c"; it has a, b"#,
    ),
    ("t.csv", "", "", "", "t.csv, line 1: there is no header"),
    (
        "t.csv",
        "13123456789,Zhang San\n13123456780,Li Si\n",
        "tel",
        "",
        "t.csv, line 1: reads like a row; the first line has to name the columns",
    ),
    (
        "t.csv",
        "Zhang San,+86 131-2345-6789\n",
        "",
        "",
        "t.csv, line 1: reads like a row; the first line has to name the columns",
    ),
    (
        "t.csv",
        "a,b\n1,2\n3\n",
        "",
        "",
        "t.csv, line 3: has 1 columns, but the header has 2",
    ),
    (
        "t.ndjson",
        "{\"k\":1}\n[1]\n",
        "k",
        "",
        "t.ndjson, line 2: is no object",
    ),
    (
        "t.ndjson",
        "{\"k\":1}\n{\"j\":13812345678}\n",
        "k",
        "",
        r#"t.ndjson, line 2, column "k": is missing"#,
    ),
    (
        "t.ndjson",
        "{\"k\":null}",
        "k",
        "",
        r#"t.ndjson, line 1, column "k": is neither text nor a number"#,
    ),
    (
        "t.ndjson",
        "{\"k\":1}\n{\"k\":\n",
        "k",
        "",
        "t.ndjson, line 2: is not JSON at character 5: EOF while parsing a value",
    ),
    (
        "t.ndjson",
        "{\"k\":1}",
        "",
        "",
        "t.ndjson holds rows with several members; `key` has to name the one that is looked up",
    ),
    (
        "t.json",
        "[{\"k\":1},\n7]",
        "k",
        "",
        "t.json, row 2: is no object",
    ),
    (
        "t.json",
        "[{\"k\":1},\n{\"k\":[]}]",
        "k",
        "",
        r#"t.json, row 2, column "k": is neither text nor a number"#,
    ),
    (
        "t.json",
        "[{\"k\":1},\n{\"k\" 1}]",
        "k",
        "",
        "t.json, line 2: is not JSON at character 6: expected `:`",
    ),
    (
        "t.json",
        "\"13812345678\"",
        "",
        "",
        "t.json, line 1: is neither an object nor a list of objects",
    ),
    (
        "t.json",
        "{\"a\":1}",
        "k",
        "",
        "t.json is an object of keys and values, so that `key` names nothing in it",
    ),
    (
        "t.json",
        "{\"a\":{\"x\":1},\"b\":1}",
        "",
        "x",
        "t.json, row 2: is no object, so that it has none of the members in `value`",
    ),
    (
        "t.json",
        "{\"a\":1} x",
        "",
        "",
        "t.json, line 1: is not JSON at character 9: trailing characters",
    ),
    (
        "t.json",
        "",
        "",
        "",
        "t.json, line 1: is not JSON at character 0: EOF while parsing a value",
    ),
];

#[test]
fn mistakes_are_named_by_row_and_column() {
    for (name, text, key, value, expected) in MISTAKES {
        let key = (!key.is_empty()).then_some(key);
        let values: Vec<_> = value.split(' ').filter(|one| !one.is_empty()).collect();
        let refused = load(name, text, key, &values).unwrap_err();
        assert_eq!(refused, expected, "{text}");
    }
    let bad = Table::parse("t.csv", b"a,b\n1,2\n3,\xff\n", None, &[]);
    let expected = r#"t.csv, line 3, column "b": is not UTF-8"#;
    assert_eq!(bad.unwrap_err().to_string(), expected);
    let missing = Table::load(&settings("no/such.csv", None, &[])).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read no/such.csv: "));
}

#[test]
fn a_table_is_held_to_its_limit() {
    let mut rows = String::from("k,v\n");
    for number in 0..5000 {
        writeln!(rows, "{number},{number}{}", "x".repeat(100)).unwrap();
    }
    let endless = format!("k,v\n1,{}", "y".repeat(1 << 20));
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).unwrap();
    let object = format!("{{\"k\":\"{}\"}}", "z".repeat(1 << 20));
    let cases = [
        ("t.csv", rows.into_bytes()),
        ("t.csv.zst", zstd(&endless)),
        ("t.json", format!("[{object}]").into_bytes()),
        ("t.ndjson", object.into_bytes()),
    ];
    for (name, bytes) in cases {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut settings = settings(path.to_str().unwrap(), Some("k"), &[]);
        settings.max_bytes = 100_000;
        let refused = Table::load(&settings);
        let is_too_large = matches!(
            refused,
            Err(TableError::TooLarge {
                max_bytes: 100_000,
                ..
            })
        );
        assert!(is_too_large, "{name}: {refused:?}");
    }
}

#[test]
fn keys_share_their_memory() {
    let mut text = String::from("number,province\n");
    for number in 0..100_000_u64 {
        let number = 13_800_000_000 + number * 7919 % 100_000_000;
        writeln!(text, "{number},贵州").unwrap();
    }
    let table = csv(&text, None, &[]).unwrap();
    assert_eq!(table.len(), 100_000);
    assert!(table.bytes() < 8 * 100_000, "{} bytes", table.bytes());
}

/// A database that the tool of others made.
fn database(folder: &TempDir, sql: &str) -> Option<String> {
    let path = folder.path().join("crm.db").to_str()?.to_owned();
    let made = Command::new("sqlite3").args([&path, sql]).status();
    made.is_ok_and(|status| status.success()).then_some(path)
}

#[test]
fn a_database_is_read() {
    let folder = TempDir::new().unwrap();
    let Some(path) = database(
        &folder,
        r#"CREATE TABLE "the ""customers""" (name TEXT, tel, since INTEGER, rate REAL, note);
           INSERT INTO "the ""customers""" VALUES ('王', '13800138000', 2020, 1.5, NULL), ('李', 4001236666, 2021, 2, 'x');
           CREATE TABLE blobs (k, v); INSERT INTO blobs VALUES ('a', 'b'), ('c', x'00'), (NULL, 'd');"#,
    ) else {
        return;
    };
    let with = |sqlite, key, values: &[&str]| {
        let mut settings = settings(&path, key, values);
        settings.sqlite = Some(sqlite);
        Table::load(&settings).map_err(|error| error.to_string().replace(&path, "crm.db"))
    };
    let all = with(Sqlite::Table("the \"customers\"".into()), Some("tel"), &[]).unwrap();
    let wang = r#"{"name":"王","since":2020,"rate":1.5,"note":null}"#;
    assert_eq!(all.lookup("13800138000"), Some(wang));
    let query = "SELECT tel, name FROM \"the \"\"customers\"\"\" WHERE since > 2020";
    let some = with(Sqlite::Query(query.into()), None, &[]).unwrap();
    assert_eq!((some.lookup("4001236666"), some.len()), (Some("李"), 1));

    let refused = [
        (
            Sqlite::Table("nobody".into()),
            "crm.db: no such table: nobody",
        ),
        (
            Sqlite::Query("SELECT 1; SELECT 2".into()),
            "crm.db: Multiple statements provided",
        ),
        (
            Sqlite::Query("DELETE FROM blobs RETURNING k, v".into()),
            "crm.db: the query does not only read",
        ),
        (
            Sqlite::Table("blobs".into()),
            r#"crm.db, row 2, column "v": is a blob"#,
        ),
        (
            Sqlite::Query("SELECT k FROM blobs WHERE k IS NULL".into()),
            r#"crm.db, row 1, column "k": is NULL"#,
        ),
    ];
    for (sqlite, expected) in refused {
        let said = with(sqlite, None, &[]).unwrap_err();
        assert!(said.starts_with(expected), "{said}");
    }
}

#[test]
fn a_file_that_changed_looks_otherwise() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("t.csv");
    std::fs::write(&path, "k,v\na,1\n").unwrap();
    let before = Stamp::of(&path);
    assert!(before.looks_like(&Stamp::of(&path)));
    assert!(!before.holds(&before), "too young to be sure");
    std::fs::write(&path, "k,v\na,12\n").unwrap();
    assert!(!before.looks_like(&Stamp::of(&path)));
    let before = Stamp::of(&path);
    std::fs::write(folder.path().join("t.csv-wal"), "log").unwrap();
    assert!(
        !before.looks_like(&Stamp::of(&path)),
        "the log of a database"
    );
    std::fs::remove_file(&path).unwrap();
    assert!(!before.looks_like(&Stamp::of(&path)));
}

/// Keys that share beginnings, so that prefixes are found.
fn key() -> impl Strategy<Value = String> {
    "[01]{0,6}|[中文]{0,3}[01]{0,2}"
}

proptest! {
    #[test]
    fn a_table_answers_as_a_map_does(
        rows in prop::collection::vec((key(), "[ab]{0,2}"), 0..50),
        asked in prop::collection::vec(key(), 1..20),
    ) {
        let mut text = String::from("k,v\n");
        for (key, value) in &rows {
            writeln!(text, "\"{key}\",{value}").unwrap();
        }
        let table = csv(&text, None, &[]).unwrap();
        let map: BTreeMap<_, _> = rows.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        prop_assert_eq!(table.len(), map.len());
        for asked in &asked {
            prop_assert_eq!(table.lookup(asked), map.get(asked.as_str()).copied());
            let begins = map.iter().filter(|(key, _)| asked.starts_with(**key));
            let longest = begins.max_by_key(|(key, _)| key.len()).map(|(key, value)| (*key, *value));
            prop_assert_eq!(table.lookup_prefix(asked), longest);
        }
    }
}
