//! What a push is known by.
//!
//! Keys are digests over what identifies a push, scoped by its source, so that
//! two sources never meet. Each part is preceded by its length and each sort of
//! key by its name: no two different pushes make the same input.

use sha2::{Digest, Sha256};

use super::Push;
use crate::journal::Dedup;

/// The two keys that a push may be kept under.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Identity {
    usual: [u8; 16],
    apart: [u8; 16],
    body: [u8; 16],
}

impl Identity {
    pub(super) fn of(push: &Push) -> Self {
        let source = push.source.as_bytes();
        // What a body means depends on its kind, so that belongs to it.
        let body = digest(&[b"body", push.kind.as_str().as_bytes(), &push.body]);
        let id = push.push_id.as_deref().unwrap_or_default();
        let apart = digest(&[b"apart", source, id, &body]);
        let usual = match push.push_id {
            Some(_) => digest(&[b"id", source, id]),
            None => apart,
        };
        Self { usual, apart, body }
    }

    /// Under its id; without one, under its body.
    pub(super) fn usual(&self) -> Dedup {
        Dedup {
            key: self.usual,
            body: self.body,
        }
    }

    /// Under its id and its body: where the id is taken by another body.
    pub(super) fn apart(&self) -> Dedup {
        Dedup {
            key: self.apart,
            body: self.body,
        }
    }
}

/// Half of the SHA-256 over the parts: 2^64 pushes before two are confused.
fn digest(parts: &[&[u8]]) -> [u8; 16] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    let whole: [u8; 32] = hasher.finalize().into();
    let mut half = [0; 16];
    half.copy_from_slice(&whole[..16]);
    half
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use jiff::Timestamp;

    use super::*;
    use crate::record::{Kind, Tags};

    fn identity(source: &str, kind: Kind, id: Option<&str>, body: &'static str) -> Identity {
        Identity::of(&Push {
            received: Timestamp::UNIX_EPOCH,
            source: Arc::from(source),
            kind,
            push_id: id.map(|id| Box::from(id.as_bytes())),
            session: None,
            tags: Tags::new(),
            defect: None,
            body: Bytes::from_static(body.as_bytes()),
        })
    }

    #[test]
    fn the_id_counts_within_its_source_and_else_kind_and_body() {
        let with_id = identity("a", Kind::Cdr, Some("1"), "x").usual();
        let without = identity("a", Kind::Cdr, None, "x").usual();
        for (other, same_as_id, same_as_body) in [
            (identity("a", Kind::Cdr, Some("1"), "y"), true, false),
            (identity("a", Kind::Record, Some("1"), "x"), true, false),
            (identity("a", Kind::Cdr, Some("2"), "x"), false, false),
            (identity("b", Kind::Cdr, Some("1"), "x"), false, false),
            (identity("a", Kind::Cdr, None, "x"), false, true),
            (identity("a", Kind::Record, None, "x"), false, false),
            (identity("b", Kind::Cdr, None, "x"), false, false),
            (identity("a", Kind::Cdr, None, "y"), false, false),
        ] {
            assert_eq!(other.usual().key == with_id.key, same_as_id, "{other:?}");
            assert_eq!(other.usual().key == without.key, same_as_body, "{other:?}");
        }
    }

    #[test]
    fn another_kind_or_body_is_another_content() {
        let body = |kind, body| identity("a", kind, Some("1"), body).usual().body;
        assert_eq!(body(Kind::Cdr, "x"), body(Kind::Cdr, "x"));
        assert_ne!(body(Kind::Cdr, "x"), body(Kind::Cdr, "y"));
        assert_ne!(body(Kind::Cdr, "x"), body(Kind::Record, "x"));
    }
}
