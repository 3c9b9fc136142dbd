//! An object store that speaks as much S3 as is needed: PUT that creates or
//! refuses, HEAD, signatures that are there and speak of the body.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::{IntoResponse, Response},
};
use sha2::{Digest, Sha256};

use super::Server;

/// An object, and its metadata `sha256`.
#[derive(Debug, Clone)]
pub struct Object {
    pub bytes: Vec<u8>,
    sha256: Option<String>,
}

#[derive(Default)]
struct Shared {
    objects: Mutex<BTreeMap<String, Object>>,
    /// Whether requests are answered with 503.
    away: Mutex<bool>,
    /// Whether what is put is kept, and answered with 500 all the same.
    forgets_to_answer: Mutex<bool>,
}

/// A running store. It stops when dropped.
pub struct ObjectStore {
    pub address: SocketAddr,
    shared: Arc<Shared>,
    _server: Server,
}

impl ObjectStore {
    pub fn start() -> Self {
        let shared = Arc::new(Shared::default());
        let server = Server::start(Router::new().fallback(answer).with_state(shared.clone()));
        Self {
            address: server.address,
            shared,
            _server: server,
        }
    }

    /// What is in it, by key.
    pub fn objects(&self) -> BTreeMap<String, Object> {
        self.shared.objects.lock().unwrap().clone()
    }

    /// Puts someone else's object there.
    pub fn put(&self, key: &str, bytes: &[u8]) {
        let object = Object {
            bytes: bytes.to_vec(),
            sha256: None,
        };
        let mut objects = self.shared.objects.lock().unwrap();
        objects.insert(key.to_owned(), object);
    }

    pub fn remove(&self, key: &str) {
        self.shared.objects.lock().unwrap().remove(key);
    }

    /// Has it fail from now on, or work again.
    pub fn away(&self, away: bool) {
        *self.shared.away.lock().unwrap() = away;
    }

    /// Has it keep what is put but answer as if it did not, or answer again.
    pub fn forget_to_answer(&self, forgets: bool) {
        *self.shared.forgets_to_answer.lock().unwrap() = forgets;
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let text = |name: &str| headers.get(name).and_then(|it| it.to_str().ok());
    let signed = text("authorization").unwrap_or_default();
    if !signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIAEXAMPLE/") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let signed_body = text("x-amz-content-sha256").unwrap_or_default();
    if signed_body != format!("{:x}", Sha256::digest(&body)) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    if *shared.away.lock().unwrap() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    let Some(key) = uri.path().strip_prefix("/cdrs/") else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut objects = shared.objects.lock().unwrap();
    match (method, objects.get(key)) {
        (Method::PUT, _) if text("if-none-match") != Some("*") => {
            StatusCode::BAD_REQUEST.into_response()
        }
        (Method::PUT, Some(_)) => StatusCode::PRECONDITION_FAILED.into_response(),
        (Method::PUT, None) => {
            let object = Object {
                bytes: body.to_vec(),
                sha256: text("x-amz-meta-sha256").map(str::to_owned),
            };
            objects.insert(key.to_owned(), object);
            if *shared.forgets_to_answer.lock().unwrap() {
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
            [("etag", "\"1\"")].into_response()
        }
        (Method::HEAD, Some(object)) => {
            let mut response = object.bytes.clone().into_response();
            let headers = response.headers_mut();
            let mut set = |name, value: &str| headers.insert(name, value.parse().expect("text"));
            set("etag", "\"1\"");
            set("last-modified", "Tue, 24 Nov 2026 12:00:00 GMT");
            if let Some(sha256) = &object.sha256 {
                set("x-amz-meta-sha256", sha256);
            }
            response
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}
