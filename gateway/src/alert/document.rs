//! The arrival that an event becomes.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Event, Raised, SOURCE};
use crate::{
    journal::{Dedup, NewArrival},
    record::{Kind, Tags},
};

/// The payload form of Standard Webhooks.
#[derive(Serialize)]
struct Document {
    r#type: Value,
    timestamp: Timestamp,
    data: Value,
}

impl Document {
    fn new(event: &Event, timestamp: Timestamp) -> Self {
        // Texts and numbers only: there is nothing that could fail.
        let mut event = serde_json::to_value(event).unwrap_or_default();
        Self {
            r#type: event["type"].take(),
            timestamp,
            data: event["data"].take(),
        }
    }
}

/// The arrival of an event. No two are the same push.
pub(super) fn arrival(raised: &Raised) -> NewArrival {
    let document = Document::new(&raised.event, raised.at);
    let body = serde_json::to_vec(&document).unwrap_or_default();
    let digest: [u8; 32] = Sha256::digest(&body).into();
    let mut half = [0; 16];
    half.copy_from_slice(&digest[..16]);
    NewArrival {
        received: raised.at,
        source: Arc::from(SOURCE),
        kind: Kind::Event,
        session: None,
        tags: Tags::new(),
        defect: None,
        dedup: Dedup {
            key: Uuid::now_v7().into_bytes(),
            body: half,
        },
        body: Bytes::from(body),
    }
}
