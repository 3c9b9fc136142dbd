//! The mock keeps what the gateway keeps.

use super::{Host, Record};
use crate::{EditError, Kind, Level, count, log, tables};

const LOSSLESS: &str = r#"{"Duration":15,"Duration":0,"Score":1.0,"Big":90071992547409931234,"A":[{"P":"1"},{"P":"2"}]}"#;

#[test]
fn reading_sees_the_last_duplicate_and_every_token() {
    let record = Record::call(LOSSLESS);
    let cdr = record.cdr();
    assert_eq!(record.text(), LOSSLESS);
    for (pointer, expected) in [
        ("/Duration", Some("0")),
        ("/Score", Some("1.0")),
        ("/Big", Some("90071992547409931234")),
        ("/A/1", Some(r#"{"P":"2"}"#)),
        ("/A/01", None),
        ("/A/2", None),
        ("/Missing", None),
        ("Duration", None),
        ("", Some(LOSSLESS)),
    ] {
        assert_eq!(cdr.json(pointer).as_deref(), expected, "{pointer}");
    }
    assert_eq!(cdr.get::<f64>("/Score"), Ok(Some(1.0)));
    let why = cdr
        .get::<i64>("/Score")
        .expect_err("not an integer")
        .to_string();
    assert_eq!(why, "the value at /Score is not of type i64");
}

#[test]
fn selecting_sees_every_match() {
    let record = Record::call(LOSSLESS);
    for (pattern, expected) in [
        ("/Duration", vec![("/Duration", "15"), ("/Duration", "0")]),
        ("/A/*/P", vec![("/A/0/P", "\"1\""), ("/A/1/P", "\"2\"")]),
        ("/*", vec![]),
        ("A", vec![]),
    ] {
        let found = record.cdr().select(pattern);
        let found: Vec<_> = found
            .iter()
            .map(|m| (m.pointer.as_str(), m.json.as_str()))
            .collect();
        assert_eq!(found, expected, "{pattern}");
    }
}

#[test]
fn edits_touch_what_they_name() {
    let bad_pointer =
        || EditError::BadPointer("a pointer is empty or begins with a slash".to_owned());
    for (pointer, json, expected) in [
        ("/A", "1", Ok(r#"{"A":1,"A":1,"L":[0]}"#)),
        ("/B", "1", Ok(r#"{"A":"x","A":"y","L":[0],"B":1}"#)),
        ("/a~1b", "1", Ok(r#"{"A":"x","A":"y","L":[0],"a/b":1}"#)),
        ("/L/0", "1.0", Ok(r#"{"A":"x","A":"y","L":[1.0]}"#)),
        ("/L/-", "1", Ok(r#"{"A":"x","A":"y","L":[0,1]}"#)),
        ("", "[]", Ok("[]")),
        ("/L/1", "1", Err(EditError::NoParent)),
        ("/A/B", "1", Err(EditError::NoParent)),
        ("/B/C", "1", Err(EditError::NoParent)),
        ("B", "1", Err(bad_pointer())),
        (
            "/B",
            r#""0123456789012345678901234567890123456789""#,
            Err(EditError::TooLarge(50)),
        ),
    ] {
        let record = Record::call(r#"{"A":"x","A":"y","L":[0]}"#).with_max_bytes(50);
        let before = record.text();
        let done = record.cdr().set_json(pointer, json);
        let text = record.text();
        match expected {
            Ok(expected) => assert_eq!((done, text.as_str()), (Ok(()), expected), "{pointer}"),
            Err(error) => assert_eq!((done, text), (Err(error), before), "{pointer}"),
        }
    }
    let record = Record::call("{}");
    assert!(matches!(
        record.cdr().set_json("/A", "{"),
        Err(EditError::BadJson(_))
    ));
}

#[test]
fn removing_takes_every_duplicate() {
    let record = Record::call(LOSSLESS);
    for (pointer, expected) in [
        ("/Duration", true),
        ("/Duration", false),
        ("/A/0", true),
        ("", false),
    ] {
        assert_eq!(record.cdr().remove(pointer), expected, "{pointer}");
    }
    assert_eq!(
        record.text(),
        r#"{"Score":1.0,"Big":90071992547409931234,"A":[{"P":"2"}]}"#
    );
}

#[test]
fn numbers_and_texts_part_the_strings() {
    let record = Record::call(
        r#"{"Caller":"008613123456789","UserRemark":"call 131-2345","Uui":"１２３４５６７","Nick":"a1","N":1234567}"#,
    );
    let pointers = |found: Vec<crate::Match>| -> Vec<String> {
        found.into_iter().map(|found| found.pointer).collect()
    };
    assert_eq!(pointers(record.cdr().numbers()), ["/Caller"]);
    assert_eq!(
        pointers(record.cdr().texts(7)),
        ["/UserRemark", "/Uui", "/N"]
    );
    let record = record.with_numbers_at(&["/UserRemark"]);
    assert_eq!(pointers(record.cdr().texts(7)), ["/Caller", "/Uui", "/N"]);
}

#[test]
fn names_are_found_and_changed() {
    let record = Record::call(r#"{"A":{"a/131２":1,"B":2},"131":[{"1":0}],"131":3}"#);
    let cdr = record.cdr();
    let names: Vec<_> = cdr
        .names(3)
        .into_iter()
        .map(|found| (found.pointer, found.json))
        .collect();
    let expected = [
        ("/A/a~1131２", r#""a/131２""#),
        ("/131", r#""131""#),
        ("/131", r#""131""#),
    ];
    assert_eq!(names, expected.map(|(at, name)| (at.into(), name.into())));
    for (pointer, name, expected) in [
        ("/A/a~1131２", "x", Ok(true)),
        ("/A/a~1131２", "x", Ok(false)),
        ("/A/x", "B", Err(EditError::NameTaken)),
        ("/A/x", "x", Ok(true)),
        ("/131/0", "x", Err(EditError::NoParent)),
        ("/131", "C", Ok(true)),
        ("", "x", Err(EditError::NoParent)),
    ] {
        assert_eq!(cdr.rename(pointer, name), expected, "{pointer} {name}");
    }
    assert_eq!(record.text(), r#"{"A":{"x":1,"B":2},"C":[{"1":0}],"C":3}"#);
}

#[test]
fn a_record_has_an_envelope() {
    let record = Record::new(Kind::Imcdr, "{}")
        .with_source("chat")
        .with_id("id-1")
        .with_received_ms(7)
        .with_tag("a", "1");
    let cdr = record.cdr();
    assert_eq!((cdr.kind(), cdr.source().as_str()), (Kind::Imcdr, "chat"));
    assert_eq!((cdr.id().as_str(), cdr.received_ms()), ("id-1", 7));
    cdr.set_tag("b", "2");
    assert_eq!(
        cdr.tags(),
        [("a".into(), "1".into()), ("b".into(), "2".into())]
    );
    assert!(cdr.remove_tag("a") && !cdr.remove_tag("a"));
    assert_eq!(record.tags(), [("b".to_owned(), "2".to_owned())].into());
    assert_eq!(cdr.replace("[1]"), Ok(()));
    assert_eq!(cdr.text(), "[1]");
}

#[test]
fn a_host_lasts_as_long_as_its_guard() {
    let host = Host::new().with_table("area", &[("0755", "深圳"), ("07", "粤"), ("", "?")]);
    for (key, expected) in [("07558888", "0755"), ("0760", "07"), ("1", "")] {
        let found = tables::longest_prefix("area", key).unwrap().unwrap();
        assert_eq!(found.prefix, expected, "{key}");
    }
    assert_eq!(
        tables::lookup("area", "0755").unwrap().as_deref(),
        Some("深圳")
    );
    assert_eq!(tables::lookup("area", "07558888"), Ok(None));
    assert!(tables::lookup("other", "1").is_err());
    log(Level::Warn, "odd");
    count("seen", 2);
    count("seen", 1);
    assert_eq!(host.logs(), [(Level::Warn, "odd".to_owned())]);
    assert_eq!((host.counter("seen"), host.counter("other")), (3, 0));
    drop(host);
    assert!(tables::lookup("area", "0755").is_err());
}
