use cdr_plugin_sdk::mock;
use serde_json::{Value, json};

use super::*;

const ROWS: &[(&str, &str)] = &[
    (
        "184861",
        r#"{"province":"贵州","city":"安顺","operator":"移动"}"#,
    ),
    (
        "1312345",
        r#"{"province":"北京","city":"北京","operator":"联通"}"#,
    ),
    ("755", r#"{"province":"广东","city":"深圳","operator":""}"#),
    ("192", r#"{"province":"","city":"","operator":"广电"}"#),
    ("194", r#"{"province":"","city":"","operator":""}"#),
];

const SEED: &str = r#"{"Caller":"0086400xxx6666","Callee":"0086184xxxx7605","Direction":1,"CallerLocation":"",
"TelLocation":{"TelNumber":"008618486147605","Country":"中国","Province":"贵州","City":"安顺","Operator":"移动"}}"#;

/// What the plugin changed of a record: each changed or added root member.
fn changes(kind: Kind, record: &Value) -> Value {
    let _host = mock::Host::new().with_table("attribution", ROWS);
    let plugin: Attribution = mock::configure("{}").unwrap();
    let stored = mock::Record::new(kind, &record.to_string());
    assert_eq!(mock::process(&plugin, &stored), Verdict::Keep);
    let after: Value = serde_json::from_str(&stored.text()).unwrap();
    let members = after.as_object().unwrap().iter();
    members
        .filter(|(key, value)| record.get(key) != Some(value))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

#[test]
fn the_seed_gets_a_callee_location() {
    let seed = serde_json::from_str(SEED).unwrap();
    assert_eq!(
        changes(Kind::Cdr, &seed),
        json!({"CalleeLocation": "贵州安顺移动"})
    );
}

/// Rows of the table that ships with the product, as the gateway reads them.
fn shipped() -> Vec<(String, String)> {
    let packed: &[u8] = include_bytes!("../data/cn.csv.gz");
    let text = std::io::read_to_string(flate2::read::GzDecoder::new(packed)).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    assert_eq!(header, "prefix,province,city,operator");
    let row = |line: &str| {
        let [prefix, province, city, operator] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("not four columns: {line}");
        };
        let value = json!({"province": province, "city": city, "operator": operator});
        (prefix.to_owned(), value.to_string())
    };
    rows.lines().map(row).collect()
}

#[test]
fn the_shipped_table() {
    let rows = shipped();
    let rows: Vec<_> = rows
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect();
    let _host = mock::Host::new().with_table("attribution", &rows);
    let cases = [
        ("18486147605", Some("贵州安顺移动")),
        ("13123456789", Some("广西玉林联通")),
        ("075588886666", Some("广东深圳")),
        ("02066247698", Some("广东广州")),
        ("01066247698", Some("北京")),
        ("04718886666", Some("内蒙古呼和浩特")),
        ("08558886666", Some("贵州黔东南")),
        ("03588886666", Some("山西吕梁")),
        ("19212345678", None),
    ];
    let plugin: Attribution = mock::configure("{}").unwrap();
    for (number, expected) in cases {
        let record = mock::Record::call(&json!({ "Callee": number }).to_string());
        assert_eq!(mock::process(&plugin, &record), Verdict::Keep);
        let added = record.cdr().tccc().call().callee_location().get().unwrap();
        assert_eq!(added.as_deref(), expected, "{number}");
    }
}

#[test]
fn what_is_empty_is_filled() {
    let beijing =
        json!({"Country": "中国", "Province": "北京", "City": "北京", "Operator": "联通"});
    let cases = [
        (
            json!({"Caller": "008613123456789", "Callee": "0086075588886666", "Direction": 0, "CallerLocation": "", "TelLocation": null}),
            json!({"CallerLocation": "北京联通", "CalleeLocation": "广东深圳", "TelLocation": beijing}),
        ),
        (
            json!({"Caller": "008613123456789", "Direction": 0}),
            json!({"CallerLocation": "北京联通", "TelLocation": beijing}),
        ),
        (
            json!({"Caller": "008613123456789", "CallerLocation": "首都"}),
            json!({}),
        ),
        (
            json!({"Callee": 13_123_456_789_u64}),
            json!({"CalleeLocation": "北京联通"}),
        ),
        (
            json!({"TelLocation": {"TelNumber": "18486147605", "Country": "中国", "Province": "贵州省", "City": "", "Operator": null}}),
            json!({"TelLocation": {"TelNumber": "18486147605", "Country": "中国", "Province": "贵州省", "City": "安顺", "Operator": "移动"}}),
        ),
        (
            json!({"Direction": 0, "Caller": "19212345678"}),
            json!({"TelLocation": {"Country": "中国", "Operator": "广电"}}),
        ),
    ];
    for (record, expected) in cases {
        assert_eq!(changes(Kind::Cdr, &record), expected, "{record}");
    }
}

#[test]
fn the_users_side_and_tel_number_serve_each_other() {
    let guizhou = "贵州安顺移动";
    let tel = json!({"TelNumber": "008618486147605", "Country": "中国", "Province": "贵州", "City": "安顺", "Operator": "移动"});
    let cases = [
        (
            json!({"Direction": 0, "Caller": "0086184xxxx7605", "TelLocation": tel}),
            json!({"CallerLocation": guizhou}),
        ),
        (
            json!({"Direction": 0, "Caller": "", "TelLocation": tel}),
            json!({"CallerLocation": guizhou}),
        ),
        (
            json!({"Direction": 0, "Caller": "8021", "TelLocation": tel}),
            json!({}),
        ),
        (
            json!({"Direction": 0, "Caller": "0086184xxxx7606", "TelLocation": tel}),
            json!({}),
        ),
        (
            json!({"Direction": 0, "Callee": "0086184xxxx7605", "TelLocation": tel}),
            json!({"CallerLocation": guizhou}),
        ),
        (
            json!({"Direction": 2, "Callee": "0086184xxxx7605", "TelLocation": tel}),
            json!({}),
        ),
        (
            json!({"Direction": 1, "Callee": "18486147605", "TelLocation": {"TelNumber": "184****7605"}}),
            json!({"CalleeLocation": guizhou, "TelLocation": {"TelNumber": "184****7605", "Country": "中国", "Province": "贵州", "City": "安顺", "Operator": "移动"}}),
        ),
    ];
    for (record, expected) in cases {
        assert_eq!(changes(Kind::Cdr, &record), expected, "{record}");
    }
}

#[test]
fn what_adds_nothing() {
    let cases = [
        (
            Kind::Cdr,
            json!({"Caller": "00864001236666", "Callee": "8021", "Direction": 0}),
        ),
        (
            Kind::Cdr,
            json!({"Caller": "+85291234567", "Callee": "19412345678", "Direction": 0}),
        ),
        (
            Kind::Cdr,
            json!({"Caller": ["13123456789"], "Callee": null, "Direction": "0"}),
        ),
        (
            Kind::Cdr,
            json!({"TelLocation": {"TelNumber": "18486147605", "Province": "广东", "City": ""}}),
        ),
        (
            Kind::Cdr,
            json!({"TelLocation": "贵州", "Direction": 0, "Caller": "18486147605", "CallerLocation": "-"}),
        ),
        (
            Kind::Record,
            json!({"Caller": "13123456789", "EndpointUser": "13123456789"}),
        ),
    ];
    for (kind, record) in cases {
        assert_eq!(changes(kind, &record), json!({}), "{record}");
    }
}

#[test]
fn a_table_that_is_not_granted_is_a_config_error() {
    let _host = mock::Host::new();
    let errors = mock::configure::<Attribution>(r#"{"table":"areas"}"#).unwrap_err();
    let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    assert_eq!(pointers, ["/table"]);
}

#[test]
fn a_table_of_other_columns_suspends() {
    let _host = mock::Host::new().with_table("attribution", &[("131", "北京")]);
    let plugin: Attribution = mock::configure("{}").unwrap();
    let record = mock::Record::call(r#"{"Caller":"13123456789"}"#);
    assert!(matches!(
        mock::process(&plugin, &record),
        Verdict::Suspend(_)
    ));
}
