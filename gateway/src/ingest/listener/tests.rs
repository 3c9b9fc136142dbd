mod counted;
mod kept;
mod pressure;
mod refused;

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::body::Bytes;
use flate2::{Compression, write::GzEncoder};
use futures_util::stream;
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;

use super::*;
use crate::{
    ingest::{
        admission::fake::{Act, FakeIntake},
        auth::Auth,
        dialect::{Dialect, Json, Tccc},
        valve::Valve,
    },
    record::{Kind, Pointer},
};

const SEED: &str = include_str!("../../../../tests/records/seed.json");
const SEED_SESSION: &str = "99a1c8f8-eb3d-4xxx-8401-5f6aa8761232";
const LIMIT: usize = 200_000;
const LIMITS: Limits = Limits {
    max_token_requests: 64,
    max_concurrency: 2,
    request_timeout: Duration::from_secs(10),
    dedup_window: Duration::from_hours(1),
    dedup_max_entries: 100,
};

/// printf 'tccc:secret' | base64
const BASIC: (&str, &str) = ("authorization", "Basic dGNjYzpzZWNyZXQ=");
const CDR: &str = "/tccc?action=cdr&version=1";

fn source(name: &str, auth: Auth, strict: bool, dialect: impl Dialect + 'static) -> Source {
    Source {
        name: Arc::from(name),
        path: format!("/{name}"),
        dialect: Arc::new(dialect),
        allow_from: None,
        auth,
        strict,
        max_body_bytes: LIMIT,
        valve: Valve::default(),
    }
}

fn sources() -> Sources {
    let json = Json::new(
        Kind::Imcdr,
        Some(Pointer::parse("/call/id").unwrap()),
        Vec::new(),
    );
    let basic = || Auth::basic("tccc", "secret");
    Sources::new([
        source("tccc", basic(), false, Tccc),
        source("strict", basic(), true, Tccc),
        source("open", Auth::None, false, Tccc),
        source("token", Auth::url_token("s3cret"), false, Tccc),
        source("json", Auth::bearer("t0ken"), false, json),
    ])
    .unwrap()
}

async fn ingest(intake: &FakeIntake, limits: &Limits) -> Arc<Ingest> {
    let admission = Admission::open(intake.clone(), limits).await.unwrap();
    Arc::new(Ingest::new(sources(), limits, admission))
}

fn request(
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Body>,
) -> Request {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(body.into()).unwrap()
}

fn post(target: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Request {
    request(Method::POST, target, headers, body)
}

/// What a sender sees.
struct Answered {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answered {
    /// The status, and the code that the `tccc` dialect gives.
    fn code(&self) -> (u16, &Value) {
        (self.status, &self.body["ErrCode"])
    }
}

async fn send(ingest: &Arc<Ingest>, request: Request) -> Answered {
    let response = router(ingest.clone()).oneshot(request).await.unwrap();
    let (head, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    Answered {
        status: head.status.as_u16(),
        headers: head.headers,
        body: serde_json::from_slice(&body).unwrap(),
    }
}

fn gzip(body: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

fn endless() -> Body {
    Body::from_stream(stream::pending::<io::Result<Bytes>>())
}

fn chunked(text: &str) -> Body {
    let chunks: Vec<_> = text
        .as_bytes()
        .chunks(1000)
        .map(Bytes::copy_from_slice)
        .collect();
    Body::from_stream(stream::iter(chunks.into_iter().map(io::Result::Ok)))
}

fn broken() -> Body {
    let reset = Err(io::ErrorKind::ConnectionReset.into());
    Body::from_stream(stream::iter([
        io::Result::Ok(Bytes::from_static(b"{")),
        reset,
    ]))
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_time().build().unwrap().block_on(future)
}
