//! Proofs over the whole document: examples in tables, and random documents.

use proptest::prelude::*;
use serde_json::Value as Json;

use super::*;

const NO_LIMIT: usize = usize::MAX;

fn document(text: &str) -> Document {
    Document::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn pointer(text: &str) -> Pointer {
    Pointer::parse(text).unwrap()
}

fn text(document: &Document) -> String {
    String::from_utf8(document.bytes().to_vec()).unwrap()
}

const SAMPLES: [&str; 4] = [
    include_str!("../../../../tests/records/seed.json"),
    include_str!("../../../../tests/records/inbound-transfer.json"),
    include_str!("../../../../tests/records/voicemail.json"),
    include_str!("../../../../tests/records/record.json"),
];

#[test]
fn an_untouched_document_is_the_same_bytes() {
    for sample in SAMPLES {
        let source = Bytes::copy_from_slice(sample.as_bytes());
        let document = Document::parse(source.clone()).unwrap();
        let _ = document.walk(&mut |_, _| ControlFlow::Continue(()));
        assert_eq!(document.bytes().as_ptr(), source.as_ptr());
        assert_eq!(document.len(), source.len());
    }
}

#[test]
fn an_edit_of_the_sample_changes_the_place_alone() {
    let sample = SAMPLES[1];
    let mut document = document(sample);
    let place = "/ServeParticipants/1/Phone";
    document
        .set(&pointer(place), "\"masked\"", NO_LIMIT)
        .unwrap();
    let (before, after) = sample.rsplit_once("\"Phone\":\"008613800138000\"").unwrap();
    assert_eq!(
        text(&document),
        format!("{before}\"Phone\":\"masked\"{after}")
    );
    for kept in ["90071992547409931234", "1.0"] {
        assert!(text(&document).contains(kept));
    }
    let touched: Vec<String> = document.touched().map(ToString::to_string).collect();
    assert_eq!(touched, [place]);
}

#[test]
fn refuses_what_is_not_one_json_value() {
    let deep = format!("{}1{}", "[".repeat(65), "]".repeat(65));
    let not_json = |line, column| DocumentError::NotJson { line, column };
    let cases: [(&[u8], DocumentError); 8] = [
        (b"", not_json(1, 0)),
        (b"{\"a\":1} x", not_json(1, 9)),
        (b"{\n\"a\":01}", not_json(2, 6)),
        (b"[1,]", not_json(1, 4)),
        (b"{\"a\" 1}", not_json(1, 6)),
        (b"nul", not_json(1, 3)),
        (b"{\"a\":\"\xff\"}", DocumentError::NotUtf8(6)),
        (deep.as_bytes(), DocumentError::TooDeep),
    ];
    for (source, expected) in cases {
        let error = Document::parse(Bytes::copy_from_slice(source)).unwrap_err();
        assert_eq!(error, expected, "{}", String::from_utf8_lossy(source));
    }
    document(&format!("{}1{}", "[".repeat(64), "]".repeat(64)));
}

#[test]
fn get_sees_what_a_reader_sees() {
    let source = r#" {"a":1,"b":{"":[10,[20]]},"a":2,"\u0063":"x","d/e~":null,"-":3} "#;
    let document = document(source);
    let cases = [
        ("", Some(source.trim())),
        ("/a", Some("2")),
        ("/c", Some("\"x\"")),
        ("/b//0", Some("10")),
        ("/b//1/0", Some("20")),
        ("/b//01", None),
        ("/b//2", None),
        ("/b//-", None),
        ("/d~1e~0", Some("null")),
        ("/-", Some("3")),
        ("/a/x", None),
        ("/", None),
    ];
    for (place, expected) in cases {
        assert_eq!(
            document.get(&pointer(place)).as_deref(),
            expected,
            "{place}"
        );
    }
}

#[test]
fn select_sees_everything() {
    let source = r#"{"l":[{"p":1},{"q":2},{"p":3,"p":4}],"l":[{"p":5}],"o":{"*":6},"n":null}"#;
    let document = document(source);
    let cases: [(&str, &[(&str, &str)]); 6] = [
        (
            "/l/*/p",
            &[
                ("/l/0/p", "1"),
                ("/l/2/p", "3"),
                ("/l/2/p", "4"),
                ("/l/0/p", "5"),
            ],
        ),
        ("/l/1/q", &[("/l/1/q", "2")]),
        ("/o/*", &[]),
        ("/n/*/p", &[]),
        ("/n", &[("/n", "null")]),
        ("", &[("", source)]),
    ];
    for (pattern, expected) in cases {
        let matches = document.select(&Pattern::parse(pattern).unwrap());
        let matches: Vec<(&str, &str)> = matches
            .iter()
            .map(|found| (found.pointer.as_str(), found.json.as_ref()))
            .collect();
        assert_eq!(matches, expected, "{pattern}");
    }
}

#[test]
fn set_writes_where_it_should() {
    let cases = [
        (r#"{"a": 1, "b":2}"#, "/a", r#"{"a": 9, "b":2}"#),
        (r#"{"a":1,"a" : 2}"#, "/a", r#"{"a":9,"a" : 9}"#),
        (r#"{"a":1 }"#, "/b", r#"{"a":1,"b":9 }"#),
        ("{ }", "/b~1", r#"{"b/":9 }"#),
        ("[ ]", "/-", "[9 ]"),
        ("[1 , 2]", "/-", "[1 , 2,9]"),
        ("[1 , 2]", "/0", "[9 , 2]"),
        (r#"{"-":1}"#, "/-", r#"{"-":9}"#),
        (" [1]\n", "", " 9\n"),
        (
            r#"{"a":{"b":1},"a":{"c":2}}"#,
            "/a/b",
            r#"{"a":{"b":9},"a":{"c":2,"b":9}}"#,
        ),
        (r#"{"\u0061":1}"#, "/a", r#"{"\u0061":9}"#),
        (r#"{"":{"":1}}"#, "//", r#"{"":{"":9}}"#),
    ];
    for (before, place, after) in cases {
        let mut document = document(before);
        document.set(&pointer(place), " 9 ", NO_LIMIT).unwrap();
        assert_eq!(text(&document), after, "{before} {place}");
        assert_eq!(document.len(), after.len(), "{before} {place}");
    }
}

#[test]
fn a_refused_edit_changes_nothing() {
    let source = r#"{"a":{"b":[1]},"c":2}"#;
    let deep = "[".repeat(63) + &"]".repeat(63);
    let not_json = |column| EditError::BadJson(DocumentError::NotJson { line: 1, column });
    let cases = [
        ("/x/y", "1", 99, EditError::NoParent),
        ("/c/x", "1", 99, EditError::NoParent),
        ("/a/b/1", "1", 99, EditError::NoParent),
        ("/a/b/x", "1", 99, EditError::NoParent),
        ("/a/b/-/x", "1", 99, EditError::NoParent),
        ("/c", "", 99, not_json(0)),
        ("/c", "1 2", 99, not_json(3)),
        ("/c", "123", 22, EditError::TooLarge(22)),
        ("/d", "1", 26, EditError::TooLarge(26)),
        ("/a/b/-", "1", 22, EditError::TooLarge(22)),
        (
            "/a/b/-",
            &deep,
            999,
            EditError::BadJson(DocumentError::TooDeep),
        ),
    ];
    for (place, json, max_bytes, expected) in cases {
        let mut document = document(source);
        let error = document.set(&pointer(place), json, max_bytes).unwrap_err();
        assert_eq!(error, expected, "{place} {json}");
        assert!(!document.is_touched(), "{place} {json}");
        assert_eq!(text(&document), source);
    }
    let mut document = document(source);
    document.set(&pointer("/d"), "1", 27).unwrap();
    document.set(&pointer("/a/b/-"), "1", 29).unwrap();
    assert_eq!(document.len(), 29);
}

#[test]
fn writing_what_stands_there_is_no_edit() {
    let mut document = document(r#"{"a":"x"}"#);
    document.set(&pointer("/a"), " \"x\" ", NO_LIMIT).unwrap();
    document.replace(r#"{"a":"x"}"#, NO_LIMIT).unwrap();
    assert!(!document.is_touched());
}

#[test]
fn remove_takes_the_comma_along() {
    let cases = [
        (r#"{ "a":1 , "b":2 }"#, "/a", r#"{ "b":2 }"#),
        (r#"{ "a":1 , "b":2 }"#, "/b", r#"{ "a":1 }"#),
        ("[ 1, 2 ,3 ]", "/1", "[ 1 ,3 ]"),
        ("[ 1 ]", "/0", "[ ]"),
        (r#"{"a":1,"b":2,"a":3}"#, "/a", r#"{"b":2}"#),
        (r#"{"a":1,"a":3}"#, "/a", "{}"),
        (
            r#"{"a":{"b":1},"a":{"b":2,"c":3}}"#,
            "/a/b",
            r#"{"a":{},"a":{"c":3}}"#,
        ),
    ];
    for (before, place, after) in cases {
        let mut document = document(before);
        assert!(document.remove(&pointer(place)), "{before} {place}");
        assert_eq!(text(&document), after, "{before} {place}");
        assert_eq!(document.len(), after.len());
    }
    for place in ["", "/x", "/a/0", "/a/b/c"] {
        let mut document = document(r#"{"a":1}"#);
        assert!(!document.remove(&pointer(place)), "{place}");
        assert!(!document.is_touched());
    }
}

#[test]
fn a_renamed_member_keeps_value_and_position() {
    let cases = [
        (r#"{ "a" : 1.0 ,"b":2}"#, "/a", r#"{ "x\"" : 1.0 ,"b":2}"#),
        (r#"{"\u0061":1}"#, "/a", r#"{"x\"":1}"#),
        (r#"{"a":1,"b":0,"a":2}"#, "/a", r#"{"x\"":1,"b":0,"x\"":2}"#),
        (r#"[{"a~/":[1 ]}]"#, "/0/a~0~1", r#"[{"x\"":[1 ]}]"#),
        (
            r#"{"p":{"a":1},"p":{"a":2}}"#,
            "/p/a",
            r#"{"p":{"x\"":1},"p":{"x\"":2}}"#,
        ),
        (
            r#"{"p":[7],"p":{"0":2}}"#,
            "/p/0",
            r#"{"p":[7],"p":{"x\"":2}}"#,
        ),
    ];
    for (before, place, after) in cases {
        let mut document = document(before);
        assert_eq!(
            document.rename(&pointer(place), "x\"", after.len()),
            Ok(true),
            "{before} {place}"
        );
        assert_eq!(text(&document), after, "{before} {place}");
        assert_eq!(document.len(), after.len(), "{before} {place}");
    }
}

#[test]
fn a_refused_renaming_changes_nothing() {
    let source = r#"{"a":1,"b":{"a":1},"l":[1]}"#;
    let cases = [
        ("/c", "x", 99, Ok(false)),
        ("/a/c", "x", 99, Ok(false)),
        ("/l/1", "x", 99, Ok(false)),
        ("/a", "a", 1, Ok(true)),
        ("", "x", 99, Err(EditError::NoParent)),
        ("/l/0", "x", 99, Err(EditError::NoParent)),
        ("/a", "l", 99, Err(EditError::NameTaken)),
        ("/a", "xy", 27, Err(EditError::TooLarge(27))),
    ];
    for (place, name, max_bytes, expected) in cases {
        let mut document = document(source);
        let renamed = document.rename(&pointer(place), name, max_bytes);
        assert_eq!(renamed, expected, "{place} {name}");
        assert!(!document.is_touched(), "{place} {name}");
        assert_eq!(text(&document), source);
    }
    let mut document = document(source);
    assert_eq!(document.rename(&pointer("/b"), "c", 27), Ok(true));
    assert_eq!(document.rename(&pointer("/b/a"), "c", 99), Ok(false));
    assert_eq!(document.rename(&pointer("/c/a"), "c", 99), Ok(true));
    document.set(&pointer("/c/c"), "2", NO_LIMIT).unwrap();
    assert_eq!(text(&document), r#"{"a":1,"c":{"c":2},"l":[1]}"#);
}

#[test]
fn edits_reach_into_what_edits_put_there() {
    let mut document = document(r#"{"a":1}"#);
    document
        .set(&pointer("/a"), r#"{"b":[ ]}"#, NO_LIMIT)
        .unwrap();
    document
        .set(&pointer("/a/b/-"), r#"{"c":1}"#, NO_LIMIT)
        .unwrap();
    document.set(&pointer("/a/b/0/c"), "2", NO_LIMIT).unwrap();
    assert_eq!(
        document.get(&pointer("/a")).as_deref(),
        Some(r#"{"b":[{"c":2} ]}"#)
    );
    assert_eq!(text(&document), r#"{"a":{"b":[{"c":2} ]}}"#);
    assert!(document.remove(&pointer("/a/b/0")));
    assert_eq!(text(&document), r#"{"a":{"b":[ ]}}"#);
    document.replace(" [1]", NO_LIMIT).unwrap();
    assert_eq!(text(&document), " [1]");
    assert_eq!(
        document.replace("[12]", 3).unwrap_err(),
        EditError::TooLarge(3)
    );
}

#[test]
fn clones_are_independent() {
    let original = document(r#"{"a":{"b":1}}"#);
    let mut copy = original.clone();
    copy.set(&pointer("/a/b"), "2", NO_LIMIT).unwrap();
    let mut second = copy.clone();
    second.set(&pointer("/a/b"), "3", NO_LIMIT).unwrap();
    assert_eq!(text(&original), r#"{"a":{"b":1}}"#);
    assert_eq!(text(&copy), r#"{"a":{"b":2}}"#);
    assert_eq!(text(&second), r#"{"a":{"b":3}}"#);
}

#[test]
fn texts_are_the_strings_with_digits() {
    let document = document(SAMPLES[1]);
    let except: Vec<Pattern> = ["/Caller", "/Callee", "/SeatUser/Phone"]
        .into_iter()
        .chain([
            "/ServeParticipants/*/Phone",
            "/ServeParticipants/*/TransferTo",
        ])
        .map(|text| Pattern::parse(text).unwrap())
        .collect();
    let texts = document.texts(11, &except.iter().collect());
    let pointers: Vec<&str> = texts.iter().map(|found| found.pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/SessionId",
            "/ServeParticipants/0/RecordId",
            "/ServeParticipants/1/RecordId",
            "/RecordId",
            "/UserRemark",
            "/Uui",
            "/BalanceMicro"
        ]
    );
    let wide = self::document(r#"{"a":["１２3","\u0031\u0032\u0033",-1.23,"12",12]}"#);
    let texts: Vec<_> = wide
        .texts(3, &NumberPlaces::default())
        .into_iter()
        .map(|it| it.json)
        .collect();
    assert_eq!(texts, ["\"１２3\"", "\"\\u0031\\u0032\\u0033\"", "-1.23"]);
}

#[test]
fn names_are_the_keys_with_digits() {
    let document = document(r#"{"a123":{"１２3":1,"\u0031\u00323":2},"a12":["123"],"a123":0}"#);
    let names: Vec<_> = document
        .names(3)
        .into_iter()
        .map(|found| (found.pointer, found.json.into_owned()))
        .collect();
    let expected = [
        ("/a123", "\"a123\""),
        ("/a123/１２3", "\"１２3\""),
        ("/a123/123", "\"\\u0031\\u00323\""),
        ("/a123", "\"a123\""),
    ];
    assert_eq!(names, expected.map(|(at, name)| (at.into(), name.into())));
}

#[test]
fn a_walk_names_every_place() {
    let document = document(r#"{"a/":[1,{"b":"x"}],"c":true}"#);
    let mut seen = Vec::new();
    let _ = document.walk(&mut |place, token| {
        seen.push(format!("{} {token:?}", place.pointer()));
        ControlFlow::Continue(())
    });
    assert_eq!(
        seen,
        [
            r#"/a~1 Key("\"a/\"")"#,
            r#"/a~1/0 Number("1")"#,
            r#"/a~1/1/b Key("\"b\"")"#,
            r#"/a~1/1/b String("\"x\"")"#,
            r#"/c Key("\"c\"")"#,
            r#"/c Literal("true")"#,
        ]
    );
}

/// JSON text with odd whitespace, duplicate keys, escapes and number tokens.
fn json() -> impl Strategy<Value = String> {
    let space = || prop::sample::select(vec!["", " ", "\n\t", "  "]);
    let key = || prop::sample::select(vec!["a", "b", "", "\\u0061", "c/~", "中"]);
    let leaf = prop::sample::select(vec![
        "1.0",
        "90071992547409931234",
        "-0e+1",
        "null",
        "true",
        "\"\\u00e9\\n\"",
        "\"号]}\"",
        "\"\"",
    ]);
    leaf.prop_map(String::from)
        .prop_recursive(4, 24, 5, move |inner| {
            let member = (space(), key(), space(), space(), inner.clone(), space())
                .prop_map(|(a, key, b, c, value, d)| format!("{a}\"{key}\"{b}:{c}{value}{d}"));
            let element =
                (space(), inner, space()).prop_map(|(a, value, b)| a.to_owned() + &value + b);
            prop_oneof![
                (prop::collection::vec(member, 0..5), space())
                    .prop_map(|(members, empty)| wrap('{', &members, empty, '}')),
                (prop::collection::vec(element, 0..4), space())
                    .prop_map(|(elements, empty)| wrap('[', &elements, empty, ']')),
            ]
        })
}

fn wrap(open: char, parts: &[String], empty: &str, close: char) -> String {
    let inside = if parts.is_empty() {
        empty.to_owned()
    } else {
        parts.join(",")
    };
    format!("{open}{inside}{close}")
}

/// A value that no random document holds.
const MARK: &str = "\"\u{1F4CD}\"";

/// Every place of a document that a pointer of the walk names.
fn places(document: &Document) -> Vec<Pointer> {
    let mut places = Vec::new();
    let _ = document.walk(&mut |place, _| {
        places.push(pointer(&place.pointer()));
        ControlFlow::Continue(())
    });
    places
}

/// What a reader makes of a text: of a duplicated key, the last.
fn read(text: &str) -> Json {
    serde_json::from_str(text).unwrap()
}

proptest! {
    #[test]
    fn what_is_not_touched_is_kept(source in json(), pick in any::<prop::sample::Index>()) {
        let original = document(&source);
        let places = places(&original);
        prop_assert_eq!(text(&original), source.as_str());
        if places.is_empty() {
            return Ok(());
        }
        let place = pick.get(&places);

        let mut edited = original.clone();
        edited.set(place, MARK, NO_LIMIT).unwrap();
        prop_assert_eq!(edited.len(), edited.bytes().len());

        // Under a duplicated key the last value may be no container: then a
        // reader sees nothing at the place, before and after.
        if original.get(place).is_none() {
            return Ok(());
        }
        prop_assert!(edited.get(place).is_some_and(|json| json == MARK));

        // What stands between the marks is what stood between the values.
        let matches = original.select(&Pattern::parse(&place.to_string()).unwrap());
        let edited = text(&edited);
        let kept: Vec<&str> = edited.split(MARK).collect();
        prop_assert_eq!(kept.len(), matches.len() + 1);
        let mut rebuilt = kept[0].to_owned();
        for (value, rest) in matches.iter().zip(&kept[1..]) {
            rebuilt = rebuilt + &value.json + rest;
        }
        prop_assert_eq!(rebuilt, source);
    }

    #[test]
    fn a_renaming_changes_the_names_alone(source in json(), pick in any::<prop::sample::Index>()) {
        const NAME: &str = "\u{1F4CD}";
        let original = document(&source);
        let names = original.names(0);
        if names.is_empty() {
            return Ok(());
        }
        let place = pointer(&pick.get(&names).pointer);
        let mut renamed = original.clone();
        prop_assert_eq!(renamed.rename(&place, NAME, NO_LIMIT), Ok(true));
        prop_assert_eq!(renamed.len(), renamed.bytes().len());

        // What stands between the new names is what stood between the old.
        let names = names.iter().filter(|found| pointer(&found.pointer) == place);
        let renamed = text(&renamed);
        let kept: Vec<&str> = renamed.split("\"\u{1F4CD}\"").collect();
        let mut rebuilt = kept[0].to_owned();
        let mut count = 1;
        for (name, rest) in names.zip(&kept[1..]) {
            rebuilt = rebuilt + &name.json + rest;
            count += 1;
        }
        prop_assert_eq!(kept.len(), count);
        prop_assert_eq!(rebuilt, source);
    }

    #[test]
    fn many_patterns_find_what_each_finds(source in json(), edited in any::<bool>()) {
        let mut document = document(&source);
        if edited {
            let _ = document.set(&Pointer::parse("/a/0").unwrap(), "[7]", NO_LIMIT);
        }
        let patterns = ["", "/a", "/a/*", "/a/0", "/*", "/*/b", "/a/b/c~1~0", "/中/*/a", "//1"];
        let patterns = patterns.map(|text| Pattern::parse(text).unwrap());
        let tree = patterns.iter().cloned().zip(0..).collect();
        let mut found = vec![Vec::new(); patterns.len()];
        document.look(&tree, |place, json, &which: &usize| {
            found[which].push((place.pointer(), json.into_owned()));
        });
        for (pattern, found) in patterns.iter().zip(found) {
            let alone = document.select(pattern).into_iter();
            let alone: Vec<_> = alone.map(|it| (it.pointer, it.json.into_owned())).collect();
            prop_assert_eq!(found, alone, "{}", pattern);
        }
    }

    #[test]
    fn a_reader_agrees(source in json(), pick in any::<prop::sample::Index>()) {
        let original = document(&source);
        let whole = read(&source);
        for place in places(&original) {
            let got = original.get(&place).map(|json| read(&json));
            prop_assert_eq!(got.as_ref(), whole.pointer(&place.to_string()));
        }
        let places = places(&original);
        if places.is_empty() {
            return Ok(());
        }
        let place = pick.get(&places);
        let mut removed = original.clone();
        if !removed.remove(place) {
            // The whole document stays.
            return Ok(());
        }
        prop_assert_eq!(removed.len(), removed.bytes().len());
        let again = document(&text(&removed));
        // Behind an array element another one moves up.
        if place.tokens().last().is_some_and(|token| token.parse::<usize>().is_err()) {
            prop_assert_eq!(again.get(place), None);
        }
    }
}
