//! The last failures of a plugin, with the records that it failed on, so that its
//! author can try again what went wrong.
//!
//! Invariants:
//! - They are kept in memory, and never written to disk, whatever the journal does.
//! - So many failures and so many bytes, of whatever is kept; the records of the
//!   oldest go first.
//! - A record that fails again in the same way, such as one that is probed, takes no
//!   further place.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;

use crate::{
    plugin::{Failure, Record},
    record::{ArrivalId, Pointer, Seq, Tags},
};

/// What is kept of one plugin, in bytes: some two thousand usual records, or a few of
/// the largest.
const MAX_BYTES: usize = 4 * 1024 * 1024;

/// What a plugin failed on last.
#[derive(Debug, Default)]
pub struct Failures(Mutex<VecDeque<KeptFailure>>);

/// One failure.
#[derive(Debug, Clone)]
pub struct KeptFailure {
    /// When it happened last.
    pub at: Timestamp,
    /// How often it happened, without another one in between.
    pub times: u64,
    /// What happened.
    pub failure: Failure,
    /// The version of the plugin.
    pub version: String,
    /// SHA-256 of the component, in hexadecimal.
    pub digest: String,
    /// Position of the arrival.
    pub seq: Seq,
    /// Its id.
    pub arrival: ArrivalId,
    /// The lane of the chain: a destination, `route:` and a route, or `stage:` and a
    /// stage.
    pub lane: Arc<str>,
    /// The record as the plugin got it; none once it had to make room.
    pub record: Option<Record>,
}

impl KeptFailure {
    /// One that happened now, to a plugin of this version and digest.
    pub(in crate::plugin) fn new(
        failure: &Failure,
        record: &Record,
        lane: &Arc<str>,
        (version, digest): (&str, &str),
    ) -> Self {
        Self {
            at: Timestamp::now(),
            times: 1,
            failure: failure.clone(),
            version: version.to_owned(),
            digest: digest.to_owned(),
            seq: record.arrival.seq,
            arrival: record.arrival.id,
            lane: lane.clone(),
            record: Some(record.clone()),
        }
    }

    fn is_like(&self, other: &Self) -> bool {
        self.seq == other.seq
            && self.failure.reason() == other.failure.reason()
            && self.digest == other.digest
            && self.lane == other.lane
    }

    /// What it takes without its record, in bytes.
    fn told_bytes(&self) -> usize {
        self.failure.to_string().len() + self.version.len() + self.digest.len() + self.lane.len()
    }

    /// What its record takes: as it arrived, and what plugins before made of it.
    fn record_bytes(&self) -> usize {
        let Some(record) = &self.record else {
            return 0;
        };
        let tags = |tags: &Tags| -> usize {
            let each = tags.iter().map(|(name, value)| name.len() + value.len());
            each.sum()
        };
        let (arrival, document) = (&record.arrival, &record.document);
        let edited = if document.is_touched() {
            let tokens = document.touched().flat_map(Pointer::tokens);
            document.len() + tokens.map(String::len).sum::<usize>()
        } else {
            0
        };
        arrival.size() + tags(&arrival.tags) + edited + tags(&record.tags)
    }
}

impl Failures {
    /// Keeps a failure, of at most so many.
    pub fn keep(&self, mut failure: KeptFailure, most: usize) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = kept.iter().position(|before| before.is_like(&failure))
            && let Some(before) = kept.remove(before)
        {
            failure.times += before.times;
        }
        kept.push_back(failure);
        let told = kept.iter().rev().scan(0, |bytes, one| {
            *bytes += one.told_bytes();
            Some(*bytes)
        });
        let most = told.take(most).take_while(|bytes| *bytes <= MAX_BYTES);
        let most = most.count();
        while kept.len() > most {
            kept.pop_front();
        }
        let mut bytes = 0;
        for one in kept.iter_mut().rev() {
            bytes += one.told_bytes() + one.record_bytes();
            if bytes > MAX_BYTES {
                one.record = None;
            }
        }
    }

    /// All that are kept, the newest first.
    #[must_use]
    pub fn all(&self) -> Vec<KeptFailure> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().rev().cloned().collect()
    }

    /// Forgets a record that is not to be read any more.
    pub fn forget(&self, seq: Seq) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in kept.iter_mut().filter(|one| one.seq == seq) {
            one.record = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use uuid::Uuid;

    use super::*;
    use crate::record::{Arrival, Document, Kind};

    /// A failure on a record with a small body.
    fn failed(seq: u64, edited: &str, tags: Tags, told: &str) -> KeptFailure {
        let body = Bytes::from_static(b"{}");
        let mut document = Document::parse(body.clone()).expect("a document");
        document.replace(edited, usize::MAX).expect("edited");
        let arrival = Arrival {
            seq: Seq(seq),
            id: ArrivalId(Uuid::nil()),
            received: Timestamp::UNIX_EPOCH,
            source: "tccc".into(),
            kind: Kind::Cdr,
            session: None,
            tags: Tags::default(),
            defect: None,
            body,
            corrections: Vec::new(),
        };
        KeptFailure {
            at: Timestamp::UNIX_EPOCH,
            times: 1,
            failure: Failure::Panic(told.to_owned()),
            version: "0.1.0".to_owned(),
            digest: String::new(),
            seq: Seq(seq),
            arrival: arrival.id,
            lane: "crm".into(),
            record: Some(Record {
                arrival: Arc::new(arrival),
                document,
                tags,
                number_places: Arc::default(),
            }),
        }
    }

    #[test]
    fn what_plugins_made_of_a_record_counts_towards_what_is_kept() {
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BYTES / 4));
        let tags = (0..64).map(|index| (index.to_string(), "x".repeat(MAX_BYTES / 256)));
        let tags: Tags = tags.collect();
        let none = Tags::default;
        for (what, edited, tags) in [("document", &*large, none()), ("tags", "{}", tags)] {
            let failures = Failures::default();
            for seq in 1..=6 {
                failures.keep(failed(seq, edited, tags.clone(), ""), 16);
            }
            let kept = failures.all();
            let records = kept.iter().filter(|one| one.record.is_some());
            assert_eq!((kept.len(), records.count()), (6, 3), "{what}");
        }
    }

    #[test]
    fn failures_make_room_where_their_words_alone_are_too_many() {
        let failures = Failures::default();
        for seq in 1..=6 {
            let told = "x".repeat(MAX_BYTES / 4);
            failures.keep(failed(seq, "{}", Tags::default(), &told), 16);
        }
        let kept: Vec<_> = failures.all().iter().map(|one| one.seq.0).collect();
        assert_eq!(kept, [6, 5, 4]);
    }
}
