use bytes::Bytes;
use http::HeaderValue;
use proptest::prelude::*;

use super::*;
use crate::{ingest::dialect::MAX_VIOLATIONS, record::Pointer};

const RECORDS: [(Kind, &str); 4] = [
    (
        Kind::Cdr,
        include_str!("../../../../../tests/records/seed.json"),
    ),
    (
        Kind::Cdr,
        include_str!("../../../../../tests/records/inbound-transfer.json"),
    ),
    (
        Kind::Record,
        include_str!("../../../../../tests/records/record.json"),
    ),
    (
        Kind::Voicemail,
        include_str!("../../../../../tests/records/voicemail.json"),
    ),
];

fn document(json: &str) -> Document {
    Document::parse(Bytes::copy_from_slice(json.as_bytes())).unwrap()
}

fn violations(kind: Kind, json: &str) -> Vec<String> {
    Tccc.examine(kind, &document(json))
}

#[test]
fn the_query_says_what_a_push_is() {
    let missing = Refusal::MissingAction { known: ACTIONS };
    let version = Refusal::Version { expected: "1" };
    let unknown = |action| Refusal::UnknownAction {
        action: Word::new(action),
        known: ACTIONS,
    };
    for (method, query, expected) in [
        (Method::POST, "action=cdr&version=1", Ok(Kind::Cdr)),
        (Method::POST, "version=1&action=record", Ok(Kind::Record)),
        (Method::POST, "action=imcdr&version=1", Ok(Kind::Imcdr)),
        (Method::POST, "action=voicemail", Ok(Kind::Voicemail)),
        (
            Method::POST,
            "action=voicemail&version=1",
            Ok(Kind::Voicemail),
        ),
        (Method::POST, "token=x?action=cdr&version=1", Ok(Kind::Cdr)),
        (Method::GET, "action=cdr&version=1", Err(Refusal::Method)),
        (Method::PUT, "action=cdr&version=1", Err(Refusal::Method)),
        (Method::POST, "", Err(missing)),
        (Method::POST, "action=", Err(unknown(""))),
        (Method::POST, "action=CDR&version=1", Err(unknown("CDR"))),
        (
            Method::POST,
            "action=specifiedSeat&version=1",
            Err(unknown("specifiedSeat")),
        ),
        (Method::POST, "action=cdr", Err(version.clone())),
        (Method::POST, "action=cdr&version=2", Err(version.clone())),
        (Method::POST, "action=voicemail&version=2", Err(version)),
    ] {
        let headers = HeaderMap::new();
        let head = Head {
            method: &method,
            query,
            headers: &headers,
        };
        assert_eq!(Tccc.admit(&head), expected, "{method} {query}");
    }
}

