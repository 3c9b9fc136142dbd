//! The journal: what arrived, and what became of it at every destination.
//!
//! Purpose: the one durable place. An arrival is committed here as it came,
//! before its sender is told of success. Each destination is a durable consumer
//! with a cursor over the arrivals; what it did with them is recorded as
//! outcomes, and its cursor and ledger are folds of those.
//!
//! Invariants, whatever the engine:
//!
//! - [`Journal::append`] and [`Journal::settle`] return success only after their
//!   data is on disk.
//! - Sequence numbers are 1, 2, 3, … without gaps; ids ascend with them, also
//!   over restarts and when the clock steps back.
//! - A settlement is all or nothing: outcomes, exceptions, attempts, file parts,
//!   cursor and counters change together.
//! - An arrival passes a destination once. From then on it is either finished
//!   (delivered, skipped, discarded, expired) or an exception (retrying,
//!   suspended, dead), and only exceptions change again. A settlement that says
//!   otherwise is refused whole, so the ledger cannot be talked out of balance.
//!   The one exception is [`Journal::reopen`], which makes an exception of what
//!   was finished, and moves the counters with it.
//! - What arrived is never changed. A correction is kept beside it, and removed
//!   with it.
//! - An arrival is removed only when it is old, finished at every destination
//!   whose range holds it, and done with by every stage. It stays in their ranges and counters.
//! - Only the newest owner of a destination settles: [`Journal::claim`] hands out
//!   an epoch, and an older one gets [`JournalError::Fenced`].
//!
//! How it fails: every operation returns a [`JournalError`] that says what was
//! wrong, where, and what to do. After an error other than
//! [`JournalError::Busy`] a settlement may or may not have been stored (as with
//! any database whose commit fails): its owner claims the destination again,
//! which tells it the truth.
//!
//! Three traits: [`JournalReader`] looks, [`Journal`] also writes, and
//! [`StageJournal`] is what stages use. They speak only
//! of arrivals, epochs and settlements, so that an engine over a distributed log
//! can stand where [`sqlite::SqliteJournal`] stands.

mod audit;
mod backlog;
mod batch;
mod correction;
mod error;
mod exception;
mod excerpt;
mod health;
mod hold;
mod hourly;
mod intake;
mod ledger;
mod outcome;
mod packed;
mod reason;
mod replay;
mod retention;
mod retirement;
mod revision;
pub mod seal;
mod sealed_day;
mod seq_set;
mod settlement;
pub mod sqlite;
mod stage;
mod state;
mod varint;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

pub use audit::{Audit, Verification};
pub use backlog::{Backlog, Waiting};
pub use batch::{AttemptedBatch, BatchFormat, FrozenMember, UnknownFormat};
pub use correction::{Corrected, NewCorrection};
pub use error::JournalError;
pub use exception::{Attempt, Exception, Frozen};
pub use excerpt::Excerpt;
pub use health::{Health, Limits};
pub use hold::{Hold, HoldChange, HoldKind, UnknownHold};
pub use hourly::{Entry, HourlyLedger, Hours};
pub use intake::{Dedup, NewArrival, Seen};
pub use ledger::{Counts, Ledger};
pub use outcome::{Fate, Outcome};
#[cfg(any(test, fuzzing))]
pub(crate) use packed::reads_or_refuses;
pub use reason::Reason;
pub(crate) use reason::{CORRECTED, REPLAY};
pub use replay::{Meant, NewReplay, Numbered, Portion, Replay, ReplayState, Share, Standing};
pub use retention::{Removal, Retention};
pub use retirement::{Retire, Retirement};
pub use revision::Revision;
pub use sealed_day::{KeyDrop, SealedContent, SealedDay};
pub use seq_set::{MalformedSeqSet, SeqSet};
pub use settlement::{Claim, FilePart, Parking, PartStage, Payload, Settlement, Start};
pub use stage::{
    StageAdvanced, StageClaim, StageHeld, StageJournal, StageStanding, StageStep, StageTimer,
    StageValue,
};
pub use state::{State, UnknownState};

use self::seal::{Day, Masters, PartKey};
#[cfg(doc)]
use crate::record::Correction;
use crate::record::{Arrival, ArrivalId, Seq};

