//! Serves a router with what `axum::serve` does not have: TLS, and limits on
//! connections, handshakes, and the time that a request's headers may take.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Router, extract::ConnectInfo};
use http::Request;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::{GracefulShutdown, Watcher},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tower::Service;

use crate::tls;

/// Time before the next try after a connection could not be accepted, which
/// happens when the process is out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// What listens, and what is answered.
pub(super) struct Listener {
    /// For metrics.
    pub(super) name: &'static str,
    pub(super) tcp: TcpListener,
    pub(super) tls: tls::watch::Slot,
    /// Connections at once, those in their handshake included.
    pub(super) connections: usize,
    /// Time for the headers of a request, the wait for them on an idle connection
    /// included.
    pub(super) header_timeout: Duration,
    /// Finds the address of the peer as [`ConnectInfo`].
    pub(super) router: Router,
}

impl Listener {
    /// Serves until `stop` says so, then lets requests under way end.
    pub(super) fn serve(self, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        metrics::gauge!("cdr_gateway_header_timeout_seconds", "listener" => self.name)
            .set(self.header_timeout.as_secs_f64());
        let permits = Semaphore::new(self.connections.min(Semaphore::MAX_PERMITS));
        let permits = Arc::new(permits);
        tokio::spawn(async move {
            let graceful = GracefulShutdown::new();
            loop {
                let accepted = tokio::select! {
                    accepted = self.accept(&permits) => accepted,
                    _ = stop.wait_for(|stop| *stop) => break,
                };
                match accepted {
                    Some(connection) => {
                        tokio::spawn(connection.run(graceful.watcher(), stop.clone()));
                    }
                    None => tokio::time::sleep(ACCEPT_BACKOFF).await,
                }
            }
            drop(self);
            graceful.shutdown().await;
        })
    }

    async fn accept(&self, permits: &Arc<Semaphore>) -> Option<Connection> {
        // Never closed.
        let permit = permits.clone().acquire_owned().await.ok()?;
        match self.tcp.accept().await {
            Ok((stream, peer)) => Some(Connection {
                listener: self.name,
                stream,
                peer,
                tls: self.tls.load_full(),
                header_timeout: self.header_timeout,
                router: self.router.clone(),
                _permit: permit,
            }),
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                None
            }
        }
    }
}

struct Connection {
    listener: &'static str,
    stream: TcpStream,
    peer: SocketAddr,
    tls: Option<Arc<tls::Server>>,
    header_timeout: Duration,
    router: Router,
    _permit: OwnedSemaphorePermit,
}

impl Connection {
    /// A peer that breaks off or dawdles is not worth a line in the log.
    async fn run(self, watcher: Watcher, mut stop: watch::Receiver<bool>) {
        // An answer is one small packet: waiting for more would only delay it.
        let _ = self.stream.set_nodelay(true);
        let speaker = Speaker {
            peer: self.peer,
            router: self.router,
            header_timeout: self.header_timeout,
            watcher,
        };
        let Some(tls) = self.tls else {
            return speaker.speak(self.stream).await;
        };
        let shaken = tokio::select! {
            shaken = handshake(self.listener, self.stream, &tls) => shaken,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        if let Some(stream) = shaken {
            speaker.speak(stream).await;
        }
    }
}

async fn handshake(
    listener: &'static str,
    stream: TcpStream,
    tls: &tls::Server,
) -> Option<TlsStream<TcpStream>> {
    let accepting = TlsAcceptor::from(tls.config.clone()).accept(stream);
    let (outcome, stream) = match timeout(tls.handshake_timeout, accepting).await {
        Ok(Ok(stream)) => ("done", Some(stream)),
        Ok(Err(_)) => ("failed", None),
        Err(_) => ("timeout", None),
    };
    metrics::counter!("cdr_gateway_tls_handshakes_total", "listener" => listener, "outcome" => outcome)
        .increment(1);
    stream
}

/// What a connection is served with.
struct Speaker {
    peer: SocketAddr,
    router: Router,
    header_timeout: Duration,
    watcher: Watcher,
}

impl Speaker {
    async fn speak<S>(self, stream: S)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (peer, router) = (self.peer, self.router);
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            // A router is always ready.
            router.clone().call(request)
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.header_timeout)
            .serve_connection(TokioIo::new(stream), service);
        let _ = self.watcher.watch(connection).await;
    }
}
