use cdr_number::Scan;
use cdr_plugin_sdk::{Kind, mock};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::keep::Keep;

mod modes;
mod survival;

const TRANSFER: &str = include_str!("../../../tests/records/inbound-transfer.json");
const VOICEMAIL: &str = include_str!("../../../tests/records/voicemail.json");

fn mask(record: &mock::Record) -> Value {
    let plugin: PhoneMask = mock::configure("{}").unwrap();
    assert_eq!(mock::process(&plugin, record), Verdict::Keep);
    serde_json::from_str(&record.text()).unwrap()
}

/// The record with one field, masked: the field's value.
fn masked(kind: Kind, field: &str, value: &Value) -> Value {
    let record = mock::Record::new(kind, &json!({ field: value }).to_string());
    mask(&record).get(field).cloned().unwrap_or_default()
}

#[test]
fn every_form_at_a_number_place() {
    let cases = [
        ("008613123456789", "0086131****6789"),
        ("+8613123456789", "+86131****6789"),
        ("8613123456789", "86131****6789"),
        ("13123456789", "131****6789"),
        ("013123456789", "0131****6789"),
        ("1795113123456789", "17951131****6789"),
        ("00864001236666", "008640****6666"),
        ("4001236666", "40****6666"),
        ("7001236666", "70****6666"),
        ("0086075588886666", "00860755****6666"),
        ("075588886666", "0755****6666"),
        ("008602066247698", "0086020****7698"),
        ("02066247698", "020****7698"),
        ("2066247698", "20****7698"),
        ("08516624769", "085****4769"),
        ("88886666", "****6666"),
        ("8888666", "****666"),
        ("0755-8888 6666", "0755-**** 6666"),
        ("+86 (0)755 8888-6666", "+86 (0)755 ****-6666"),
        ("１３１２３４５６７８９", "１３１****６７８９"),
        ("075588886666-8021", "0755****6666-8021"),
        ("+85291234567", "+852****4567"),
        ("+12025550123", "+120****0123"),
        ("12345678901234", "123*******1234"),
        ("sip:13123456789@pbx.example", "sip:131****6789@pbx.example"),
        ("8021", "8021"),
        ("802100", "802100"),
        ("0086184xxxx7605", "0086184xxxx7605"),
        ("0086400xxx6666", "0086400xxx6666"),
        ("131****6789", "131****6789"),
        ("wang.w@example.com", "wang.w@example.com"),
        ("anonymous", "anonymous"),
        ("", ""),
    ];
    for (number, expected) in cases {
        assert_eq!(
            masked(Kind::Cdr, "Caller", &json!(number)),
            expected,
            "{number}"
        );
    }
}

