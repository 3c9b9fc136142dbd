//! A web server with files, which also speaks as much of an OCI registry as a
//! pull by digest needs: a token for those who show the right password,
//! manifests, and blobs behind a redirection.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{AUTHORIZATION, HOST, LOCATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::Server;

/// What the registry's users are: `ci` with the password `s3cret`, in Base64.
const BASIC: &str = "Basic Y2k6czNjcmV0";

const TOKEN: &str = "Bearer pull-token";

pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

struct Shared {
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Paths that were asked for.
    asked: Mutex<Vec<String>>,
    /// What was asked of, and shown to, the tokens of another server than the registry.
    shown_elsewhere: Mutex<Vec<String>>,
    wants: Wants,
}

/// What is wanted, and by whom.
#[derive(Clone, Copy, PartialEq)]
enum Wants {
    /// The registry wants a token, which whoever asks is given.
    Token,
    /// It gives tokens to `ci` alone.
    Password,
    /// It wants nothing; but the server that blobs lie on wants a token, and says that
    /// it is had from itself.
    TokenElsewhere,
}

/// A running registry. It stops, and refuses connections, when dropped.
pub struct Registry {
    shared: Arc<Shared>,
    server: Server,
}

impl Registry {
    pub fn start() -> Self {
        Self::start_with(Wants::Token)
    }

    /// One that gives tokens to `ci` alone.
    pub fn private() -> Self {
        Self::start_with(Wants::Password)
    }

    /// One whose blobs lie on a server that would like to see credentials.
    pub fn on_greedy_storage() -> Self {
        Self::start_with(Wants::TokenElsewhere)
    }

    fn start_with(wants: Wants) -> Self {
        let shared = Arc::new(Shared {
            files: Mutex::default(),
            asked: Mutex::default(),
            shown_elsewhere: Mutex::default(),
            wants,
        });
        let server = Server::start(Router::new().fallback(answer).with_state(shared.clone()));
        Self { shared, server }
    }

    pub fn address(&self) -> SocketAddr {
        self.server.address
    }

    /// Puts a file at a path; its digest.
    pub fn put(&self, path: &str, bytes: &[u8]) -> String {
        let mut files = self.shared.files.lock().unwrap();
        files.insert(path.to_owned(), bytes.to_vec());
        sha256(bytes)
    }

    /// Pushes a component; its reference.
    pub fn push(&self, repository: &str, component: &[u8]) -> String {
        let layer = sha256(component);
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": {
                "mediaType": "application/vnd.wasm.config.v0+json",
                "digest": format!("sha256:{}", sha256(b"{}")),
                "size": 2,
            },
            "layers": [{
                "mediaType": "application/wasm",
                "digest": format!("sha256:{layer}"),
                "size": component.len(),
            }],
        });
        let manifest = manifest.to_string();
        let digest = sha256(manifest.as_bytes());
        self.put(
            &format!("/v2/{repository}/manifests/sha256:{digest}"),
            manifest.as_bytes(),
        );
        self.put(&format!("/v2/{repository}/blobs/sha256:{layer}"), component);
        format!("oci://{}/{repository}@sha256:{digest}", self.address())
    }

    /// What was asked of, and shown to, the tokens of another server than the registry.
    pub fn shown_elsewhere(&self) -> Vec<String> {
        self.shared.shown_elsewhere.lock().unwrap().clone()
    }

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().to_owned();
    shared.asked.lock().unwrap().push(path.clone());
    let header = |name| {
        let value = headers.get(name);
        value.map_or("", |value| value.to_str().expect("text"))
    };
    let shown = header(AUTHORIZATION);
    if path == "/token" {
        return if shared.wants == Wants::Password && shown != BASIC {
            StatusCode::UNAUTHORIZED.into_response()
        } else {
            Json(json!({ "token": "pull-token", "expires_in": 300 })).into_response()
        };
    }
    let greedy = shared.wants == Wants::TokenElsewhere;
    if path.starts_with("/v2/") && shown != TOKEN && !greedy {
        let realm = format!("http://{}/token", header(HOST));
        let challenge = format!(r#"Bearer realm="{realm}",service="registry""#);
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response();
    }
    if path.starts_with("/v2/") && path.contains("/blobs/") {
        let (_, port) = header(HOST).rsplit_once(':').expect("a port");
        let elsewhere = format!("http://localhost:{port}/content{path}");
        return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, elsewhere)]).into_response();
    }
    if path.starts_with("/elsewhere/") {
        let mut shown_elsewhere = shared.shown_elsewhere.lock().unwrap();
        shown_elsewhere.push(format!("{path} {shown}"));
        return StatusCode::NOT_FOUND.into_response();
    }
    if path.starts_with("/content/") && greedy {
        let realm = format!("http://{}/elsewhere/token", header(HOST));
        let challenge = format!(r#"Bearer realm="{realm}",service="registry""#);
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response();
    }
    if path.starts_with("/content/") && !shown.is_empty() {
        // Credentials are the registry's, not those of whoever stores for it.
        return StatusCode::BAD_REQUEST.into_response();
    }
    if path == "/loop" {
        return (StatusCode::FOUND, [(LOCATION, "/loop")]).into_response();
    }
    let files = shared.files.lock().unwrap();
    match files.get(path.strip_prefix("/content").unwrap_or(&path)) {
        Some(bytes) => bytes.clone().into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
