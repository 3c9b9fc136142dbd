//! The arrival that a stage's record becomes.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::{
    ask::{EmitError, NewRecord},
    turn::MAX_KEY_BYTES,
};
use crate::{
    journal::{Dedup, NewArrival},
    record::{Document, Kind, Tags},
};

/// Tags of one record, and their size in bytes, as of a record in a chain.
const MAX_TAGS: usize = 64;
const MAX_TAG_BYTES: usize = 4096;

/// Checks a record, and makes an arrival of it. Its deduplication key is that of
/// the stage and the key which the stage gave.
pub(super) fn arrival(
    stage: &Arc<str>,
    new: NewRecord,
    at: Timestamp,
    max_bytes: usize,
) -> Result<NewArrival, EmitError> {
    let kind = new.kind.parse().ok();
    let kind = kind.filter(|kind| Kind::PUSHED.contains(kind));
    let Some(kind) = kind else {
        return Err(EmitError::BadKind(new.kind));
    };
    let is_named = |text: &str| (1..=MAX_KEY_BYTES).contains(&text.len());
    if !is_named(&new.key) || !new.session.as_deref().is_none_or(is_named) {
        return Err(EmitError::BadKey(MAX_KEY_BYTES as u64));
    }
    let fits = |(name, value): &(String, String)| {
        (1..=MAX_TAG_BYTES).contains(&name.len()) && value.len() <= MAX_TAG_BYTES
    };
    if new.tags.len() > MAX_TAGS || !new.tags.iter().all(fits) {
        return Err(EmitError::BadKey(MAX_TAG_BYTES as u64));
    }
    if new.json.len() > max_bytes {
        return Err(EmitError::TooLarge(max_bytes as u64));
    }
    if !new.json.trim_start().starts_with('{') {
        return Err(EmitError::BadJson("a record is a JSON object".to_owned()));
    }
    let body = Bytes::from(new.json);
    let parsed = Document::parse(body.clone());
    parsed.map_err(|error| EmitError::BadJson(error.to_string()))?;
    Ok(NewArrival {
        received: at,
        source: stage.clone(),
        kind,
        session: new.session.map(Arc::from),
        tags: new.tags.into_iter().collect::<Tags>(),
        defect: None,
        dedup: Dedup {
            key: half(&[b"stage", stage.as_bytes(), new.key.as_bytes()]),
            body: half(&[&body]),
        },
        body,
    })
}

/// The first half of a SHA-256 over texts that cannot run into each other.
fn half(texts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    if let [one] = texts {
        hash.update(one);
    } else {
        for text in texts {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text);
        }
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hash.finalize()[..16]);
    half
}
