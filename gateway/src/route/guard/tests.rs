//! Tables over the sample records, as they arrive and as they might leave.

use bytes::Bytes;

use super::*;
use crate::record::{NumberPlaces, Pattern, Pointer};

const SEED: &str = include_str!("../../../../tests/records/seed.json");
const INBOUND: &str = include_str!("../../../../tests/records/inbound-transfer.json");
const VOICEMAIL: &str = include_str!("../../../../tests/records/voicemail.json");
const RECORD: &str = include_str!("../../../../tests/records/record.json");

/// Where the vendor's dialect says that numbers stand, over all kinds.
const PLACES: [&str; 8] = [
    "/Caller",
    "/Callee",
    "/TelLocation/TelNumber",
    "/SeatUser/Phone",
    "/ServeParticipants/*/Phone",
    "/ServeParticipants/*/TransferFrom",
    "/ServeParticipants/*/TransferTo",
    "/EndpointUser",
];

fn document(text: &str) -> Document {
    Document::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn originals(record: &str) -> Originals {
    let places: Vec<Pattern> = PLACES.iter().map(|text| text.parse().unwrap()).collect();
    let places = places.iter().collect();
    Originals::gather(&document(record), [], &places, "CN")
}

fn inspect(
    contract: Contract,
    originals: &Originals,
    body: &Document,
) -> Result<(), (String, Cause)> {
    let found = inspect_body(contract, originals, PayloadBody::Json(body));
    found.map_err(|violation| (violation.field, violation.cause))
}

/// The record after someone masked the places.
fn masked(record: &str, places: &[(&str, &str)]) -> Document {
    let mut document = document(record);
    for (place, json) in places {
        let place: Pointer = place.parse().unwrap();
        document.set(&place, json, usize::MAX).unwrap();
    }
    document
}

/// Everything that a good mask does to `inbound-transfer.json`.
const INBOUND_MASKED: [(&str, &str); 8] = [
    ("/Caller", "\"0086131****6789\""),
    ("/Callee", "\"00860755****6666\""),
    ("/SeatUser/Phone", "\"0086138****8000\""),
    ("/ServeParticipants/0/TransferTo", "\"0086138****8000\""),
    ("/ServeParticipants/1/Phone", "\"0086138****8000\""),
    (
        "/UserRemark",
        "\"客户改号 131-****-6789,晚上回电 0755 **** 6666\"",
    ),
    (
        "/Uui",
        r#""{\"order\":\"A20241122-0091\",\"tel\":\"+86131****6789\"}""#,
    ),
    ("/Score", "1.0"),
];

#[test]
fn a_record_as_it_came_is_refused() {
    let cases = [
        // The vendor masks Callee, and gives the number away here.
        (SEED, "/TelLocation/TelNumber"),
        (INBOUND, "/Caller"),
        (VOICEMAIL, "/RecordURL"),
        (RECORD, "/EndpointUser"),
    ];
    for (record, field) in cases {
        let (originals, body) = (originals(record), document(record));
        for contract in [Contract::Masked, Contract::None] {
            assert_eq!(
                inspect(contract, &originals, &body),
                Err((field.to_owned(), Cause::Number)),
                "{contract:?}"
            );
        }
    }
}

#[test]
fn a_masked_record_may_leave() {
    let cases: [(&str, &[(&str, &str)]); 4] = [
        (SEED, &[("/TelLocation/TelNumber", "\"0086184****7605\"")]),
        (INBOUND, &INBOUND_MASKED),
        (
            VOICEMAIL,
            &[
                ("/EndpointUser", "\"131****6789\""),
                (
                    "/RecordURL",
                    "\"https://record.example.com/vm/131****6789-1732240999.mp3\"",
                ),
            ],
        ),
        (RECORD, &[("/EndpointUser", "\"6789\"")]),
    ];
    for (record, edits) in cases {
        let (originals, body) = (originals(record), masked(record, edits));
        for contract in [Contract::Masked, Contract::None] {
            assert_eq!(inspect(contract, &originals, &body), Ok(()));
        }
    }
}

#[test]
fn every_place_of_the_record_is_inspected() {
    let originals = originals(INBOUND);
    for (place, _) in &INBOUND_MASKED[..7] {
        let mut edits: Vec<(&str, &str)> = INBOUND_MASKED.to_vec();
        edits.retain(|(kept, _)| kept != place);
        assert_eq!(
            inspect(Contract::Masked, &originals, &masked(INBOUND, &edits)),
            Err(((*place).to_owned(), Cause::Number))
        );
    }
}

#[test]
fn numbers_are_found_in_any_guise() {
    let originals = originals(INBOUND);
    let cases = [
        (r#"{"a":"131 2345 6789"}"#, Some("/a")),
        (r#"{"a":"+86 (131) 2345.6789"}"#, Some("/a")),
        (r#"{"a":"１３１２３４５６７８９"}"#, Some("/a")),
        (r#"{"a":"131\u200b2345\u00ad6789"}"#, Some("/a")),
        (r#"{"a":"\u0031\u0033123456789"}"#, Some("/a")),
        (r#"{"a":"{\"b\":\"\\u0031\\u0033123456789\"}"}"#, Some("/a")),
        (r#"{"a":"{\"b\":\"{\\\"c\\\":13123456789}\"}"}"#, Some("/a")),
        (
            r#"{"a":"https://x.example/?n=%31%33123456789"}"#,
            Some("/a"),
        ),
        (
            r#"{"a":"https://x.example/?n=131%202345%206789"}"#,
            Some("/a"),
        ),
        (r#"{"a":"%25313123456789"}"#, Some("/a")),
        (r#"{"a":"\ud800 13123456789"}"#, Some("/a")),
        (r#"{"a":[0,{"b":13123456789}]}"#, Some("/a/1/b")),
        (r#"{"a":1.3123456789E10}"#, Some("/a")),
        (r#"{"a":8613123456789}"#, Some("/a")),
        (r#"{"x":{"13123456789":1}}"#, Some("key under /x")),
        (
            r#"{"\u0031\u0033123456789":{"y":1}}"#,
            Some("key under the root"),
        ),
        (r#"{"a":"ok","a":"13123456789"}"#, Some("/a")),
        (r#""13123456789""#, Some("")),
        (r#"{"a":"88886666"}"#, Some("/a")),
        (r#"{"a":"8888 6666"}"#, Some("/a")),
        (r#"{"a":"0755-88886666-2"}"#, Some("/a")),
        (r#"{"a":"6789","b":"131****6789","c":"2345-6789"}"#, None),
        (r#"{"a":"1888866660","b":18888666,"c":"888 8666"}"#, None),
        (r#"{"a":1732240831,"b":"2024-11-22T13:12:34.567Z"}"#, None),
        (r#"{"a":"5c2f0b7e-70a4-4b0c-9a57-2f6f3a1d9e10"}"#, None),
        (r#"{"a":"131x2345x6789","b":"https://x.example/%zz"}"#, None),
    ];
    for (body, field) in cases {
        let expected = field.map_or(Ok(()), |field| Err((field.to_owned(), Cause::Number)));
        let body = document(body);
        assert_eq!(
            inspect(Contract::Masked, &originals, &body),
            expected,
            "{body:?}"
        );
    }
}

#[test]
fn the_target_is_inspected() {
    let originals = originals(INBOUND);
    let fine = Target {
        url: Some("https://x.example:8443/cdr/1732240831?id=0091"),
        headers: &[("X-Kind", "cdr")],
        file_name: Some("2024-11-22/1400482256.ndjson"),
    };
    let cases = [
        (fine, None),
        (
            Target {
                url: Some("https://x.example/?n=%2B86131-2345-6789"),
                ..fine
            },
            Some("url"),
        ),
        (
            Target {
                headers: &[("X-Kind", "cdr"), ("X-Caller", "008613123456789")],
                ..fine
            },
            Some("header X-Caller"),
        ),
        (
            Target {
                file_name: Some("13123456789/a.ndjson"),
                ..fine
            },
            Some("file name"),
        ),
    ];
    for (target, field) in cases {
        let found = inspect_target(Contract::Masked, &originals, &target);
        assert_eq!(
            found.err().map(|violation| violation.field).as_deref(),
            field
        );
    }
}

#[test]
fn bodies_that_are_no_document_are_inspected() {
    let originals = originals(INBOUND);
    let cases = [
        (PayloadBody::Cells(&[("a", "131"), ("b", "23456789")]), None),
        (
            PayloadBody::Cells(&[("a", ""), ("b", "[\"131 2345 6789\"]")]),
            Some("column b"),
        ),
        (PayloadBody::Raw(b"caller=131+2345+6789\xff"), Some("body")),
    ];
    for (body, field) in cases {
        let found = inspect_body(Contract::Masked, &originals, body);
        assert_eq!(
            found.err().map(|violation| violation.field).as_deref(),
            field
        );
    }
}

#[test]
fn without_numbers_means_any_number() {
    let originals = originals(RECORD);
    let cases = [
        (r#"{"a":"0755-26001234"}"#, Some("/a")),
        (r#"{"a":"call 13912345678 now"}"#, Some("/a")),
        (r#"{"a":"{\"b\":\"%2B1 650 253 0000\"}"}"#, Some("/a")),
        (r#"{"a":13912345678}"#, Some("/a")),
        (r#"{"x":{"13912345678":1}}"#, Some("key under /x")),
        (r#"{"a":"139****5678","b":1732240831,"c":1400482256}"#, None),
    ];
    for (body, field) in cases {
        let expected = field.map_or(Ok(()), |field| Err((field.to_owned(), Cause::Number)));
        assert_eq!(
            inspect(Contract::None, &originals, &document(body)),
            expected,
            "{body}"
        );
        assert_eq!(
            inspect(Contract::Masked, &originals, &document(body)),
            Ok(())
        );
    }
}

#[test]
fn without_numbers_means_none_of_the_arrivals_in_longer_runs_either() {
    let originals = originals(r#"{"Caller":"008613123456182"}"#);
    for body in [
        r#"{"a":"5671312345618289"}"#,
        r#"{"a":567131234561828900}"#,
        r#"{"567-13123456182-89":1}"#,
    ] {
        for contract in [Contract::Masked, Contract::None] {
            assert!(
                inspect(contract, &originals, &document(body)).is_err(),
                "{contract} {body}"
            );
        }
    }
}

#[test]
fn what_cannot_be_inspected_is_refused() {
    let body = document("{}");
    let known = originals(RECORD);
    let refused = |originals: &Originals, body: &Document| {
        inspect(Contract::Masked, originals, body).map_err(|(_, cause)| cause)
    };
    let unknown = Err(Cause::OriginalsUnknown);
    assert_eq!(refused(&Originals::default(), &body), unknown);
    let no_region = Originals::gather(&body, [], &NumberPlaces::default(), "");
    assert_eq!(refused(&no_region, &body), unknown);
    let long = document(&format!("{{\"a\":\"{}\"}}", "1234567 ".repeat(131_073)));
    let gathered = Originals::gather(&long, [], &NumberPlaces::default(), "CN");
    assert_eq!(refused(&gathered, &body), unknown);

    let nested = format!("{{\"a\":\"%{}31\"}}", "25".repeat(9));
    assert_eq!(refused(&known, &document(&nested)), Err(Cause::TooDeep));
    for (contract, limit) in [
        (Contract::Masked, MAX_BODY),
        (Contract::None, MAX_READ_BODY),
    ] {
        let huge = document(&format!("\"{}\"", "x".repeat(limit)));
        let refused = inspect(contract, &known, &huge);
        assert_eq!(refused, Err(("body".to_owned(), Cause::TooLarge)));
    }
    assert_eq!(refused(&known, &body), Ok(()));
}

#[test]
fn a_violation_does_not_tell_the_number() {
    let body = document(r#"{"x":{"13123456789":{"13123456789":1}}}"#);
    let body = PayloadBody::Json(&body);
    let violation = inspect_body(Contract::Masked, &originals(RECORD), body).unwrap_err();
    assert_eq!(
        violation.to_string(),
        "key under /x: holds a number that the destination must not get"
    );
}

#[test]
fn contracts_read_as_config_writes_them() {
    for (text, contract) in [
        ("\"masked\"", Contract::Masked),
        ("\"none\"", Contract::None),
    ] {
        assert_eq!(serde_json::from_str::<Contract>(text).unwrap(), contract);
    }
}
