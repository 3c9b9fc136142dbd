//! Serves a router with the limits that `axum::serve` does not have: on
//! connections, and on the time that a request's headers may take.

use std::{sync::Arc, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::JoinHandle,
};

/// Time before the next try after a connection could not be accepted, which
/// happens when the process is out of file descriptors.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(100);

/// Time for the headers of a request, the wait for them on an idle connection
/// included. As long as common clients keep idle connections, so that they are
/// the ones to close.
const HEADER_TIMEOUT: Duration = Duration::from_secs(90);

/// Serves at most `connections` at once until `stop` says so, then lets requests
/// under way end.
pub(super) fn serve(
    listener: TcpListener,
    router: Router,
    connections: usize,
    mut stop: watch::Receiver<bool>,
) -> JoinHandle<()> {
    let permits = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
    tokio::spawn(async move {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = accept(&listener, &permits) => accepted,
                _ = stop.wait_for(|stop| *stop) => break,
            };
            match accepted {
                Some((stream, permit)) => {
                    connect(stream, permit, router.clone(), &graceful);
                }
                None => tokio::time::sleep(ACCEPT_BACKOFF).await,
            }
        }
        drop(listener);
        graceful.shutdown().await;
    })
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    // Never closed.
    let permit = permits.clone().acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "cannot accept a connection");
            None
        }
    }
}

fn connect(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    router: Router,
    graceful: &GracefulShutdown,
) {
    // An answer is one small packet: waiting for more would only delay it.
    let _ = stream.set_nodelay(true);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        // A peer that breaks off or dawdles is not worth a line in the log.
        let _ = connection.await;
        drop(permit);
    });
}
