use bytes::Bytes;
use uuid::Uuid;

use super::*;
use crate::record::ArrivalId;

fn dialect(session_at: Option<&str>) -> Json {
    let session_at = session_at.map(|place| Pointer::parse(place).unwrap());
    let numbers = vec![Pattern::parse("/calls/*/number").unwrap()];
    Json::new(Kind::Cdr, session_at, numbers)
}

#[test]
fn the_session_is_where_config_says() {
    let named = |id: &str| Session::Named(Arc::from(id));
    for (place, json, expected) in [
        (None, r#"{"id":"a"}"#, Session::NotAsked),
        (Some("/id"), r#"{"id":"a"}"#, named("a")),
        (
            Some("/id"),
            r#"{"id":12345678901234567890123}"#,
            named("12345678901234567890123"),
        ),
        (Some("/call/id"), r#"{"call":{"id":-1}}"#, named("-1")),
        (Some("/id"), r#"{"id":""}"#, Session::Missing),
        (Some("/id"), r#"{"id":null}"#, Session::Missing),
        (Some("/id"), r#"{"id":["a"]}"#, Session::Missing),
        (Some("/id"), "{}", Session::Missing),
    ] {
        let document = Document::parse(Bytes::copy_from_slice(json.as_bytes())).unwrap();
        let session = dialect(place).session(Kind::Cdr, &document);
        assert_eq!(session, expected, "{place:?} {json}");
    }
}

#[test]
fn every_post_is_of_the_configured_kind() {
    let headers = HeaderMap::new();
    for (method, expected) in [
        (Method::POST, Ok(Kind::Cdr)),
        (Method::GET, Err(Refusal::Method)),
    ] {
        let head = Head {
            method: &method,
            query: "action=record",
            headers: &headers,
        };
        assert_eq!(dialect(None).admit(&head), expected);
    }
}

#[test]
fn answers_are_json_and_refusals_problem_details() {
    let receipt = Receipt {
        id: ArrivalId(Uuid::nil()),
        duplicate: false,
    };
    let accepted = dialect(None).accepted(receipt);
    assert_eq!(accepted.status, 200);
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&accepted.body).unwrap(),
        json!({"accepted": true, "id": Uuid::nil(), "duplicate": false})
    );

    let refused = dialect(None).refused(&Refusal::JournalFull);
    assert_eq!(refused.content_type, "application/problem+json");
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&refused.body).unwrap(),
        json!({
            "type": "about:blank",
            "title": "Service Unavailable",
            "status": 503,
            "detail": "the journal is full; try again later",
            "reason": "journal_full",
        })
    );
}
