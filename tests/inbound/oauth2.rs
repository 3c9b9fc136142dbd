//! A sender that fetches access tokens before it sends.

use std::{io::Write, net::TcpStream};

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{
    StatusCode,
    blocking::{Client, Response},
    header,
};

use crate::harness::{Gateway, SEED, Workspace, field, until};

const SECRET: &str = "s3cret/with:odd+characters and more";
const NEXT: &str = "another-long-and-random-secret";

/// A source with a token endpoint, and these further settings of it.
fn config(more: &str) -> String {
    format!(
        r#"
        [source.tccc]
        path = "/tccc"
        dialect = "tccc"
        {more}
        [source.other]
        path = "/other"
        dialect = "json"
        auth.oauth2 = {{ client_id = "gateway", client_secret.env = "SECRET", token_path = "/login", expires_s = 60 }}
        [[route]]
        name = "all"
        from = ["tccc", "other"]
        to = ["archive"]
        [destination.archive]
        file.path = "all.ndjson"
        "#
    )
}

const CLIENT: &str = r#"auth.oauth2 = { client_id = "gateway", client_secret.env = "SECRET" }"#;

fn start(more: &str) -> Gateway {
    let secrets = [("SECRET", SECRET), ("NEXT", NEXT)];
    Gateway::start_with(Workspace::new(&config(more)), &secrets)
}

fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

fn ask(gateway: &Gateway, path: &str, authorization: &str, form: &[(&str, &str)]) -> Response {
    let client = Client::builder().no_proxy().build().expect("a client");
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(form);
    let mut request = client
        .post(gateway.ingest_url(path))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(body.finish());
    if !authorization.is_empty() {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    request.send().expect("an answer")
}

const GRANT: (&str, &str) = ("grant_type", "client_credentials");

fn token(gateway: &Gateway, secret: &str) -> String {
    let answer = ask(gateway, "/tccc/token", &basic("gateway", secret), &[GRANT]);
    let body = answer.text().expect("a body");
    let token = field(&body, "/access_token");
    token
        .as_str()
        .unwrap_or_else(|| panic!("{body}"))
        .to_owned()
}

fn push(gateway: &Gateway, path: &str, token: &str) -> u16 {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    gateway
        .post_with(&format!("{path}?action=cdr&version=1"), SEED, &headers)
        .0
}

/// One that asks, and takes its time to say what for, keeps others from asking, and
/// nobody from sending.
#[test]
fn as_many_as_may_ask_for_tokens_at_once() {
    let workspace = Workspace::new(&format!(
        "ingest.max_token_requests = 1\n{}",
        config(CLIENT)
    ));
    let gateway = Gateway::start_with(workspace, &[("SECRET", SECRET)]);
    let given = token(&gateway, SECRET);
    let mut slow = TcpStream::connect(gateway.ingest()).expect("a connection");
    let begun = "POST /tccc/token HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\ng";
    slow.write_all(begun.as_bytes()).expect("room in a socket");
    let ask = || ask(&gateway, "/tccc/token", &basic("gateway", SECRET), &[GRANT]).status();
    until("the one place to be taken", || {
        (ask() == StatusCode::SERVICE_UNAVAILABLE).then_some(())
    });
    assert_eq!(push(&gateway, "/tccc", &given), 200);
    drop(slow);
    until("it to be free", || (ask() == StatusCode::OK).then_some(()));
}

/// Path, authorization and form, and what is answered: status and error.
type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], u16, &'a str);

