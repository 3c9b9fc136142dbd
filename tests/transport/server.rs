//! Servers that the harness has not: a token endpoint, and a receiver with TLS.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    body::Bytes,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    serve::Listener,
};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::harness::Server;

/// One request to the endpoint.
#[derive(Debug, Clone)]
pub struct Asked {
    pub authorization: String,
    pub form: String,
}

/// How the endpoint answers.
#[derive(Debug, Clone)]
pub enum Mood {
    /// With `token-1`, `token-2`, …
    Grants,
    /// With this status and body.
    Says(u16, &'static str),
    /// By sending the client elsewhere.
    Redirects(String),
    /// Not at all.
    Hangs,
}

/// An OAuth 2 token endpoint.
pub struct TokenServer {
    pub url: String,
    shared: Arc<(Mutex<Vec<Asked>>, Mutex<Mood>)>,
    _server: Server,
}

impl TokenServer {
    pub fn start(mood: Mood) -> Self {
        Self::start_with(mood, None)
    }

    pub fn start_tls(tls: Arc<ServerConfig>) -> Self {
        Self::start_with(Mood::Grants, Some(tls))
    }

    fn start_with(mood: Mood, tls: Option<Arc<ServerConfig>>) -> Self {
        let shared = Arc::new((Mutex::new(Vec::new()), Mutex::new(mood)));
        let state = shared.clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let server = serve(tls, move |headers, body| answer(&state, &headers, &body));
        Self {
            url: format!("{scheme}://{}/token", server.address),
            shared,
            _server: server,
        }
    }

    pub fn be(&self, mood: Mood) {
        *self.shared.1.lock().unwrap() = mood;
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.shared.0.lock().unwrap().clone()
    }
}

fn answer(
    shared: &(Mutex<Vec<Asked>>, Mutex<Mood>),
    headers: &HeaderMap,
    body: &Bytes,
) -> Option<Response> {
    let authorization = headers.get(header::AUTHORIZATION);
    let number = {
        let mut asked = shared.0.lock().unwrap();
        asked.push(Asked {
            authorization: authorization
                .map(|value| value.to_str().expect("text").to_owned())
                .unwrap_or_default(),
            form: String::from_utf8(body.to_vec()).expect("UTF-8"),
        });
        asked.len()
    };
    let mood = shared.1.lock().unwrap().clone();
    match mood {
        Mood::Grants => {
            let token = format!(
                r#"{{"access_token":"token-{number}","token_type":"Bearer","expires_in":3600}}"#
            );
            Some(token.into_response())
        }
        Mood::Says(status, body) => {
            let status = StatusCode::from_u16(status).expect("a status");
            Some((status, body).into_response())
        }
        Mood::Redirects(to) => {
            let there = [(header::LOCATION, to)];
            Some((StatusCode::TEMPORARY_REDIRECT, there).into_response())
        }
        Mood::Hangs => None,
    }
}

/// A receiver with TLS that accepts everything.
pub struct TlsReceiver {
    server: Server,
    got: Arc<Mutex<Vec<Bytes>>>,
}

impl TlsReceiver {
    pub fn start(tls: Arc<ServerConfig>) -> Self {
        let got = Arc::new(Mutex::new(Vec::new()));
        let keep = got.clone();
        let take = move |_: HeaderMap, body: Bytes| {
            keep.lock().unwrap().push(body);
            Some(StatusCode::OK.into_response())
        };
        Self {
            server: serve(Some(tls), take),
            got,
        }
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.server.address)
    }

    pub fn count(&self) -> usize {
        self.got.lock().unwrap().len()
    }
}

/// Serves what is answered; what has no answer hangs.
fn serve(
    tls: Option<Arc<ServerConfig>>,
    answer: impl Fn(HeaderMap, Bytes) -> Option<Response> + Clone + Send + Sync + 'static,
) -> Server {
    let handler = move |headers: HeaderMap, body: Bytes| {
        let answer = answer(headers, body);
        async move {
            match answer {
                Some(answer) => answer,
                None => std::future::pending().await,
            }
        }
    };
    let router = Router::new().fallback(handler);
    let Some(tls) = tls else {
        return Server::start(router);
    };
    let address = "127.0.0.1:0".parse().expect("an address");
    Server::start_with(address, async move |tcp| {
        let acceptor = TlsAcceptor::from(tls);
        let _ = axum::serve(TlsListener { tcp, acceptor }, router).await;
    })
}

struct TlsListener {
    tcp: TcpListener,
    acceptor: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, from) = self.tcp.accept().await.expect("a connection");
            if let Ok(stream) = self.acceptor.accept(stream).await {
                return (stream, from);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<Self::Addr> {
        self.tcp.local_addr()
    }
}
