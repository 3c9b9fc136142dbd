//! What is kept, and how.

use proptest::prelude::*;

use super::*;
use crate::{
    journal::NewArrival,
    record::{
        Defect,
        arrival::{TAG_CONFLICT, TAG_VIOLATIONS},
    },
};

/// Sends one request, which has to be accepted, and returns what was stored.
async fn keep(request: Request) -> NewArrival {
    let intake = FakeIntake::new([]);
    let what = request.uri().to_string();
    let answer = send(&ingest(&intake, &LIMITS).await, request).await;
    assert_eq!(answer.status, 200, "{what}");
    assert!(
        answer.body == json!({"ErrMsg": "", "ErrCode": 0}) || answer.body["accepted"] == true,
        "{what} {}",
        answer.body
    );
    let mut stored = intake.stored();
    assert_eq!(stored.len(), 1, "{what}");
    stored.remove(0)
}

#[tokio::test]
async fn what_is_in_order_is_kept_as_it_came() {
    let plain = r#"{"SessionId":"s"}"#;
    let spaced = " {\"SessionId\" : \"s\", \"New\":1.0}\n";
    let gzipped = ("content-encoding", "gzip");
    let padded = format!(r#"{{"SessionId":"s","x":"{}"}}"#, "x".repeat(100_000));
    let bearer = ("authorization", "Bearer t0ken");
    let voicemail = "/tccc/?action=voicemail";
    let token = "/token?token=s3cret?action=record&version=1";
    let by_config = r#"{"call":{"id":7},"Duration":"1"}"#;
    for (request, kind, session, body) in [
        (post(CDR, &[BASIC], SEED), Kind::Cdr, SEED_SESSION, SEED),
        (post(CDR, &[BASIC], spaced), Kind::Cdr, "s", spaced),
        (
            post(CDR, &[BASIC, gzipped], gzip(plain)),
            Kind::Cdr,
            "s",
            plain,
        ),
        (post(CDR, &[BASIC], padded.clone()), Kind::Cdr, "s", &padded),
        (
            post(voicemail, &[BASIC], plain),
            Kind::Voicemail,
            "s",
            plain,
        ),
        (post(token, &[], plain), Kind::Record, "s", plain),
        (
            post("/json", &[bearer], by_config),
            Kind::Imcdr,
            "7",
            by_config,
        ),
    ] {
        let kept = keep(request).await;
        assert_eq!(kept.body, body);
        assert_eq!(kept.kind, kind, "{body}");
        assert_eq!(kept.session.as_deref(), Some(session), "{body}");
        assert_eq!((kept.defect, kept.tags.len()), (None, 0), "{body}");
    }
}

#[tokio::test]
async fn what_is_broken_is_kept_with_a_mark() {
    let open = "/open?action=cdr&version=1";
    let strict = "/strict?action=cdr&version=1";
    let wrong = r#"{"SessionId":"s","Duration":"1","Caller":2}"#;
    let listed = Some(r#"["/Duration","/Caller"]"#);
    let only_id = r#"{"SessionId":"s"}{}"#;
    for (target, body, defect, violations) in [
        (CDR, "not json", Some(Defect::Unreadable), None),
        (CDR, "", Some(Defect::Unreadable), None),
        (
            CDR,
            r#"[{"SessionId":"s"}]"#,
            Some(Defect::Unreadable),
            None,
        ),
        (CDR, only_id, Some(Defect::Unreadable), None),
        (CDR, "{}", Some(Defect::NoSessionId), None),
        (open, "{}", Some(Defect::NoSessionId), None),
        (
            strict,
            r#"{"Caller":2}"#,
            Some(Defect::NoSessionId),
            Some(r#"["/Caller"]"#),
        ),
        (CDR, wrong, None, listed),
        (strict, wrong, Some(Defect::Violations), listed),
    ] {
        let kept = keep(post(target, &[BASIC], body)).await;
        assert_eq!(kept.body, body);
        assert_eq!(kept.defect, defect, "{target} {body}");
        let tag = kept.tags.get(TAG_VIOLATIONS).map(String::as_str);
        assert_eq!(tag, violations, "{target} {body}");
    }
}

#[tokio::test]
async fn a_push_is_told_from_its_repetition() {
    let intake = FakeIntake::new([]);
    let ingest = ingest(&intake, &LIMITS).await;
    let other = SEED.replace("abc", "abd");
    for (id, body, stored) in [
        ("1", SEED, 1),
        ("1", SEED, 1),
        ("1", &other, 2),
        ("1", &other, 2),
        ("2", SEED, 3),
    ] {
        let id = ("x-tccc-push-uuid", id);
        let answer = send(&ingest, post(CDR, &[BASIC, id], body.to_owned())).await;
        assert_eq!(answer.code(), (200, &json!(0)));
        assert_eq!(intake.stored().len(), stored);
    }
    let flagged = |arrival: &NewArrival| arrival.tags.contains_key(TAG_CONFLICT);
    let flags: Vec<_> = intake.stored().iter().map(flagged).collect();
    assert_eq!(flags, [false, true, false]);
}

proptest! {
    #[test]
    fn no_bytes_from_a_known_sender_are_lost(body: Vec<u8>, action in "[?&=a-z%]{0,12}") {
        let intake = FakeIntake::new([]);
        let (kept, odd, zipped) = block_on(async {
            let ingest = ingest(&intake, &LIMITS).await;
            let kept = send(&ingest, post(CDR, &[BASIC], body.clone())).await.status;
            let odd = format!("/tccc?{action}");
            let odd = send(&ingest, post(&odd, &[BASIC], body.clone())).await.status;
            let gzip = ("content-encoding", "gzip");
            let zipped = send(&ingest, post(CDR, &[BASIC, gzip], body.clone())).await.status;
            (kept, odd, zipped)
        });
        prop_assert_eq!(kept, 200);
        prop_assert_eq!(&intake.stored()[0].body, &body);
        prop_assert_eq!(odd, 400);
        prop_assert!(zipped == 400 || body.is_empty(), "{}", zipped);
    }
}
