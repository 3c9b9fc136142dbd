//! A request as any stranger may send it.
//!
//! Input: the target (path and query) in the first line, `name: value` lines up
//! to an empty one, then the body.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{body::Body, extract::ConnectInfo};
use http::{Method, Request, Response, header};
use http_body_util::BodyExt;
use ipnet::IpNet;
use tower::ServiceExt;

use super::text_line;
use crate::{
    ingest::{
        self, Admission, Auth, Ingest, Limits, Networks, OAuth2Client, Source, Sources,
        admission::fake::FakeIntake,
        dialect::{Dialect, Json, Tccc},
    },
    record::{Kind, Pointer},
};

const LIMIT: usize = 64 * 1024;

const TOKEN_PATH: &str = "/oauth2/token";

const LIMITS: Limits = Limits {
    max_token_requests: 64,
    max_concurrency: 2,
    request_timeout: Duration::from_secs(10),
    dedup_window: Duration::from_hours(1),
    dedup_max_entries: 100,
};

/// A request is answered in JSON, never with a fault of the gateway's own; it is
/// committed, once and whole, exactly where the sender is told so. It comes
/// through a proxy, whose word of where it was sent from may be anything.
pub fn request(data: &[u8]) {
    let Some(request) = read(data) else {
        return;
    };
    let for_token = request.uri().path().starts_with(TOKEN_PATH);
    let encoded = request.headers().contains_key(header::CONTENT_ENCODING);
    let body = request.body().clone();
    let intake = FakeIntake::new([]);
    let response = runtime().block_on(send(&intake, request.map(Body::from)));
    let (head, answer) = response.into_parts();
    let status = head.status;
    assert!(status.as_u16() < 500, "answered with {status}");
    let json: Result<serde_json::Value, _> = serde_json::from_slice(&answer);
    assert!(json.is_ok(), "an answer that is no JSON");
    let stored = intake.stored();
    let pushed = status.is_success() && !for_token;
    assert_eq!(stored.len(), usize::from(pushed), "{status}");
    for arrival in stored {
        assert!(arrival.body.len() <= LIMIT, "a body over the limit");
        assert!(encoded || arrival.body == body, "a body that changed");
    }
}

fn read(data: &[u8]) -> Option<Request<Vec<u8>>> {
    let (target, mut rest) = text_line(data)?;
    let mut request = Request::builder().method(Method::POST).uri(target);
    loop {
        let (line, after) = super::line(rest);
        rest = after;
        if line.is_empty() {
            break;
        }
        let colon = line.iter().position(|byte| *byte == b':')?;
        request = request.header(&line[..colon], line[colon + 1..].trim_ascii());
    }
    let proxy = ConnectInfo(SocketAddr::from(([10, 0, 0, 1], 4711)));
    request.extension(proxy).body(rest.to_vec()).ok()
}

async fn send(intake: &FakeIntake, request: Request<Body>) -> Response<Vec<u8>> {
    let admission = Admission::open(intake.clone(), &LIMITS).await;
    let admission = admission.unwrap();
    let ingest = Arc::new(Ingest::new(sources(), &LIMITS, admission));
    let response = ingest::router(ingest).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Response::from_parts(head, body.to_vec())
}

fn sources() -> Sources {
    let session = Pointer::parse("/call/id").ok();
    let json = Json::new(Kind::Imcdr, session, Vec::new());
    let sources = [
        source("tccc", Auth::basic("tccc", "secret"), false, Tccc),
        source("strict", Auth::url_token("s3cret"), true, Tccc),
        source("open", Auth::None, false, Tccc),
        source("json", Auth::bearer("t0ken"), false, json),
        source("oauth2", Auth::OAuth2(Arc::new(client())), false, Tccc),
        Source {
            allow_from: Some(networks("203.0.113.0/24")),
            ..source("listed", Auth::None, false, Tccc)
        },
    ];
    let sources = Sources::new(sources).unwrap();
    sources.behind(networks("10.0.0.0/8"))
}

fn client() -> OAuth2Client {
    let lifetime = Duration::from_hours(1);
    OAuth2Client::new("oauth2", "id", ["secret"], TOKEN_PATH.to_owned(), lifetime)
}

fn networks(range: &str) -> Networks {
    range.parse::<IpNet>().into_iter().collect()
}

fn source(name: &str, auth: Auth, strict: bool, dialect: impl Dialect + 'static) -> Source {
    Source {
        name: name.into(),
        path: format!("/{name}"),
        dialect: Arc::new(dialect),
        allow_from: None,
        auth,
        strict,
        max_body_bytes: LIMIT,
        valve: crate::ingest::Valve::default(),
    }
}

fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_time().build().unwrap()
}
