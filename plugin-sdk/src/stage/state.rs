//! What a stage remembers, in the gateway's journal.
//!
//! Changes of one call are kept with everything else that it did, or not at all; a
//! call sees its own. Values are sealed where the journal is. Keys are not: no
//! personal data in them.

use serde::{Serialize, de::DeserializeOwned};

use crate::backend;

/// Why something was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// State was not granted.
    #[error("state is not granted to this plugin; add grant.state to its config")]
    NotGranted,
    /// The key is empty or longer than this many bytes.
    #[error("a key has 1 to {0} bytes")]
    BadKey(u64),
    /// The value is larger than this many bytes.
    #[error("a value has at most {0} bytes")]
    TooLarge(u64),
    /// The stage holds as many bytes as it may.
    #[error("the stage holds {0} bytes, as many as it may (grant.state.max_bytes)")]
    TooManyBytes(u64),
    /// The stage holds as many keys as it may.
    #[error("the stage holds {0} keys, as many as it may (grant.state.max_keys)")]
    TooManyKeys(u64),
    /// What is kept there is not what this stage writes.
    #[error("what is kept has not the form that this version of the stage reads")]
    Form,
}

/// The value of a key; `None` where there is none, or where it has expired.
pub fn get(key: &str) -> Result<Option<Vec<u8>>, StateError> {
    backend::state_get(key)
}

/// The value of a key that [`set_json`] kept.
pub fn get_json<T: DeserializeOwned>(key: &str) -> Result<Option<T>, StateError> {
    let value = get(key)?.map(|value| serde_json::from_slice(&value));
    value.transpose().map_err(|_| StateError::Form)
}

/// Keeps a value, for ever or for so many milliseconds.
pub fn set(key: &str, value: &[u8], ttl_ms: Option<u64>) -> Result<(), StateError> {
    backend::state_set(key, value, ttl_ms)
}

/// Keeps a value as JSON, for ever or for so many milliseconds.
pub fn set_json<T: Serialize + ?Sized>(
    key: &str,
    value: &T,
    ttl_ms: Option<u64>,
) -> Result<(), StateError> {
    let json = serde_json::to_vec(value).map_err(|_| StateError::Form)?;
    set(key, &json, ttl_ms)
}

/// Forgets a key; false where there was nothing.
pub fn remove(key: &str) -> Result<bool, StateError> {
    backend::state_remove(key)
}

/// Keys that begin with a prefix, in order of their bytes: those after `after`, and
/// of those the first `limit`, which is at most 1000.
pub fn list(prefix: &str, after: Option<&str>, limit: u32) -> Result<Vec<String>, StateError> {
    backend::state_list(prefix, after, limit)
}
