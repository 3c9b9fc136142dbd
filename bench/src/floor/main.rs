//! The floor: the least that a server can do with a record and still be trusted
//! with it. It reads the body, parses it, commits it as a row before it answers,
//! posts it to the receivers and appends it to a file.
//!
//! There are no plugins, routes, contracts, retries or outcomes, and what waits
//! is bounded by memory alone. Whatever the gateway costs beyond this is what it
//! does beyond this, or waste.
#![allow(clippy::print_stderr, reason = "names the address that it listens on")]

mod archive;
mod sender;
mod store;

use std::{path::PathBuf, sync::Arc};

use anyhow::Result;
use axum::{Router, body::Bytes, extract::State, http::StatusCode, routing::post};
use clap::Parser;
use tokio::net::TcpListener;

use archive::Archive;
use sender::Sender;
use store::Store;

/// Does the gateway's work with nothing around it.
#[derive(Parser)]
struct Options {
    /// The database
    #[arg(long)]
    journal: PathBuf,
    /// The file that every record is appended to
    #[arg(long)]
    file: PathBuf,
    /// A receiver's URL; any number of them
    #[arg(long)]
    to: Vec<String>,
    /// Records a request
    #[arg(long, default_value_t = 1)]
    batch: usize,
}

struct Floor {
    store: Store,
    archive: Archive,
    senders: Vec<Sender>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let options = Options::parse();
    // The first and only one to install it, so that it cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let sender = |url: &String| Sender::start(url, options.batch);
    let floor = Floor {
        store: Store::open(&options.journal)?,
        archive: Archive::open(&options.file)?,
        senders: options.to.iter().map(sender).collect::<Result<_>>()?,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    eprintln!(r#"{{"ingest":"{}"}}"#, listener.local_addr()?);
    let app = Router::new()
        .route("/tccc", post(receive))
        .with_state(Arc::new(floor));
    axum::serve(listener, app).await?;
    Ok(())
}

async fn receive(State(floor): State<Arc<Floor>>, body: Bytes) -> (StatusCode, &'static str) {
    let Ok(document) = serde_json::from_slice::<serde_json::Value>(&body) else {
        return (
            StatusCode::BAD_REQUEST,
            r#"{"ErrMsg":"no JSON","ErrCode":1}"#,
        );
    };
    let session = document.get("SessionId").and_then(|id| id.as_str());
    if !floor.store.commit(session.unwrap_or_default(), &body).await {
        return (
            StatusCode::SERVICE_UNAVAILABLE,
            r#"{"ErrMsg":"not stored","ErrCode":2}"#,
        );
    }
    for sender in &floor.senders {
        sender.send(body.clone());
    }
    floor.archive.append(body);
    (StatusCode::OK, r#"{"ErrMsg":"","ErrCode":0}"#)
}
