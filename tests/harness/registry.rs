//! A web server with files, which also speaks as much of an OCI registry as a
//! pull by digest needs: a token for those who show the right password,
//! manifests, and blobs behind a redirection.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex},
    thread,
};

use axum::{
    Json, Router,
    extract::State,
    http::{
        HeaderMap, StatusCode, Uri,
        header::{AUTHORIZATION, LOCATION, WWW_AUTHENTICATE},
    },
    response::{IntoResponse, Response},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::{net::TcpListener, sync::oneshot};

/// What the registry's users are: `ci` with the password `s3cret`, in Base64.
const BASIC: &str = "Basic Y2k6czNjcmV0";

const TOKEN: &str = "Bearer pull-token";

pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

struct Shared {
    address: SocketAddr,
    files: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Paths that were asked for.
    asked: Mutex<Vec<String>>,
    /// Whether the registry wants a password before it gives a token.
    private: bool,
}

/// A running registry. It stops, and refuses connections, when dropped.
pub struct Registry {
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Registry {
    pub fn start() -> Self {
        Self::start_with(false)
    }

    /// One that gives tokens to `ci` alone.
    pub fn private() -> Self {
        Self::start_with(true)
    }

    fn start_with(private: bool) -> Self {
        let (stop, stopped) = oneshot::channel();
        let (bound, shared) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || serve(private, &bound, stopped));
        Self {
            shared: shared.recv().expect("a bound registry"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.shared.address
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

    /// The paths that were asked for, in order.
    pub fn asked(&self) -> Vec<String> {
        self.shared.asked.lock().unwrap().clone()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    private: bool,
    bound: &std::sync::mpsc::Sender<Arc<Shared>>,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let shared = Arc::new(Shared {
            address: listener.local_addr().expect("an address"),
            files: Mutex::default(),
            asked: Mutex::default(),
            private,
        });
        bound.send(shared.clone()).expect("someone waits");
        let router = Router::new().fallback(answer).with_state(shared);
        tokio::select! {
            served = axum::serve(listener, router) => served.expect("it serves"),
            _ = stopped => {}
        }
    });
}

async fn answer(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap) -> Response {
    let path = uri.path().to_owned();
    shared.asked.lock().unwrap().push(path.clone());
    let shown = headers.get(AUTHORIZATION);
    let shown = shown.map_or("", |value| value.to_str().expect("text"));
    if path == "/token" {
        return if shared.private && shown != BASIC {
            StatusCode::UNAUTHORIZED.into_response()
        } else {
            Json(json!({ "token": "pull-token", "expires_in": 300 })).into_response()
        };
    }
    if path.starts_with("/v2/") && shown != TOKEN {
        let realm = format!("http://{}/token", shared.address);
        let challenge = format!(r#"Bearer realm="{realm}",service="registry""#);
        return (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, challenge)]).into_response();
    }
    if path.starts_with("/v2/") && path.contains("/blobs/") {
        let elsewhere = format!("http://localhost:{}/content{path}", shared.address.port());
        return (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, elsewhere)]).into_response();
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