/// What a journal tells. Every answer is a consistent snapshot of committed
/// data; none of the calls blocks the async runtime.
#[async_trait]
pub trait JournalReader: Send + Sync {
    /// The newest committed arrival, or `Seq(0)` when there is none. For a
    /// journal opened to read only: as of the opening.
    fn head(&self) -> Seq;

    /// Arrivals from `from` on, in order: at most `limit`, and no more after
    /// their bodies have reached `max_bytes` (the first one comes whatever its
    /// size). Empty when `from` is beyond the head.
    async fn read(
        &self,
        from: Seq,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<Arc<Arrival>>, JournalError>;

    /// The arrival at a position, if it is still kept.
    async fn get(&self, seq: Seq) -> Result<Option<Arc<Arrival>>, JournalError>;

    /// The arrival with an id, if it is still kept.
    async fn find(&self, id: ArrivalId) -> Result<Option<Arc<Arrival>>, JournalError>;

    /// The position of the first arrival that is kept and was received at or
    /// after a time, or the one after the head. The time is that of the ids, which
    /// never step back: where the clock did, they are ahead of it.
    async fn first_since(&self, time: Timestamp) -> Result<Seq, JournalError>;

    /// The newest `limit` arrivals of a session, oldest first. Looks through
    /// the whole journal where the session is old.
    async fn find_session(
        &self,
        session: &str,
        limit: usize,
    ) -> Result<Vec<Arc<Arrival>>, JournalError>;

    /// What was received at or after `since`, oldest first, and of that the
    /// newest `limit`: the deduplication window is rebuilt from it at start.
    async fn dedup_window(&self, since: Timestamp, limit: usize)
    -> Result<Vec<Seen>, JournalError>;

    /// The names of all destinations that ever claimed, in the order of their
    /// first claim.
    async fn destinations(&self) -> Result<Vec<String>, JournalError>;

    /// The counters of a destination; `None` when it never claimed.
    async fn ledger(&self, destination: &str) -> Result<Option<Ledger>, JournalError>;

    /// The counters of every destination, all of one moment.
    async fn ledgers(&self) -> Result<Vec<Ledger>, JournalError>;

    /// What waits for a destination, in a few look-ups however much it is; `None`
    /// when it never claimed.
    async fn backlog(&self, destination: &str) -> Result<Option<Backlog>, JournalError>;

    /// The first deliveries that wait for a destination, in order of arrival.
    /// Those under way are among them until they are settled. All that replays
    /// reopened are among them too, and do not count towards the limit: they are few.
    async fn waiting(&self, destination: &str, limit: usize) -> Result<Vec<Waiting>, JournalError>;

    /// The ledger of a destination by hour of arrival, all of one moment; `None`
    /// when it never claimed. Reads the outcomes of those hours.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`] when there are more than
    /// [`HourlyLedger::MAX_ENTRIES`].
    async fn by_hour(
        &self,
        destination: &str,
        hours: Hours,
    ) -> Result<Option<HourlyLedger>, JournalError>;

    /// Recounts every ledger from arrivals and outcomes, and compares. Reads
    /// the whole journal in one snapshot: seconds per ten million deliveries.
    async fn verify(&self) -> Result<Audit, JournalError>;

    /// The exceptions of a destination after a position, in order of arrival;
    /// in one state, or in any.
    async fn exceptions(
        &self,
        destination: &str,
        state: Option<State>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Exception>, JournalError>;

    /// The exceptions whose next attempt is due at `now`, the longest due first.
    /// A delivery in flight stays due until it is settled: ask for as many more
    /// as are in flight.
    async fn due(
        &self,
        destination: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Exception>, JournalError>;

    /// When the earliest next attempt of a destination is due.
    async fn next_due(&self, destination: &str) -> Result<Option<Timestamp>, JournalError>;

    /// One exception.
    async fn exception(
        &self,
        destination: &str,
        seq: Seq,
    ) -> Result<Option<Exception>, JournalError>;

    /// The frozen payload of an exception, if it has one.
    async fn frozen(&self, destination: &str, seq: Seq) -> Result<Option<Frozen>, JournalError>;

    /// The members of a frozen batch that are still in it, in order of arrival,
    /// as one snapshot.
    async fn batch(&self, destination: &str, id: &str) -> Result<Vec<FrozenMember>, JournalError>;

    /// The recorded attempts of a delivery, in order.
    async fn attempts(&self, destination: &str, seq: Seq) -> Result<Vec<Attempt>, JournalError>;

    /// What became of an arrival at every destination whose range holds it.
    async fn fates(&self, seq: Seq) -> Result<Vec<Fate>, JournalError>;

    /// The deliveries of a destination after a position, in order of arrival;
    /// in one state, or in any (pending ones included).
    async fn deliveries(
        &self,
        destination: &str,
        state: Option<State>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Fate>, JournalError>;

    /// The deliveries of a destination in one of these states after a position and
    /// up to another, in order of arrival; and the position up to which was looked,
    /// since one call looks through [`Portion::MAX_SPAN`] positions at most.
    async fn standing(
        &self,
        destination: &str,
        states: &[State],
        after: Seq,
        through: Seq,
    ) -> Result<(Vec<Standing>, Seq), JournalError>;

    /// The last number in the ids of a delivery, where it is noted: else it is that
    /// of what is frozen, or the first.
    async fn numbered(&self, destination: &str, seq: Seq)
    -> Result<Option<Numbered>, JournalError>;

    /// Replays in one state, or all that are remembered, oldest first.
    async fn replays(&self, state: Option<ReplayState>) -> Result<Vec<Replay>, JournalError>;

    /// How many deliveries of a destination after a position, and up to another,
    /// were reopened by a replay and not tried since.
    async fn replaying(
        &self,
        destination: &str,
        after: Seq,
        through: Seq,
    ) -> Result<u64, JournalError>;

    /// The newest part of a file, open or finished.
    async fn last_part(
        &self,
        destination: &str,
        path: &str,
    ) -> Result<Option<FilePart>, JournalError>;

    /// Parts of a destination's files, those opened last first; in one stage, or
    /// in any.
    async fn file_parts(
        &self,
        destination: &str,
        stage: Option<PartStage>,
        limit: usize,
    ) -> Result<Vec<FilePart>, JournalError>;

    /// The days whose arrivals are sealed with a key of their own, in order,
    /// those with a dropped key included.
    async fn sealed_days(&self) -> Result<Vec<SealedDay>, JournalError>;

    /// What is sealed with the key of a day. Looks at every arrival of the day.
    async fn sealed_content(&self, day: Day) -> Result<SealedContent, JournalError>;

    /// A registered revision.
    async fn revision(&self, number: u32) -> Result<Option<Revision>, JournalError>;
}

/// A journal that this process owns.
#[async_trait]
pub trait Journal: JournalReader + StageJournal {
    /// Commits an arrival. Returns once it is on disk, with its position and id.
    ///
    /// # Errors
    ///
    /// [`JournalError::Busy`] at once when the queue is full. With any error
    /// nothing may be acknowledged to the sender; after a commit that failed on
    /// its way to the disk the arrival may still turn up.
    async fn append(&self, arrival: NewArrival) -> Result<Arc<Arrival>, JournalError>;

    /// Follows the head: the newest committed arrival.
    fn watch(&self) -> watch::Receiver<Seq>;

    /// Makes the caller the owner of a destination, and the owner before it a
    /// stranger. The first claim of a name fixes where its range starts; for a
    /// known name `start` means nothing, and a retired one resumes where it
    /// stood.
    async fn claim(&self, destination: &str, start: Start) -> Result<Claim, JournalError>;

    /// Commits what became of deliveries. See [`Settlement`] for what is
    /// refused; a refused settlement changes nothing.
    ///
    /// # Errors
    ///
    /// [`JournalError::Fenced`] when the destination was claimed since `epoch`.
    async fn settle(
        &self,
        destination: &str,
        epoch: u64,
        settlement: Settlement,
    ) -> Result<(), JournalError>;

    /// Starts a replay, and returns its number.
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`] when a destination never claimed.
    async fn start_replay(&self, replay: NewReplay) -> Result<u64, JournalError>;

    /// Ends a replay. `false` when it does not run.
    async fn end_replay(
        &self,
        id: u64,
        state: ReplayState,
        at: Timestamp,
    ) -> Result<bool, JournalError>;

    /// Reopens a portion of a replay: each delivery that stands as it did when it
    /// was chosen, and whose arrival is kept, is due at once, on a new budget, with
    /// nothing frozen that would be sent. Moves the replay's position with it.
    /// Returns how many were reopened: none when the replay has ended, or when the
    /// portion was handed out before.
    ///
    /// # Errors
    ///
    /// [`JournalError::Fenced`] when the destination was claimed since `epoch`.
    async fn reopen(
        &self,
        destination: &str,
        epoch: u64,
        portion: Portion,
    ) -> Result<u64, JournalError>;

    /// Keeps a correction of an arrival, beside the original and all before it.
    /// From then on the arrival is read with it. Deliveries of it that are
    /// suspended, or dead where that is asked for, are due at once at every
    /// destination that is not retired, on a new budget; a suspension that is
    /// settled later, but was made of an earlier version, is due at once as well.
    /// What was frozen of an earlier version is superseded.
    ///
    /// # Errors
    ///
    /// [`JournalError::Outdated`] when there is another newest correction than
    /// expected; [`JournalError::Refused`] when the arrival is not kept any more or
    /// has [`Correction::MAX`] of them.
    async fn correct(&self, seq: Seq, correction: NewCorrection)
    -> Result<Corrected, JournalError>;

    /// Follows corrections, by their count since the start. A change says that
    /// arrivals which were read before may read otherwise now, and that deliveries
    /// may be due which were not.
    fn corrections(&self) -> watch::Receiver<u64>;

    /// Freezes the ledger of a destination: later arrivals are not in its range
    /// until it is claimed again. Fences its owner. Whether it may, is looked at
    /// and done in one transaction.
    async fn retire(&self, destination: &str, how: Retire) -> Result<Retirement, JournalError>;

    /// Carries everything of a destination over to another name, and fences its
    /// owner. `false` when `from` is not known (it may have been renamed
    /// before).
    ///
    /// # Errors
    ///
    /// [`JournalError::Refused`] when `to` has a ledger of its own.
    async fn rename(&self, from: &str, to: &str) -> Result<bool, JournalError>;

    /// The number of a configuration revision: that of the newest registered one
    /// if it has this digest, else the next. `summary` is JSON for people.
    async fn register_revision(&self, digest: &str, summary: &str) -> Result<u32, JournalError>;

    /// Removes what is old and settled at every destination whose range holds
    /// it, among the next few arrivals after a position: one small step, so that
    /// nobody waits long for it. The ledgers count what was removed as before.
    /// The newest arrival stays.
    async fn remove_settled(
        &self,
        after: Seq,
        retention: Retention,
    ) -> Result<Removal, JournalError>;

    /// One small step of what is left to do after removals: forgets finished
    /// file parts and the keys of days, and gives space back. Returns whether there is more.
    async fn tidy(&self, retention: Retention) -> Result<bool, JournalError>;

    /// Takes other master keys: the current one wraps every day key from now on,
    /// those of the past included. Without a current one new arrivals are kept in
    /// the clear.
    ///
    /// # Errors
    /// [`JournalError::KeyMissing`] when a day key is wrapped by a key that is
    /// not given; then nothing has changed.
    async fn set_masters(&self, masters: Masters) -> Result<(), JournalError>;

    /// The key for the parts of files that are begun on a day, made if there is none
    /// yet; `None` where arrivals are kept in the clear now. Its day is noted in the
    /// parts, see [`FilePart::key_day`].
    async fn key_for_parts(&self, day: Day) -> Result<Option<PartKey>, JournalError>;

    /// The key of the parts that were begun on a day; `None` when it was dropped.
    async fn part_key(&self, day: Day) -> Result<Option<PartKey>, JournalError>;

    /// Drops the key of a day, so that what it sealed is never read again.
    /// Deliveries that are not settled expire, and their destinations have to be
    /// claimed again. `None` when there is no such key (any more).
    ///
    /// # Errors
    /// [`JournalError::Refused`] for a day that is not over, or while a part of a file
    /// that the key seals is open or waits at a destination which is not retired.
    async fn drop_key(&self, day: Day) -> Result<Option<KeyDrop>, JournalError>;

    /// Takes other limits. They hold from the next commit on.
    fn set_limits(&self, limits: Limits);

    /// Whether the commit under way has been taking too long: whoever comes now
    /// would wait for nobody knows how long. Costs next to nothing.
    fn is_stalled(&self) -> bool;

    /// Whether commits succeed. At once when the last one did, or when one has
    /// stalled; after a failure tries to open the journal again and to commit.
    ///
    /// # Errors
    /// [`JournalError::Stalled`] while a commit takes too long, else why the last one
    /// failed.
    async fn probe(&self) -> Result<(), JournalError>;

    /// How the journal stands, from memory.
    fn health(&self) -> Health;
}
