//! Sealing: what the journal keeps of records, unreadable without a key.
//!
//! A *day key* of 32 random bytes seals the arrivals of one day (UTC, by their
//! ids) and everything that is kept of them: corrections, frozen payloads
//! and what receivers answered; what stages remember, by the day on which they
//! wrote it; and the parts of files that were begun on it, until
//! they are finished (`delivery/file/frames.rs` has their bytes). A *master key*,
//! which the configuration names, wraps the day keys.
//! Without its day key nothing of a day can be read again, so a day is forgotten
//! by dropping one row.
//!
//! # The bytes
//!
//! AES-256-GCM throughout. `day` is the number of days since 1970-01-01.
//!
//! - sealed: version (1 byte, 1), day (4 bytes, big-endian), nonce (12),
//!   ciphertext, tag (16). Authenticated with it: the first five bytes, then the
//!   [`Place`] as text.
//! - wrapped: version (1 byte, 1), nonce (12), ciphertext (32), tag (16).
//!   Authenticated with it: the first byte, then `day_keys/` and the day as text.
//!
//! The place makes it impossible to show one record's bytes as another's. What
//! is sealed is told by `arrival_index.key_day`, not by the bytes, since a body
//! may begin with anything: everything of an arrival is sealed as its body is.
//!
//! # Limits
//!
//! Nonces are random. NIST SP 800-38D allows 2^32 of those under one key: that
//! is 49,000 arrivals, attempts and blocks of files a second, all day, twice what
//! the writer's thread can do. A master key wraps one day key a day.
//!
//! The cipher is ring's, which is in the tree for TLS and is the fastest there
//! is for it. The crate `aes-gcm` would be a dozen crates more; in return it
//! wipes its expanded keys when they are dropped, which ring does not do. The raw
//! bytes of keys are wiped here.

mod cipher;
mod day;
mod day_key;
mod master;
mod part_key;

use std::fmt;

pub use cipher::SealError;
pub use day::{Day, UnknownDay};
pub(in crate::journal) use day_key::{DayKey, RawKey};
pub use master::{BadMasterKey, KeyId, MasterKey, Masters};
pub use part_key::PartKey;

use crate::record::Seq;

/// Where something sealed belongs: the table, and its key there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::journal) enum Place {
    /// `arrivals.body`.
    Arrival(Seq),
    /// `corrections.body`, of a correction by its number.
    Correction(Seq, u32),
    /// `frozen.body`, at a destination by its number.
    Frozen(i64, Seq),
    /// `attempt_responses.excerpt`, at a destination by its number, of an attempt
    /// by its number.
    Response(i64, Seq, u32),
    /// `stage_state.value`, of a stage by its number, and of a key by the first half
    /// of its SHA-256.
    StageValue(i64, u128),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Arrival(seq) => write!(f, "arrivals/{seq}"),
            Self::Correction(seq, number) => write!(f, "corrections/{seq}/{number}"),
            Self::Frozen(destination, seq) => write!(f, "frozen/{destination}/{seq}"),
            Self::Response(destination, seq, number) => {
                write!(f, "attempt_responses/{destination}/{seq}/{number}")
            }
            Self::StageValue(stage, key) => write!(f, "stage_state/{stage}/{key:032x}"),
        }
    }
}
