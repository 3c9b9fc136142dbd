//! The modes beside `keep`, over every form in which the sender writes numbers.

use super::*;

const KEY: &str = "thirty-two bytes of a secret key";

/// What the sender writes for one number, and what leaves in the modes `remove`,
/// `pseudonym` and `fpe`: `{M}` and `{L}` stand for the two pseudonyms, `{m}` (wide:
/// `{w}`) and `{l}` for the encrypted national digits.
const FORMS: [(&str, [&str; 3]); 17] = [
    ("008613123456789", ["", "{M}", "0086{m}"]),
    ("+8613123456789", ["", "{M}", "+86{m}"]),
    ("8613123456789", ["", "{M}", "86{m}"]),
    ("13123456789", ["", "{M}", "{m}"]),
    ("013123456789", ["", "{M}", "0{m}"]),
    ("１３１２３４５６７８９", ["", "{M}", "{w}"]),
    ("0086075588886666", ["", "{L}", "00860{l}"]),
    ("075588886666", ["", "{L}", "0{l}"]),
    ("+86 75588886666", ["", "{L}", "+86 {l}"]),
    (
        "sip:13123456789@pbx.example",
        ["", "sip:{M}@pbx.example", "sip:{m}@pbx.example"],
    ),
    ("075588886666-8021", ["", "{L}-8021", "0{l}-8021"]),
    (
        "0086184xxxx7605",
        ["", "0086184xxxx7605", "0086184xxxx7605"],
    ),
    ("0086400xxx6666", ["", "0086400xxx6666", "0086400xxx6666"]),
    ("131****6789", ["", "131****6789", "131****6789"]),
    ("8021", ["8021"; 3]),
    ("wang.w@example.com", ["wang.w@example.com"; 3]),
    ("", [""; 3]),
];

fn config(mode: &str) -> String {
    match mode {
        "pseudonym" => json!({ "mode": mode, "key": KEY, "key_id": "k1" }),
        "fpe" => json!({ "mode": mode, "key": KEY }),
        _ => json!({ "mode": mode }),
    }
    .to_string()
}

fn run(config: &str, record: &mock::Record) -> Value {
    let plugin: PhoneMask = mock::configure(config).unwrap();
    assert_eq!(mock::process(&plugin, record), Verdict::Keep);
    serde_json::from_str(&record.text()).unwrap()
}

