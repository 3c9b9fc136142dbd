//! What stands packed in the journal's file, which anything may have damaged.
//!
//! Input: eight bytes of the first position, two of how many follow it, then the
//! blob.

use crate::journal::{SeqSet, reads_or_refuses};

/// A blob is read or refused, and what was read is written the same again.
pub fn outcomes(data: &[u8]) {
    let Some((first, rest)) = data.split_first_chunk() else {
        return;
    };
    let Some((more, blob)) = rest.split_first_chunk() else {
        return;
    };
    let first = u64::from_le_bytes(*first);
    let last = first.saturating_add(u16::from_le_bytes(*more).into());
    reads_or_refuses(first, last, blob);
    if let Ok(set) = SeqSet::decode(blob) {
        let again = SeqSet::decode(&set.encode());
        assert_eq!(again.as_ref(), Ok(&set), "another set");
    }
}
