//! A journal in a directory of its own, and short ways to use it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use jiff::Timestamp;
use tempfile::TempDir;

use crate::{
    journal::{
        Audit, Claim, Dedup, Exception, Frozen, Journal, JournalReader, NewArrival, Outcome,
        Parking, Payload, Reason, Retention, Settlement, Start, State,
        seal::Masters,
        sqlite::{Options, SqliteJournal},
    },
    record::{Arrival, Kind, Seq, Tags},
};

pub(super) const CRM: &str = "crm";

pub(super) struct Fixture {
    pub directory: TempDir,
    pub journal: Arc<SqliteJournal>,
}

impl Fixture {
    pub(super) fn new() -> Self {
        Self::with(&Options::default())
    }

    pub(super) fn with(options: &Options) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let journal = SqliteJournal::open(&directory.path().join("journal.db"), options);
        Self {
            journal: Arc::new(journal.expect("a journal")),
            directory,
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.directory.path().join("journal.db")
    }

    pub(super) fn reopened(self) -> Self {
        let Self { directory, journal } = self;
        drop(journal);
        let journal = open(&directory.path().join("journal.db"));
        Self { directory, journal }
    }

    /// The file and its log, copied while the journal is open: what a power cut
    /// would leave behind.
    pub(super) fn after_power_cut(&self) -> Self {
        self.after_power_cut_with(Masters::default())
    }

    /// The same, opened with master keys.
    pub(super) fn after_power_cut_with(&self, masters: Masters) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["journal.db", "journal.db-wal"] {
            let from = self.directory.path().join(name);
            std::fs::copy(from, directory.path().join(name)).expect("a copy");
        }
        let options = Options {
            masters,
            ..Options::default()
        };
        let journal = SqliteJournal::open(&directory.path().join("journal.db"), &options);
        Self {
            journal: Arc::new(journal.expect("a journal")),
            directory,
        }
    }

    pub(super) async fn append(&self, count: usize) -> Vec<Arc<Arrival>> {
        let mut arrivals = Vec::new();
        for number in 0..count {
            let appended = self.journal.append(arrival(number)).await;
            arrivals.push(appended.expect("an arrival"));
        }
        arrivals
    }

    pub(super) async fn claim(&self) -> Claim {
        let claim = self.journal.claim(CRM, Start::Beginning).await;
        claim.expect("a claim")
    }

    pub(super) async fn settle(&self, epoch: u64, settlement: Settlement) {
        let settled = self.journal.settle(CRM, epoch, settlement).await;
        settled.expect("settled");
    }

    pub(super) async fn counted(&self, state: State) -> u64 {
        let ledger = self.journal.ledger(CRM).await.expect("a ledger");
        ledger.expect("a destination").counts.of(state)
    }

    /// Removes what may go at a time when everything received before `cutoff`
    /// is old enough, and returns how many arrivals that was.
    pub(super) async fn remove_before(&self, cutoff: Timestamp) -> u64 {
        let retention = Retention {
            now: at(1_000_000),
            keep: at(1_000_000).duration_since(cutoff),
        };
        let (mut after, mut removed) = (Seq(0), 0);
        loop {
            let step = self.journal.remove_settled(after, retention).await;
            let step = step.expect("a step");
            removed += step.arrivals;
            match step.next {
                Some(next) => after = next,
                None => break,
            }
        }
        while self.journal.tidy(retention).await.expect("tidied") {}
        removed
    }

    /// The arrivals that are kept.
    pub(super) async fn kept(&self) -> Vec<u64> {
        let kept = self.journal.read(Seq(0), usize::MAX, usize::MAX).await;
        let kept = kept.expect("a read");
        kept.iter().map(|arrival| arrival.seq.0).collect()
    }

    pub(super) async fn assert_clean(&self) -> Audit {
        let audit = self.journal.verify().await.expect("an audit");
        assert!(audit.is_clean(), "{audit:#?}");
        audit
    }
}

fn open(path: &Path) -> Arc<SqliteJournal> {
    Arc::new(SqliteJournal::open(path, &Options::default()).expect("a journal"))
}

pub(super) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(1_700_000_000_000 + ms).expect("a time in range")
}

pub(super) fn arrival(number: usize) -> NewArrival {
    let number = u8::try_from(number % 200).expect("below 200");
    NewArrival {
        received: at(i64::from(number)),
        source: Arc::from("tccc"),
        kind: Kind::Cdr,
        session: Some(Arc::from(format!("session-{number}"))),
        tags: Tags::new(),
        defect: None,
        dedup: Dedup {
            key: [number; 16],
            body: [!number; 16],
        },
        body: Bytes::from(format!("{{\"number\": {number}}}")),
    }
}

pub(super) fn outcome(seq: u64, state: State) -> Outcome {
    Outcome {
        seq: Seq(seq),
        state,
        reason: Reason::from(if state == State::Skipped {
            "no_route"
        } else {
            ""
        }),
        status: if state == State::Delivered { 200 } else { 0 },
        duration_ms: u32::try_from(seq % 50).expect("small"),
        revision: 1,
    }
}

pub(super) fn exception(seq: u64, state: State) -> Exception {
    Exception {
        seq: Seq(seq),
        state,
        reason: Reason::from("status"),
        detail: "the receiver answered 503".to_owned(),
        attempts: 1,
        splits: 0,
        first_failed: at(10),
        next_attempt: (state == State::Retrying).then(|| at(20)),
        not_before: (state == State::Retrying).then(|| at(15)),
        revision: 1,
        batch: None,
        correction: 0,
    }
}

pub(super) fn parking(seq: u64, state: State) -> Parking {
    Parking {
        exception: exception(seq, state),
        payload: Payload::Keep,
    }
}

pub(super) fn frozen() -> Frozen {
    Frozen {
        body: Bytes::from_static(b"{\"a\": 1.0}"),
        batch_format: None,
        webhook_id: "id.crm".to_owned(),
        digests: "mask@sha256:00".to_owned(),
        superseded: false,
        correction: 0,
    }
}

pub(super) fn settlement(outcomes: Vec<Outcome>, parked: Vec<Parking>) -> Settlement {
    Settlement {
        outcomes,
        parked,
        ..Settlement::new(at(100))
    }
}

pub(super) fn delivered(seqs: impl IntoIterator<Item = u64>) -> Settlement {
    let outcomes = seqs.into_iter().map(|seq| outcome(seq, State::Delivered));
    settlement(outcomes.collect(), Vec::new())
}