#[test]
fn free_text() {
    let cases = [
        (
            "131-2345-6789,晚上 0755 8888 6666",
            "131-****-6789,晚上 0755 **** 6666",
        ),
        (
            r#"{"order":"A20241122-0091","tel":"+8613123456789"}"#,
            r#"{"order":"A20241122-0091","tel":"+86131****6789"}"#,
        ),
        (
            r#"{"tel":13123456789,"at":1732240999123}"#,
            r#"{"tel":"131****6789","at":1732240999123}"#,
        ),
        (r#"{"tel":"13123456789\n1"}"#, r#"{"tel":"131****6789\n1"}"#),
        (
            "https://r.example/vm/13123456789-1732240999.mp3?t=%2B8613123456789",
            "https://r.example/vm/131****6789-1732240999.mp3?t=%2B86131****6789",
        ),
        ("%31%33123456789", "%31%331****6789"),
        (
            "order 20241122 at 1732240999, 2024-11-22 10:30",
            "order 20241122 at 1732240999, 2024-11-22 10:30",
        ),
        ("*******7605", "*******7605"),
        (
            "0d0b5f9e-1f5c-4e36-9d4b-013800138000",
            "0d0b5f9e-1f5c-4e36-9d4b-013800138000",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            masked(Kind::Cdr, "UserRemark", &json!(text)),
            expected,
            "{text}"
        );
    }
}

#[test]
fn a_json_number_becomes_a_string() {
    let cases = [
        ("13123456789", json!("131****6789")),
        ("1.3123456789e10", json!("1.31****6789e10")),
        ("8021", json!(8021)),
        ("null", Value::Null),
        (
            r#"["13123456789",13123456789]"#,
            json!(["131****6789", "131****6789"]),
        ),
    ];
    for (json, expected) in cases {
        let value: Value = serde_json::from_str(json).unwrap();
        let text = format!(r#"{{"EndpointUser":{json}}}"#);
        let record = mock::Record::new(Kind::Voicemail, &text);
        assert_eq!(mask(&record)["EndpointUser"], expected, "{value}");
    }
}

#[test]
fn json_numbers_outside_number_places() {
    let cases = [
        (r#"{"N":13123456789}"#, r#"{"N":"131****6789"}"#),
        (r#"{"N":8613123456789}"#, r#"{"N":"86131****6789"}"#),
        (
            r#"{"N":[1732240999,2066247698,20241122103045,0.13123456789]}"#,
            "",
        ),
        (
            r#"{"Callee":"02066247698","N":2066247698}"#,
            r#"{"Callee":"020****7698","N":"20****7698"}"#,
        ),
        (
            r#"{"Callee":"075588886666","N":88886666,"M":9988886666}"#,
            r#"{"Callee":"0755****6666","N":"****6666","M":9988886666}"#,
        ),
    ];
    for (before, after) in cases {
        let record = mock::Record::call(before);
        mask(&record);
        let after = if after.is_empty() { before } else { after };
        assert_eq!(record.text(), after);
    }
}

#[test]
fn names_of_members() {
    let cases = [
        (
            r#"{"N":{"13123456789":{"tel 0755-88886666":"x"}}}"#,
            r#"{"N":{"131****6789":{"tel 0755-****6666":"x"}}}"#,
        ),
        (
            r#"{"Callee":"0086075588886666","N":{"88886666":"075588886666"}}"#,
            r#"{"Callee":"00860755****6666","N":{"****6666":"0755****6666"}}"#,
        ),
        (
            r#"{"13123456789":1,"13155556789":2,"13166666789":3}"#,
            r#"{"131****6789#3":1,"131****6789#2":2,"131****6789":3}"#,
        ),
        (
            r#"{"13123456789":[1],"13123456789":"x"}"#,
            r#"{"131****6789":[1],"131****6789":"x"}"#,
        ),
        (r#"{"20241122":1,"SdkAppId1":2}"#, ""),
    ];
    for (before, after) in cases {
        let record = mock::Record::call(before);
        mask(&record);
        let after = if after.is_empty() { before } else { after };
        assert_eq!(record.text(), after);
    }
    let only_places: PhoneMask = mock::configure(r#"{"free_text":false}"#).unwrap();
    let record = mock::Record::call(r#"{"13123456789":1}"#);
    mock::process(&only_places, &record);
    assert_eq!(record.text(), r#"{"13123456789":1}"#);
}

#[test]
fn the_samples() {
    let cases = [
        (
            Kind::Cdr,
            TRANSFER,
            &[
                ("008613123456789", "0086131****6789"),
                ("0086075588886666", "00860755****6666"),
                ("008613800138000", "0086138****8000"),
                ("131-2345-6789", "131-****-6789"),
                ("0755 8888 6666", "0755 **** 6666"),
                ("+8613123456789", "+86131****6789"),
            ][..],
        ),
        (
            Kind::Voicemail,
            VOICEMAIL,
            &[
                ("/vm/13123456789-", "/vm/131****6789-"),
                (":13123456789}", ":\"131****6789\"}"),
            ],
        ),
    ];
    for (kind, text, replacements) in cases {
        let record = mock::Record::new(kind, text);
        // The mock does not keep white space.
        let before = record.text();
        mask(&record);
        let expected = replacements
            .iter()
            .fold(before, |text, (from, to)| text.replace(from, to));
        assert_eq!(record.text(), expected);
    }
}

#[test]
fn known_numbers_are_masked_in_any_text() {
    let record = mock::Record::call(
        r#"{"Callee":"0086075588886666","UserRemark":"回拨 8888-6666","Uui":"9975588886666000","SessionId":"13123456789x"}"#,
    );
    let after = mask(&record);
    assert_eq!(after["UserRemark"], "回拨 ****-6666");
    assert_eq!(after["Uui"], "99755****6666000");
    assert_eq!(after["SessionId"], "131****6789x");
}

#[test]
fn protection_ids_stay() {
    let text = r#"{"Caller":"","ProtectedCaller":"8613123456789","ProtectedCallee":"13123456789"}"#;
    let record = mock::Record::call(text);
    mask(&record);
    assert_eq!(record.text(), text);
}

#[test]
fn duplicated_members_show_the_last_ones_value() {
    let cases = [
        (
            r#"{"Caller":"13123456789","Caller":""}"#,
            r#"{"Caller":"","Caller":""}"#,
        ),
        (
            r#"{"Caller":"","Caller":"13123456789"}"#,
            r#"{"Caller":"131****6789","Caller":"131****6789"}"#,
        ),
        (
            r#"{"Caller":"13123456789","Caller":"13800138000"}"#,
            r#"{"Caller":"138****8000","Caller":"138****8000"}"#,
        ),
    ];
    for (before, after) in cases {
        let record = mock::Record::call(before);
        mask(&record);
        assert_eq!(record.text(), after);
    }
}

#[test]
fn the_config_is_checked() {
    let cases = [
        ("{}", ""),
        (r#"{"keep_first":7,"keep_last":0,"free_text":false}"#, ""),
        (
            r#"{"keep_first":8,"keep_last":5}"#,
            "/keep_first: must be at most 7; /keep_last: must be at most 4",
        ),
        (
            r#"{"keep_first":-1}"#,
            "/keep_first: invalid value: integer `-1`, expected usize",
        ),
    ];
    for (config, expected) in cases {
        let said = match mock::configure::<PhoneMask>(config) {
            Ok(_) => String::new(),
            Err(errors) => errors
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join("; "),
        };
        assert_eq!(said, expected, "{config}");
    }
}

#[test]
fn a_refused_edit_suspends() {
    let text = r#"{"Caller":"13123456789"}"#;
    let record = mock::Record::call(text).with_max_bytes(10);
    let plugin: PhoneMask = mock::configure("{}").unwrap();
    assert!(matches!(
        mock::process(&plugin, &record),
        Verdict::Suspend(_)
    ));
}

/// National numbers, and what may stand before them.
fn number() -> impl Strategy<Value = (&'static str, String)> {
    let mobile = (
        "1[3-9][0-9]{9}",
        prop::sample::select(vec!["", "0086", "+86", "86", "0"]),
    );
    let landline = (
        "(10|2[0-9]|[3-9][1-9][0-9])[2-8][0-9]{7}",
        prop::sample::select(vec!["00860", "+86", "0"]),
    );
    let service = ("[48]00[0-9]{7}", prop::sample::select(vec!["", "0086"]));
    prop_oneof![mobile, landline, service].prop_map(|(national, prefix)| (prefix, national))
}

/// A number with separators, some of its digits full-width, inside a text.
fn written(separators: &[u8], prefix: &str, national: &str) -> String {
    let mut text = format!("电话:{prefix}");
    for (index, digit) in national.chars().enumerate() {
        match separators.get(index) {
            Some(0) if index > 0 => text.push('-'),
            Some(1) if index > 0 => text.push(' '),
            _ => {}
        }
        match separators.get(index) {
            Some(2) => text.extend(char::from_u32(digit as u32 - '0' as u32 + '０' as u32)),
            _ => text.push(digit),
        }
    }
    text + "。谢谢"
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// No more digits of a number in a row than are kept, wherever it stands.
    #[test]
    fn no_number_survives(
        (prefix, national) in number(),
        separators in prop::collection::vec(0_u8..9, 11),
        around in "[0-9]{0,3}",
        keep_first in 0_usize..=7,
        keep_last in 0_usize..=4,
    ) {
        let record = mock::Record::call(&json!({
            "Callee": format!("{prefix}{national}"),
            "UserRemark": written(&separators, prefix, &national),
            "Uui": json!({"n": national, "u": format!("https://r.example/{prefix}{national}.wav")}).to_string(),
            "ClientData": format!("x{around}{national}{around}x"),
        }).to_string());
        let config = json!({"keep_first": keep_first, "keep_last": keep_last}).to_string();
        let plugin: PhoneMask = mock::configure(&config).unwrap();
        prop_assert_eq!(mock::process(&plugin, &record), Verdict::Keep);

        let hidden = Keep { first: keep_first, last: keep_last }.hidden(0..national.len());
        let most = hidden.start.max(national.len() - hidden.end);
        let survives = |text: &str| {
            let scan = Scan::of(text);
            national.as_bytes().windows(most + 1).any(|window| {
                scan.chains().iter().any(|chain| {
                    let digits = &scan.digits()[scan.span(chain.groups.clone())];
                    digits.windows(window.len()).any(|digits| digits == window)
                })
            })
        };
        // What stands beside a number may by chance be digits of it.
        let beside = [
            format!("{prefix}{}", &national[..hidden.start]),
            format!("{around}{}", &national[..hidden.start]),
            format!("{}{around}", &national[hidden.end..]),
        ];
        prop_assume!(!beside.iter().any(|text| survives(text)));
        prop_assert!(!survives(&record.text()), "{}", record.text());
    }
}
