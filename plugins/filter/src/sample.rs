//! A share of all records, chosen by the hash of one value.

use cdr_plugin_sdk::{Cdr, ConfigErrors};
use sha2::{Digest, Sha256};

use crate::config::SampleConfig;

#[derive(Debug)]
pub struct Sample {
    share: f64,
    by: String,
    salt: String,
}

#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    #[error("nothing at {0} to sample by")]
    Nothing(String),
}

impl Sample {
    pub fn new(config: &SampleConfig, at: &str, errors: &mut ConfigErrors) -> Self {
        errors.check_pointer(&format!("{at}/by"), &config.by);
        if !(0.0..=1.0).contains(&config.share) {
            errors.push(format!("{at}/share"), "must be from 0 to 1");
        }
        Self {
            share: config.share,
            by: config.by.clone(),
            salt: config.salt.clone(),
        }
    }

    pub fn holds(&self, cdr: Cdr<'_>) -> Result<bool, SampleError> {
        let value = cdr.json(&self.by);
        let value = value.filter(|json| !matches!(json.as_str(), "null" | "\"\""));
        let json = value.ok_or_else(|| SampleError::Nothing(self.by.clone()))?;
        // The text, not its JSON: an escape more or less is the same value.
        let text = serde_json::from_str::<String>(&json).unwrap_or(json);
        Ok(position(&self.salt, &text) < self.share)
    }
}

/// Where a value stands between 0 (included) and 1 (excluded). Stable for ever:
/// a changed hash would change which records were sampled on a replay.
fn position(salt: &str, value: &str) -> f64 {
    let digest: [u8; 32] = Sha256::new()
        .chain_update(salt)
        .chain_update([0])
        .chain_update(value)
        .finalize()
        .into();
    let [a, b, c, d, ..] = digest;
    f64::from(u32::from_be_bytes([a, b, c, d])) / 2f64.powi(32)
}

#[cfg(test)]
mod tests {
    use super::position;

    #[test]
    fn positions_are_stable_and_even() {
        // SHA-256 of a zero byte and the text, by another implementation.
        assert!((position("", "99a1c8f8") - 0.201_909).abs() < 1e-6);
        let low = (0..10_000).filter(|n| position("", &n.to_string()) < 0.1);
        let low = low.count();
        assert!((900..1100).contains(&low), "{low}");
        assert!((position("", "a") - position("salt", "a")).abs() > f64::EPSILON);
    }
}
