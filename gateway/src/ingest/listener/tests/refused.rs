//! What is refused, and why.

use super::*;

/// The rows of (request, status, `ErrCode`). Where a body never ends, the
/// answer shows that it was not waited for.
#[tokio::test]
async fn what_is_refused_and_why() {
    let long = "x".repeat(LIMIT + 1);
    let gzipped = ("content-encoding", "gzip");
    let brotli = ("content-encoding", "br");
    let bomb = gzip(&" ".repeat(2 * LIMIT));
    let wrong = ("authorization", "Basic eDp5");
    let open = "/open?action=cdr&version=1";
    let token = "/token?token=no?action=cdr&version=1";
    for (request, status, code) in [
        (post(CDR, &[], endless()), 401, 40101),
        (post(CDR, &[wrong], endless()), 401, 40101),
        (post(token, &[], endless()), 401, 40101),
        (post("/tccc?action=x", &[], endless()), 401, 40101),
        (request(Method::GET, CDR, &[BASIC], ""), 405, 40501),
        (post("/tccc?version=1", &[BASIC], endless()), 400, 40001),
        (post("/tccc?action=x", &[BASIC], endless()), 400, 40002),
        (post("/tccc?action=cdr", &[BASIC], endless()), 400, 40003),
        (post(open, &[], "not json"), 400, 40004),
        (post(open, &[], "[]"), 400, 40004),
        (post(CDR, &[BASIC, gzipped], "{}"), 400, 40005),
        (post(CDR, &[BASIC], broken()), 400, 40006),
        (post(CDR, &[BASIC], long.clone()), 413, 41301),
        (post(CDR, &[BASIC], chunked(&long)), 413, 41301),
        (post(CDR, &[BASIC, gzipped], bomb), 413, 41301),
        (post(CDR, &[BASIC, brotli], endless()), 415, 41501),
    ] {
        let intake = FakeIntake::new([]);
        let what = format!("{} {:?}", request.uri(), request.headers());
        let answer = send(&ingest(&intake, &LIMITS).await, request).await;
        assert_eq!(answer.code(), (status, &json!(code)), "{what}");
        assert!(
            !answer.body["ErrMsg"].as_str().unwrap().is_empty(),
            "{what}"
        );
        assert!(intake.stored().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn headers_say_what_would_be_right() {
    let token = "/token?action=cdr&version=1";
    for (request, name, value) in [
        (
            post(CDR, &[], ""),
            "www-authenticate",
            "Basic realm=\"cdr-gateway\", charset=\"UTF-8\"",
        ),
        (
            post("/json", &[], ""),
            "www-authenticate",
            "Bearer realm=\"cdr-gateway\"",
        ),
        (
            post(token, &[], ""),
            "www-authenticate",
            "URL-Token realm=\"cdr-gateway\"",
        ),
        (request(Method::PUT, CDR, &[BASIC], ""), "allow", "POST"),
    ] {
        let ingest = ingest(&FakeIntake::new([]), &LIMITS).await;
        assert_eq!(send(&ingest, request).await.headers[name], value);
    }
}

#[tokio::test]
async fn where_no_source_listens_nobody_answers_for_one() {
    let ingest = ingest(&FakeIntake::new([]), &LIMITS).await;
    let answer = send(&ingest, post("/other", &[], endless())).await;
    assert_eq!(answer.status, 404);
    assert_eq!(
        answer.headers[header::CONTENT_TYPE],
        "application/problem+json"
    );
    assert_eq!(answer.body["reason"], "unknown_path");
}
