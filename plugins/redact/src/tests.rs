//! The plugin as the gateway runs it.

use cdr_plugin_sdk::{
    Kind, Verdict,
    mock::{self, Host},
};
use serde_json::{Value, json};

use super::Redact;

const SAMPLES: [(Kind, &str); 4] = [
    (Kind::Cdr, include_str!("../../../tests/records/seed.json")),
    (
        Kind::Cdr,
        include_str!("../../../tests/records/inbound-transfer.json"),
    ),
    (
        Kind::Voicemail,
        include_str!("../../../tests/records/voicemail.json"),
    ),
    (
        Kind::Record,
        include_str!("../../../tests/records/record.json"),
    ),
];

fn redacted(config: &Value, record: &mock::Record) -> String {
    let plugin: Redact = mock::configure(&config.to_string()).expect("the config is valid");
    assert_eq!(mock::process(&plugin, record), Verdict::Keep);
    record.text()
}

/// The value of one field of a call.
fn field(config: &Value, name: &str, value: &Value) -> Value {
    let record = mock::Record::call(&json!({ name: value }).to_string());
    let after: Value = serde_json::from_str(&redacted(config, &record)).unwrap();
    after.get(name).cloned().unwrap_or_default()
}

#[test]
fn what_is_found_is_replaced_and_the_rest_stays() {
    let cases = [
        (
            "证件11010519491231002X 卡6222 0212 3456 7890 128 li@example.com",
            json!("证件[id_card] 卡[bank_card] [email]"),
        ),
        (
            r#"{"id":"11010519491231002x","card":4111111111111111,"n":1}"#,
            json!(r#"{"id":"[id_card]","card":"[bank_card]","n":1}"#),
        ),
        ("11010519491231002X@example.com", json!("[email]")),
        (
            "回电 131-2345-6789, 订单 A20241122-0091",
            json!("回电 131-2345-6789, 订单 A20241122-0091"),
        ),
        (
            "110105194912310021 4111111111111112",
            json!("110105194912310021 4111111111111112"),
        ),
    ];
    for (before, after) in cases {
        assert_eq!(
            field(&json!({}), "UserRemark", &json!(before)),
            after,
            "{before}"
        );
    }
}

#[test]
fn call_ids_order_numbers_and_phone_numbers_of_the_samples_stay() {
    for (kind, sample) in SAMPLES {
        let record = mock::Record::new(kind, sample);
        let before = record.text();
        let cards = json!({ "find": ["id_card", "bank_card"] });
        assert_eq!(redacted(&cards, &record), before);
    }
    let record = mock::Record::call(SAMPLES[0].1);
    let after = redacted(&json!({ "find": ["email"] }), &record);
    let expected = mock::Record::call(SAMPLES[0].1)
        .text()
        .replace("zhangsan@tencent.con", "[email]")
        .replace("zhangsan@tencent.com", "[email]");
    assert_eq!(after, expected);
}

#[test]
fn places_and_replacements_can_be_chosen() {
    let before = r#"{"EndpointUser":"li@example.com","UserRemark":"li@example.com","SeatUser":{"Mail":"x","Name":"","Nick":null},"Uui":["4111111111111111",7]}"#;
    let cases = [
        (
            json!({}),
            before
                .replace("li@example.com", "[email]")
                .replace("4111111111111111", "[bank_card]"),
        ),
        (
            json!({"only_in": ["/UserRemark"], "replacement": "***"}),
            before.replace(r#"Remark":"li@example.com"#, r#"Remark":"***"#),
        ),
        (
            json!({"only_in": ["/Uui"], "whole": ["/SeatUser/Mail", "/SeatUser/Name", "/SeatUser/Nick"]}),
            before
                .replace(r#""x""#, r#""[value]""#)
                .replace("4111111111111111", "[bank_card]"),
        ),
        (
            json!({"find": ["bank_card"], "whole": ["/Uui/*"]}),
            before.replace(r#"["4111111111111111",7]"#, r#"["[value]","[value]"]"#),
        ),
    ];
    for (config, expected) in cases {
        assert_eq!(
            redacted(&config, &mock::Record::call(before)),
            expected,
            "{config}"
        );
    }
}

#[test]
fn duplicated_members_show_the_last_ones_value() {
    let cases = [
        (r#"{"a":"li@example.com","a":"b"}"#, r#"{"a":"b","a":"b"}"#),
        (
            r#"{"a":"b","a":"li@example.com"}"#,
            r#"{"a":"[email]","a":"[email]"}"#,
        ),
    ];
    for (before, after) in cases {
        assert_eq!(redacted(&json!({}), &mock::Record::call(before)), after);
    }
}

#[test]
fn names_of_members() {
    let cases = [
        (
            r#"{"by":{"li@example.com":{"4111 1111 1111 1111":1},"b@c.de":2}}"#,
            r#"{"by":{"[email]#2":{"[bank_card]":1},"[email]":2}}"#,
        ),
        (r#"{"4111111111111112":1}"#, r#"{"4111111111111112":1}"#),
    ];
    for (before, after) in cases {
        assert_eq!(redacted(&json!({}), &mock::Record::call(before)), after);
    }
}

#[test]
fn json_numbers() {
    let before = r#"{"card":4111111111111111,"id":110105491231002,"at":1677140072000,"n":1.5}"#;
    let after = r#"{"card":"[bank_card]","id":"[id_card]","at":1677140072000,"n":1.5}"#;
    assert_eq!(redacted(&json!({}), &mock::Record::call(before)), after);
}

#[test]
fn what_was_found_is_counted() {
    let host = Host::new();
    let record = mock::Record::call(r#"{"a":"li@example.com b@c.de","b":"4111111111111111"}"#);
    redacted(&json!({}), &record);
    let counted =
        ["email", "bank_card", "id_card"].map(|kind| host.counter(&format!("redacted.{kind}")));
    assert_eq!(counted, [2, 1, 0]);
}

#[test]
fn the_config_is_checked() {
    let cases = [
        (json!({"find": []}), vec!["/find"]),
        (json!({"find": ["phone"]}), vec!["/find/0"]),
        (
            json!({"only_in": ["/a", "b"], "whole": ["/c~d"]}),
            vec!["/only_in/1", "/whole/0"],
        ),
        (json!({"replacement": "13123456789"}), vec!["/replacement"]),
        (json!({"relpacement": "x"}), vec!["/relpacement"]),
    ];
    for (config, expected) in cases {
        let errors = mock::configure::<Redact>(&config.to_string()).expect_err(&config.to_string());
        let pointers: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, expected, "{config}: {errors:?}");
    }
}