#[test]
fn tokens_are_given_as_the_standard_says() {
    let gateway = start(CLIENT);
    let id = ("client_id", "gateway");
    let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
    let plain = basic("gateway", SECRET);
    let wrong = basic("gateway", "wrong");
    let cases: [Case<'_>; 13] = [
        ("/tccc/token", &plain, &[GRANT], 200, ""),
        (
            "/tccc/token",
            &basic("gateway", &encoded),
            &[GRANT],
            200,
            "",
        ),
        (
            "/tccc/token",
            "",
            &[GRANT, id, ("client_secret", SECRET)],
            200,
            "",
        ),
        (
            "/tccc/token",
            &plain,
            &[GRANT, id, ("scope", "cdr")],
            200,
            "",
        ),
        ("/login", &plain, &[GRANT], 200, ""),
        ("/tccc/token", &wrong, &[GRANT], 401, "invalid_client"),
        (
            "/tccc/token",
            &basic("other", SECRET),
            &[GRANT],
            401,
            "invalid_client",
        ),
        ("/tccc/token", "Basic !", &[GRANT], 401, "invalid_client"),
        ("/tccc/token", "", &[GRANT, id], 401, "invalid_client"),
        (
            "/tccc/token",
            &plain,
            &[GRANT, ("client_secret", SECRET)],
            400,
            "invalid_request",
        ),
        (
            "/tccc/token",
            &plain,
            &[GRANT, GRANT],
            400,
            "invalid_request",
        ),
        ("/tccc/token", &plain, &[], 400, "invalid_request"),
        (
            "/tccc/token",
            &plain,
            &[("grant_type", "password")],
            400,
            "unsupported_grant_type",
        ),
    ];
    for (path, authorization, form, status, error) in cases {
        let answer = ask(&gateway, path, authorization, form);
        let told = |name: &str| answer.headers().get(name).is_some();
        assert_eq!(answer.status().as_u16(), status, "{authorization} {form:?}");
        assert_eq!(answer.headers()["cache-control"], "no-store");
        assert_eq!(told("www-authenticate"), status == 401);
        let body = answer.text().expect("a body");
        if status == 200 {
            assert_eq!(field(&body, "/token_type"), "Bearer", "{body}");
            let expires = if path == "/login" { 60 } else { 3600 };
            assert_eq!(field(&body, "/expires_in"), expires, "{body}");
        } else {
            assert_eq!(field(&body, "/error"), error, "{body}");
        }
    }
    let client = Client::builder().no_proxy().build().expect("a client");
    let asked = client.get(gateway.ingest_url("/tccc/token")).send();
    assert_eq!(asked.expect("an answer").status().as_u16(), 405);
    let said = format!("{}{}", gateway.log(), gateway.get("/metrics").1);
    assert!(!said.contains("s3cret"), "{said}");
    let line =
        r#"cdr_gateway_ingest_token_requests_total{source="tccc",outcome="invalid_client"} 4"#;
    assert!(said.contains(line), "{said}");
}

#[test]
fn a_token_lasts_over_a_restart_and_ends_with_its_secret() {
    let gateway = start(CLIENT);
    let token = token(&gateway, SECRET);
    assert_eq!(push(&gateway, "/tccc", &token), 200);
    assert_eq!(push(&gateway, "/other", &token), 401, "of another source");
    let gateway = gateway.kill_and_restart();
    assert_eq!(push(&gateway, "/tccc", &token), 200);

    let reload = |more: &str| {
        gateway.workspace.configure(&config(more));
        let (status, problem) = gateway.api_post("/reload", &serde_json::json!({}));
        assert_eq!(status, 200, "{problem}");
    };
    let next = CLIENT.replace("SECRET", "NEXT");
    reload(&next.replace(" }", ", also = [{ env = \"SECRET\" }] }"));
    assert_eq!(push(&gateway, "/tccc", &token), 200, "while it is replaced");
    let newer = self::token(&gateway, NEXT);
    assert_eq!(push(&gateway, "/tccc", &newer), 200);
    reload(&next);
    assert_eq!(push(&gateway, "/tccc", &token), 401);
    assert_eq!(push(&gateway, "/tccc", &newer), 200);

    // From one way of showing oneself to another, likewise.
    reload(
        "auth.bearer.env = \"SECRET\"\nauth_also = [{ oauth2 = { client_id = \"gateway\", client_secret.env = \"NEXT\" } }]",
    );
    for (token, status) in [(SECRET, 200), (&newer, 200), (NEXT, 401)] {
        assert_eq!(push(&gateway, "/tccc", token), status);
    }
}

#[test]
fn a_token_that_is_wrong_is_answered_with_a_challenge() {
    let gateway = start(CLIENT);
    let client = Client::builder().no_proxy().build().expect("a client");
    for (authorization, error) in [("Bearer wrong", true), ("", false)] {
        let mut request = client.post(gateway.ingest_url("/tccc?action=cdr&version=1"));
        if !authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let answer = request.body(SEED).send().expect("an answer");
        assert_eq!(answer.status().as_u16(), 401);
        let challenge = answer.headers()["www-authenticate"].to_str();
        let challenge = challenge.expect("text").to_owned();
        assert!(challenge.starts_with("Bearer "), "{challenge}");
        assert_eq!(challenge.contains("error=\"invalid_token\""), error);
        assert_eq!(field(&answer.text().expect("a body"), "/ErrCode"), 40101);
    }
}