#[test]
fn the_header_identifies_a_push() {
    for (value, id) in [
        ("0d0b-1", Some("0d0b-1")),
        (" 0d0b-1 ", Some("0d0b-1")),
        ("", None),
        ("  ", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(PUSH_ID, HeaderValue::from_static(value));
        assert_eq!(Tccc.push_id(&headers), id.map(str::as_bytes), "{value:?}");
    }
    assert_eq!(Tccc.push_id(&HeaderMap::new()), None);
}

#[test]
fn the_session_is_a_text_that_is_not_empty() {
    for (json, session) in [
        (r#"{"SessionId":"a"}"#, Some("a")),
        (r#"{"SessionId":"\u0061"}"#, Some("a")),
        (r#"{"SessionId":"a","SessionId":"b"}"#, Some("b")),
        (r#"{"SessionId":""}"#, None),
        (r#"{"SessionId":null}"#, None),
        (r#"{"SessionId":1}"#, None),
        (r#"{"sessionid":"a"}"#, None),
        ("{}", None),
    ] {
        let expected = session.map_or(Session::Missing, |id| Session::Named(Arc::from(id)));
        assert_eq!(Tccc.session(Kind::Cdr, &document(json)), expected, "{json}");
    }
}

#[test]
fn the_vendors_own_records_break_no_table() {
    for (kind, json) in RECORDS {
        assert_eq!(violations(kind, json), [""; 0], "{json}");
    }
}

#[test]
fn only_another_type_breaks_a_table() {
    for (kind, json, expected) in [
        // Normal life.
        (Kind::Cdr, "{}", &[][..]),
        (
            Kind::Cdr,
            r#"{"New":[{}],"HungUpSide":"moon","Direction":7}"#,
            &[],
        ),
        (
            Kind::Cdr,
            r#"{"IVRKeyPressed":null,"SeatUser":null,"Uui":null}"#,
            &[],
        ),
        (
            Kind::Cdr,
            r#"{"Duration":15,"Duration":0,"AcceptTimestamp":0}"#,
            &[],
        ),
        (
            Kind::Cdr,
            r#"{"SdkAppId":90071992547409931234,"Duration":-1}"#,
            &[],
        ),
        (
            Kind::Cdr,
            r#"{"PostIVRKeyPressed":[{"key":1,"label":2}]}"#,
            &[],
        ),
        (Kind::Record, r#"{"EndpointUser":"a@b.example"}"#, &[]),
        (Kind::Voicemail, r#"{"EndpointUser":13123456789}"#, &[]),
        (
            Kind::Imcdr,
            r#"{"Satisfaction":[],"ClientData":{"a":1}}"#,
            &[],
        ),
        // Fields of another kind are unknown fields.
        (Kind::Record, r#"{"Duration":"x"}"#, &[]),
        // Broken.
        (Kind::Cdr, r#"{"Caller":13123456789}"#, &["/Caller"]),
        (
            Kind::Cdr,
            r#"{"Duration":"15","Direction":1.0}"#,
            &["/Duration", "/Direction"],
        ),
        (Kind::Cdr, r#"{"Duration":1e3}"#, &["/Duration"]),
        (
            Kind::Cdr,
            r#"{"Duration":"x","Duration":0}"#,
            &["/Duration"],
        ),
        (
            Kind::Cdr,
            r#"{"Duration":0,"Duration":true}"#,
            &["/Duration"],
        ),
        (
            Kind::Cdr,
            r#"{"Duration":"x","Duration":true}"#,
            &["/Duration"],
        ),
        (Kind::Cdr, r#"{"SessionId":null}"#, &["/SessionId"]),
        (
            Kind::Cdr,
            r#"{"IVRKeyPressed":["1",2]}"#,
            &["/IVRKeyPressed/1"],
        ),
        (
            Kind::Cdr,
            r#"{"ServeParticipants":{}}"#,
            &["/ServeParticipants"],
        ),
        (
            Kind::Cdr,
            r#"{"ServeParticipants":[{"Phone":1},3,{"Phone":2}]}"#,
            &[
                "/ServeParticipants/0/Phone",
                "/ServeParticipants/1",
                "/ServeParticipants/2/Phone",
            ],
        ),
        (Kind::Cdr, r#"{"TelLocation":"x"}"#, &["/TelLocation"]),
        (
            Kind::Cdr,
            r#"{"TelLocation":{"City":[]}}"#,
            &["/TelLocation/City"],
        ),
        (
            Kind::Voicemail,
            r#"{"EndpointUser":1.5}"#,
            &["/EndpointUser"],
        ),
    ] {
        assert_eq!(violations(kind, json), expected, "{json}");
    }
}

#[test]
fn a_list_of_violations_is_bounded() {
    let wrong = vec!["1"; 10_000].join(",");
    let listed = violations(Kind::Cdr, &format!(r#"{{"IVRKeyPressed":[{wrong}]}}"#));
    assert_eq!(listed.len(), MAX_VIOLATIONS);
}

#[test]
fn every_number_of_the_samples_stands_at_a_number_place() {
    let expected: [&[&str]; 4] = [
        &[
            "/Caller",
            "/Callee",
            "/SeatUser/Phone",
            "/ServeParticipants/0/Phone",
            "/ServeParticipants/0/TransferFrom",
            "/ServeParticipants/0/TransferTo",
            "/TelLocation/TelNumber",
        ],
        &[
            "/Caller",
            "/Callee",
            "/SeatUser/Phone",
            "/ServeParticipants/0/Phone",
            "/ServeParticipants/1/Phone",
            "/ServeParticipants/0/TransferFrom",
            "/ServeParticipants/1/TransferFrom",
            "/ServeParticipants/0/TransferTo",
            "/ServeParticipants/1/TransferTo",
        ],
        &["/EndpointUser"],
        &["/EndpointUser"],
    ];
    for ((kind, json), expected) in RECORDS.into_iter().zip(expected) {
        let document = document(json);
        let places = Tccc.number_places(kind).iter();
        let found: Vec<_> = places.flat_map(|place| document.select(place)).collect();
        let pointers: Vec<_> = found.iter().map(|found| found.pointer.as_str()).collect();
        assert_eq!(pointers, expected);
    }
}

#[test]
fn fields_are_known_by_kind_and_path() {
    for (kind, path, known) in [
        (None, &["Caller"][..], true),
        (Some(Kind::Cdr), &["Caller"], true),
        (Some(Kind::Record), &["Caller"], false),
        (Some(Kind::Cdr), &["CallType"], true),
        (Some(Kind::Cdr), &["caller"], false),
        (Some(Kind::Cdr), &["Caller", "x"], false),
        (None, &["TelLocation", "City"], true),
        (None, &["TelLocation", "Town"], false),
        (None, &["ServeParticipants", "0", "Phone"], true),
        (None, &["ServeParticipants", "*", "Phone"], true),
        (None, &["ServeParticipants", "0"], true),
        (None, &["ServeParticipants", "0", "Fone"], false),
        (Some(Kind::Imcdr), &["Satisfaction", "id"], true),
        (Some(Kind::Cdr), &["Satisfaction", "id"], false),
        (None, &[], true),
    ] {
        assert_eq!(Tccc.knows_field(kind, path), known, "{kind:?} {path:?}");
    }
}

#[test]
fn no_place_is_in_the_table_twice_for_a_kind() {
    for kind in Kind::PUSHED {
        let mut patterns: Vec<_> = fields::ALL
            .iter()
            .filter(|field| field.kinds.contains(&kind))
            .map(|field| field.pattern)
            .collect();
        let all = patterns.len();
        patterns.sort_unstable();
        patterns.dedup();
        assert_eq!(patterns.len(), all, "{kind}");
    }
}

#[test]
fn answers_hold_what_the_vendor_reads() {
    let receipt = Receipt {
        id: crate::record::ArrivalId(uuid::Uuid::nil()),
        duplicate: true,
    };
    let refusal = Refusal::TooLarge { limit: 9 };
    for (answer, status, message, code) in [
        (Tccc.accepted(receipt), 200, "", 0),
        (
            Tccc.refused(&refusal),
            413,
            "the body is larger than the limit of 9 bytes",
            41301,
        ),
    ] {
        assert_eq!(answer.status, status);
        let body: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(
            body,
            serde_json::json!({"ErrMsg": message, "ErrCode": code})
        );
    }
}

/// JSON of the field names of the table, with any values.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let name = prop::sample::select(fields::ALL).prop_map(|field| {
        field
            .pattern
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    });
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".*".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec((name.clone(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_listed_is_there(json in any_json(), kind in prop::sample::select(&Kind::PUSHED[..])) {
        let document = document(&json.to_string());
        let listed = Tccc.examine(kind, &document);
        prop_assert!(listed.len() <= MAX_VIOLATIONS);
        for pointer in listed {
            prop_assert!(document.get(&Pointer::parse(&pointer).unwrap()).is_some());
        }
        let _ = Tccc.session(kind, &document);
    }
}
