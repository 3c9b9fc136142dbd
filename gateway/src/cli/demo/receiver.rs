//! Small receivers, one for each HTTP destination on this machine.

use std::{collections::BTreeMap, net::SocketAddr};

use anyhow::Context;
use axum::{Router, body::Bytes, extract::State};
use tokio::{net::TcpListener, sync::mpsc};

use crate::config::model::{Config, Driver};

/// What receivers got, by destination.
pub(super) struct Receivers {
    got: BTreeMap<String, mpsc::UnboundedReceiver<Bytes>>,
}

impl Receivers {
    /// Listens where the destinations expect someone.
    pub(super) async fn start(config: &Config) -> anyhow::Result<Self> {
        let mut got = BTreeMap::new();
        for (name, destination) in &config.destination {
            let Driver::Http(http) = &destination.driver else {
                continue;
            };
            let base = http.url.base();
            let host = base.host_str().unwrap_or_default();
            let port = base.port_or_known_default().unwrap_or_default();
            let address: SocketAddr = format!("{host}:{port}")
                .parse()
                .with_context(|| format!("destination {name} is not an address of this machine"))?;
            got.insert(name.clone(), receive(address).await?);
        }
        Ok(Self { got })
    }

    /// The next body that a destination got.
    pub(super) async fn next(&mut self, destination: &str) -> Option<Bytes> {
        self.got.get_mut(destination)?.recv().await
    }
}

async fn receive(address: SocketAddr) -> anyhow::Result<mpsc::UnboundedReceiver<Bytes>> {
    anyhow::ensure!(
        address.ip().is_loopback(),
        "the demonstration receives on loopback addresses only, not on {address}"
    );
    let listener = TcpListener::bind(address)
        .await
        .with_context(|| format!("cannot listen on {address}; stop what listens there"))?;
    let (sender, got) = mpsc::unbounded_channel();
    let router = Router::new().fallback(take).with_state(sender);
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(got)
}

async fn take(State(sender): State<mpsc::UnboundedSender<Bytes>>, body: Bytes) {
    // Whoever watched may have gone.
    let _ = sender.send(body);
}
