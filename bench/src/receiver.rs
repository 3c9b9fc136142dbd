//! A receiver that counts, and answers at once.

use std::{net::SocketAddr, sync::Arc};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use tokio::{net::TcpListener, task::JoinHandle};

use crate::seen::Seen;

/// A receiver on a port of its own. It ends when dropped.
pub struct Receiver {
    address: SocketAddr,
    server: JoinHandle<std::io::Result<()>>,
}

impl Receiver {
    pub async fn start(seen: Arc<Seen>) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let app = Router::new()
            .route("/", post(receive))
            // Batches may be larger than axum's default.
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(seen);
        let server = tokio::spawn(axum::serve(listener, app).into_future());
        Ok(Self { address, server })
    }

    pub fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn receive(State(seen): State<Arc<Seen>>, body: Bytes) -> StatusCode {
    seen.note(&body);
    StatusCode::OK
}