/// The record with one field, in a mode: the field's value.
fn field(mode: &str, field: &str, value: &Value) -> Value {
    let record = mock::Record::call(&json!({ field: value }).to_string());
    run(&config(mode), &record)
        .get(field)
        .cloned()
        .unwrap_or_default()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn wide(digits: &str) -> String {
    let wide = |digit: char| char::from_u32(digit as u32 - '0' as u32 + '０' as u32);
    digits.chars().filter_map(wide).collect()
}

#[test]
fn every_form_at_a_number_place() {
    let of = |mode, number: &str| text(&field(mode, "Caller", &json!(number)));
    let (mobile, landline) = ("13123456789", "075588886666");
    let encrypted = of("fpe", mobile);
    let names = [
        ("{M}", of("pseudonym", mobile)),
        ("{L}", of("pseudonym", landline)),
        ("{w}", wide(&encrypted)),
        ("{m}", encrypted),
        ("{l}", of("fpe", landline)[1..].to_owned()),
    ];
    for (number, expected) in FORMS {
        for (mode, expected) in ["remove", "pseudonym", "fpe"].into_iter().zip(expected) {
            let expected = names
                .iter()
                .fold(expected.to_owned(), |text, (name, value)| {
                    text.replace(name, value)
                });
            assert_eq!(of(mode, number), expected, "{mode} {number}");
        }
    }
}

#[test]
fn free_text() {
    let mobile = text(&field("pseudonym", "Caller", &json!("13123456789")));
    let landline = text(&field("pseudonym", "Caller", &json!("0755 8888 6666")));
    let m = text(&field("fpe", "Caller", &json!("13123456789")));
    let l = &text(&field("fpe", "Caller", &json!("075588886666")))[1..];
    let cases = [
        (
            "131-2345-6789,晚上 0755 8888 6666",
            ",晚上 ".to_owned(),
            format!("{mobile},晚上 {landline}"),
            format!(
                "{}-{}-{},晚上 0{} {} {}",
                &m[..3],
                &m[3..7],
                &m[7..],
                &l[..3],
                &l[3..7],
                &l[7..]
            ),
        ),
        (
            "call +86 (131) 2345 6789 now",
            "call  now".to_owned(),
            format!("call {mobile} now"),
            format!("call +86 ({}) {} {} now", &m[..3], &m[3..7], &m[7..]),
        ),
        (
            r#"{"tel":13123456789,"at":1732240999123}"#,
            r#"{"tel":"","at":1732240999123}"#.to_owned(),
            format!(r#"{{"tel":"{mobile}","at":1732240999123}}"#),
            format!(r#"{{"tel":"{m}","at":1732240999123}}"#),
        ),
        (
            "https://r.example/vm/13123456789-1732240999.mp3?t=%2B8613123456789",
            "https://r.example/vm/-1732240999.mp3?t=".to_owned(),
            format!("https://r.example/vm/{mobile}-1732240999.mp3?t={mobile}"),
            format!("https://r.example/vm/{m}-1732240999.mp3?t=%2B86{m}"),
        ),
        (
            "order 20241122 at 1732240999, *******7605",
            "order 20241122 at 1732240999, *******7605".to_owned(),
            "order 20241122 at 1732240999, *******7605".to_owned(),
            "order 20241122 at 1732240999, *******7605".to_owned(),
        ),
    ];
    for (before, removed, pseudonymous, encrypted) in cases {
        for (mode, expected) in [
            ("remove", removed),
            ("pseudonym", pseudonymous),
            ("fpe", encrypted),
        ] {
            assert_eq!(
                field(mode, "UserRemark", &json!(before)),
                expected,
                "{mode} {before}"
            );
        }
    }
}

#[test]
fn the_parts_of_a_number_are_the_parts_of_what_it_becomes() {
    let before =
        r#"{"Callee":"0086075588886666","UserRemark":"回拨 8888-6666","Uui":"9975588886666000"}"#;
    let pseudonymous = run(&config("pseudonym"), &mock::Record::call(before));
    let name = text(&pseudonymous["Callee"]);
    assert_eq!(pseudonymous["UserRemark"], format!("回拨 {name}"));
    assert_eq!(pseudonymous["Uui"], format!("99{name}000"));

    let encrypted = run(&config("fpe"), &mock::Record::call(before));
    let national = text(&encrypted["Callee"])[5..].to_owned();
    let (first, last) = (&national[3..7], &national[7..]);
    assert_eq!(encrypted["UserRemark"], format!("回拨 {first}-{last}"));
    assert_eq!(encrypted["Uui"], format!("99{national}000"));
}

#[test]
fn what_is_left_of_a_removed_value() {
    let before = r#"{"Caller":"13123456789","EndpointUser":["13123456789",13800138000,"8021"],"Callee":"8021"}"#;
    let cases = [
        ("{}", r#"{"Caller":"","EndpointUser":"","Callee":"8021"}"#),
        (
            r#"{"removed":"null"}"#,
            r#"{"Caller":null,"EndpointUser":null,"Callee":"8021"}"#,
        ),
        (r#"{"removed":"member"}"#, r#"{"Callee":"8021"}"#),
    ];
    for (config, after) in cases {
        let config = config
            .replacen('{', r#"{"mode":"remove","#, 1)
            .replace(",}", "}");
        let record = mock::Record::call(before);
        run(&config, &record);
        assert_eq!(record.text(), after, "{config}");
    }
    let record = mock::Record::call(r#"{"A":["13123456789","8021","13800138000"]}"#)
        .with_numbers_at(&["/A/*"]);
    run(r#"{"mode":"remove","removed":"member"}"#, &record);
    assert_eq!(record.text(), r#"{"A":["8021"]}"#);
}

#[test]
fn what_is_removed_moves_nothing_that_is_still_to_be_changed() {
    let cases: [(&str, &[&str], &str); 4] = [
        (
            r#"{"A":["13123456789","8021","13800138000"]}"#,
            &["/A/2", "/A/0"],
            r#"{"A":["8021"]}"#,
        ),
        (
            r#"{"A":["13123456789","13800138000","8021"]}"#,
            &["/A/1", "/A/0", "/A/*"],
            r#"{"A":["8021"]}"#,
        ),
        (
            r#"{"A":["13123456789",{"13800138000":"x"},"1","1","1","1","1","1","1","1","13800138000"]}"#,
            &["/A/0", "/A/10"],
            r#"{"A":[{"":"x"},"1","1","1","1","1","1","1","1"]}"#,
        ),
        (
            r#"{"13123456789":{"A":["13123456789",{"B":"13800138000"}]}}"#,
            &["/*"],
            r#"{"":{"A":["",{"B":""}]}}"#,
        ),
    ];
    for (before, places, after) in cases {
        let record = mock::Record::call(before).with_numbers_at(places);
        run(r#"{"mode":"remove","removed":"member"}"#, &record);
        assert_eq!(record.text(), after, "{before}");
    }
}

#[test]
fn a_number_in_several_values_of_nested_json_leaves_them_apart() {
    let before = json!({ "Caller": "13123456789", "Uui": "[1312345,6789]" }).to_string();
    let after = run(&config("pseudonym"), &mock::Record::call(&before));
    let nested: Value = serde_json::from_str(after["Uui"].as_str().unwrap()).unwrap();
    assert_eq!(nested, json!([after["Caller"], ""]));
}

#[test]
fn locations() {
    let before = json!({
        "CallerLocation": "贵州安顺移动", "CalleeLocation": "广东深圳",
        "TelLocation": {"TelNumber": "131****6789", "Country": "中国", "Province": "贵州",
            "City": "安顺", "Operator": "移动", "Note": "x"}
    });
    let after = |country: &str, province: &str, lines: [&str; 2]| {
        json!({
            "CallerLocation": lines[0], "CalleeLocation": lines[1],
            "TelLocation": {"TelNumber": "131****6789", "Country": country, "Province": province,
                "City": "", "Operator": "", "Note": "x"}
        })
    };
    let keep = r#""mode":"keep""#;
    let cases = [
        (keep, after("中国", "贵州", ["贵州", "广东"])),
        (
            r#""location":"province""#,
            after("中国", "贵州", ["贵州", "广东"]),
        ),
        (
            r#""location":"country""#,
            after("中国", "", ["中国", "中国"]),
        ),
        (r#""location":"remove""#, after("", "", ["", ""])),
        (r#""location":"keep""#, before.clone()),
    ];
    for (config, expected) in cases {
        let record = mock::Record::call(&before.to_string());
        assert_eq!(run(&format!("{{{config}}}"), &record), expected, "{config}");
    }
    let pseudonymous = run(
        &config("pseudonym"),
        &mock::Record::call(&before.to_string()),
    );
    assert_eq!(pseudonymous["TelLocation"]["City"], "安顺");

    for text in [
        r#"{"CallerLocation":"","TelLocation":null}"#,
        r#"{"TelLocation":{"City":"","Operator":null}}"#,
        r#"{"TelLocation":"中国"}"#,
        "{}",
    ] {
        let record = mock::Record::call(text);
        run("{}", &record);
        assert_eq!(record.text(), text);
    }
    for (before, after) in [
        ("火星", ""),
        ("中国贵州安顺", "贵州"),
        ("贵州省安顺市移动", "贵州"),
    ] {
        let record = mock::Record::call(&json!({ "CallerLocation": before }).to_string());
        assert_eq!(
            run("{}", &record),
            json!({ "CallerLocation": after }),
            "{before}"
        );
    }
}

#[test]
fn the_config_of_a_mode_is_checked() {
    let short = "only thirty-one bytes of secret";
    let key = format!(r#""key":"{KEY}""#);
    let cases = [
        (r#""mode":"pseudonym""#.to_owned(), vec!["", ""]),
        (format!(r#""mode":"pseudonym",{key}"#), vec![""]),
        (
            format!(r#""mode":"pseudonym",{key},"key_id":"12345""#),
            vec!["/key_id"],
        ),
        (
            format!(r#""mode":"pseudonym",{key},"key_id":"K""#),
            vec!["/key_id"],
        ),
        (
            format!(r#""mode":"pseudonym",{key},"key_id":"""#),
            vec!["/key_id"],
        ),
        (
            format!(r#""mode":"pseudonym","key":"{short}","key_id":"k""#),
            vec!["/key"],
        ),
        (r#""mode":"fpe""#.to_owned(), vec![""]),
        (
            format!(r#""mode":"fpe",{key},"key_id":"k""#),
            vec!["/key_id"],
        ),
        (
            format!(r#"{key},"removed":"null""#),
            vec!["/removed", "/key"],
        ),
        (
            r#""mode":"remove","keep_first":3"#.to_owned(),
            vec!["/keep_first"],
        ),
        (r#""mode":"hide""#.to_owned(), vec!["/mode"]),
    ];
    for (config, expected) in cases {
        let errors = mock::configure::<PhoneMask>(&format!("{{{config}}}")).expect_err(&config);
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{config}: {errors:?}");
        let said = format!("{errors:?}");
        assert!(!said.contains(short) && !said.contains(KEY), "{said}");
    }
}

#[test]
fn no_debug_output_shows_the_key() {
    for mode in ["pseudonym", "fpe"] {
        let config = config(mode);
        let read: config::Config = serde_json::from_str(&config).unwrap();
        let plugin: PhoneMask = mock::configure(&config).unwrap();
        let shown = format!("{read:?} {plugin:?}");
        assert!(!shown.contains("secret key"), "{shown}");
    }
}
