//! The journal: a commit for each, since nobody else comes along. Its thread does
//! the work, and the disk's sync is most of its time.

use std::{hint::black_box, sync::Arc, time::Duration};

use bytes::Bytes;
use cdr_gateway::{
    journal::{
        Dedup, Journal, NewArrival, Outcome, Reason, Settlement, Start, State,
        sqlite::{Options, SqliteJournal},
    },
    record::{Kind, Seq, Tags},
};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::fixture::SEED;
use crate::work::{Doing, Work};

pub const WORKS: &[Work] = &[
    Work::new("journal/append", append).shared(),
    Work::new("journal/append-and-settle", append_and_settle).shared(),
];

const DESTINATION: &str = "crm";

struct Open {
    journal: SqliteJournal,
    runtime: Runtime,
    number: u128,
    /// Removed with it.
    _directory: TempDir,
}

impl Open {
    fn new() -> Self {
        // Beside what is built: memory knows no sync.
        let directory = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let options = Options {
            linger: Duration::ZERO,
            ..Options::default()
        };
        Self {
            journal: SqliteJournal::open(&directory.path().join("journal.db"), &options).unwrap(),
            runtime: Builder::new_current_thread().enable_time().build().unwrap(),
            number: 0,
            _directory: directory,
        }
    }

    fn append(&mut self) -> Seq {
        self.number += 1;
        let arrival = NewArrival {
            received: Timestamp::now(),
            source: Arc::from("tccc"),
            kind: Kind::Cdr,
            session: Some(Arc::from("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232")),
            tags: Tags::new(),
            defect: None,
            dedup: Dedup {
                key: self.number.to_le_bytes(),
                body: self.number.to_be_bytes(),
            },
            body: Bytes::from_static(SEED.as_bytes()),
        };
        self.runtime
            .block_on(self.journal.append(arrival))
            .unwrap()
            .seq
    }
}

fn append() -> Doing {
    let mut open = Open::new();
    Box::new(move || {
        black_box(open.append());
    })
}

fn append_and_settle() -> Doing {
    let mut open = Open::new();
    let claimed = open
        .runtime
        .block_on(open.journal.claim(DESTINATION, Start::Beginning));
    let epoch = claimed.unwrap().epoch;
    Box::new(move || {
        let seq = open.append();
        let settlement = Settlement {
            outcomes: vec![Outcome {
                seq,
                state: State::Delivered,
                reason: Reason::none(),
                status: 200,
                duration_ms: 12,
                revision: 1,
            }],
            ..Settlement::new(Timestamp::now())
        };
        let settled = open.journal.settle(DESTINATION, epoch, settlement);
        open.runtime.block_on(settled).unwrap();
    })
}
