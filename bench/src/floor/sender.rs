//! Posts records to one receiver. What fails is lost, and the bench would find
//! it missing.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use axum::body::Bytes;
use reqwest::{Client, Url, header::CONTENT_TYPE};
use tokio::{
    sync::{Semaphore, mpsc},
    time::{Instant, timeout_at},
};

/// Requests at once, as many as the gateway's default.
const CONCURRENCY: usize = 8;

/// The longest that a record waits for company, the gateway's default.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// The way to the task that posts.
pub struct Sender(mpsc::UnboundedSender<Bytes>);

impl Sender {
    pub fn start(url: &str, batch: usize) -> Result<Self> {
        let url: Url = url.parse()?;
        let client = Client::builder().no_proxy().build()?;
        let (records, queue) = mpsc::unbounded_channel();
        tokio::spawn(post_all(client, url, batch, queue));
        Ok(Self(records))
    }

    pub fn send(&self, body: Bytes) {
        // Fails only when the process ends.
        let _ = self.0.send(body);
    }
}

async fn post_all(
    client: Client,
    url: Url,
    batch: usize,
    mut queue: mpsc::UnboundedReceiver<Bytes>,
) {
    let slots = Arc::new(Semaphore::new(CONCURRENCY));
    while let Some(first) = queue.recv().await {
        let body = if batch > 1 {
            joined(first, batch, &mut queue).await
        } else {
            first
        };
        let Ok(slot) = slots.clone().acquire_owned().await else {
            return;
        };
        let request = client.post(url.clone());
        let request = request.header(CONTENT_TYPE, "application/json").body(body);
        tokio::spawn(async move {
            if let Ok(answer) = request.send().await {
                let _ = answer.bytes().await;
            }
            drop(slot);
        });
    }
}

/// A JSON array of as many as come in time.
async fn joined(first: Bytes, batch: usize, queue: &mut mpsc::UnboundedReceiver<Bytes>) -> Bytes {
    let until = Instant::now() + MAX_WAIT;
    let mut array = Vec::with_capacity(batch * (first.len() + 1) + 1);
    array.push(b'[');
    array.extend_from_slice(&first);
    for _ in 1..batch {
        let Ok(Some(next)) = timeout_at(until, queue.recv()).await else {
            break;
        };
        array.push(b',');
        array.extend_from_slice(&next);
    }
    array.push(b']');
    array.into()
}
