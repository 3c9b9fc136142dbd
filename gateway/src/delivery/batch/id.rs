//! The id of a batch.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::journal::BatchFormat;

/// What the receiver deduplicates a batch by: the first half of the SHA-256 over
/// its format and its members' own ids, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BatchId(u128);

impl BatchId {
    /// The id of a batch of these members.
    pub fn of<'a>(format: BatchFormat, members: impl IntoIterator<Item = &'a str>) -> Self {
        let mut hash = Sha256::new();
        hash.update(format.as_str());
        for id in members {
            // No id holds a line feed: no two memberships read alike.
            hash.update("\n");
            hash.update(id);
        }
        let mut half = [0; 16];
        half.copy_from_slice(&hash.finalize()[..16]);
        Self(u128::from_be_bytes(half))
    }

    /// The trace of its attempts: the batch stands where an arrival stands for a
    /// delivery that is sent alone.
    #[must_use]
    pub fn trace(self) -> u128 {
        self.0
    }
}

/// As `webhook-id`: it holds no dot, as Standard Webhooks asks, and looks like no
/// id of a single delivery.
impl fmt::Display for BatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "batch_{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn it_stands_for_format_members_and_order() {
        let of = |format, members: &[&str]| BatchId::of(format, members.iter().copied());
        let ids = [
            of(BatchFormat::JsonArray, &["a_crm", "b_crm"]),
            of(BatchFormat::Ndjson, &["a_crm", "b_crm"]),
            of(BatchFormat::JsonArray, &["b_crm", "a_crm"]),
            of(BatchFormat::JsonArray, &["a_crm", "b_crm~2"]),
            of(BatchFormat::JsonArray, &["a_crmb_crm"]),
            of(BatchFormat::JsonArray, &["a_crm"]),
        ];
        assert_eq!(ids.iter().collect::<HashSet<_>>().len(), ids.len());
        assert_eq!(ids[0], of(BatchFormat::JsonArray, &["a_crm", "b_crm"]));
    }

    /// Receivers remember it over restarts and versions: it never changes.
    #[test]
    fn it_is_the_sha_256_that_anyone_can_compute() {
        // printf 'ndjson\na_crm\nb_crm' | sha256sum | cut -c-32
        let id = BatchId::of(BatchFormat::Ndjson, ["a_crm", "b_crm"]);
        assert_eq!(id.to_string(), "batch_230696750df8dd4d7ad1f554486b8e66");
        assert_eq!(format!("batch_{:032x}", id.trace()), id.to_string());
    }
}
