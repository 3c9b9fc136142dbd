//! What a server of the harness runs on.

use std::{future::Future, net::SocketAddr, thread, time::Duration};

use axum::Router;
use tokio::{net::TcpListener, sync::oneshot};

/// A server on a thread of its own. It stops, and refuses connections, when dropped.
pub struct Server {
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Server {
    /// Serves on a port of its own.
    pub fn start(router: Router) -> Self {
        Self::start_at("127.0.0.1:0".parse().expect("an address"), router)
    }

    /// Serves at an address, as soon as that is free.
    pub fn start_at(address: SocketAddr, router: Router) -> Self {
        Self::start_with(address, async move |listener| {
            let _ = axum::serve(listener, router).await;
        })
    }

    /// Has something serve what is bound.
    pub fn start_with<F>(
        address: SocketAddr,
        serve: impl FnOnce(TcpListener) -> F + Send + 'static,
    ) -> Self
    where
        F: Future<Output = ()>,
    {
        let (stop, stopped) = oneshot::channel();
        let (bound, address_of) = std::sync::mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = until_bound(address).await;
                bound
                    .send(listener.local_addr().expect("an address"))
                    .expect("a waiting test");
                tokio::select! {
                    () = serve(listener) => {}
                    _ = stopped => {}
                }
            });
            // Connections that are still open end here and now.
            runtime.shutdown_background();
        });
        Self {
            address: address_of.recv().expect("a bound server"),
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn until_bound(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if address.port() == 0 => panic!("no port: {error}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}
