//! [`JournalReader`] over the file.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{
    arrivals, backlog, destination::Destination, drop_key, exceptions, files, fold, hourly, keys,
    numbers, readers::Readers, replays, tail::first_id_at, verify,
};
use crate::{
    journal::{
        Attempt, Audit, Backlog, Exception, Fate, FilePart, Frozen, FrozenMember, HourlyLedger,
        Hours, JournalError, JournalReader, Ledger, Numbered, PartStage, Replay, ReplayState,
        Revision, SealedContent, SealedDay, Seen, Standing, State, Waiting, seal::Day,
    },
    record::{Arrival, ArrivalId, Seq},
};

/// How many positions one snapshot looks through, so that none stays open long
/// and keeps the log from being cut.
const STRIDE: u64 = 65_536;

/// How often something is read in short snapshots that have to agree, before it is
/// read in one.
const SHORT_TRIES: usize = 2;

/// Something that can read the file.
pub(super) trait ReadsFile: Send + Sync {
    /// The connections to read with.
    fn readers(&self) -> &Readers;

    /// The newest committed arrival.
    fn newest(&self) -> Seq;
}

#[async_trait]
impl<J: ReadsFile> JournalReader for J {
    fn head(&self) -> Seq {
        self.newest()
    }

    async fn read(
        &self,
        from: Seq,
        limit: usize,
        max_bytes: usize,
    ) -> Result<Vec<Arc<Arrival>>, JournalError> {
        self.readers()
            .read(move |db| arrivals::read(db, from, limit, max_bytes.max(1)))
            .await
    }

    async fn get(&self, seq: Seq) -> Result<Option<Arc<Arrival>>, JournalError> {
        self.readers().read(move |db| arrivals::get(db, seq)).await
    }

    async fn find(&self, id: ArrivalId) -> Result<Option<Arc<Arrival>>, JournalError> {
        self.readers().read(move |db| arrivals::find(db, id)).await
    }

    async fn first_since(&self, time: Timestamp) -> Result<Seq, JournalError> {
        let head = self.newest();
        let found = self
            .readers()
            .read(move |db| arrivals::first_not_before(db, head, first_id_at(time)))
            .await?;
        Ok(found.map_or(head.next(), |(seq, _)| seq))
    }

    async fn find_session(
        &self,
        session: &str,
        limit: usize,
    ) -> Result<Vec<Arc<Arrival>>, JournalError> {
        let mut found = Vec::new();
        let mut last = self.newest().0;
        while last > 0 && found.len() < limit {
            let first = last.saturating_sub(STRIDE - 1).max(1);
            let (session, wanted) = (session.to_owned(), limit - found.len());
            found.extend(
                self.readers()
                    .read(move |db| arrivals::of_session(db, &session, first, last, wanted))
                    .await?,
            );
            last = first - 1;
        }
        found.reverse();
        Ok(found)
    }

    async fn dedup_window(
        &self,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<Seen>, JournalError> {
        let mut window = Vec::new();
        let mut last = self.newest().0;
        while last > 0 && window.len() < limit {
            let first = last.saturating_sub(STRIDE - 1).max(1);
            let wanted = limit - window.len();
            let stride = self
                .readers()
                .read(move |db| arrivals::seen(db, first, last, since, wanted))
                .await?;
            // The clock may step back, so times do not ascend strictly: only a
            // whole stride of older ones ends the search.
            if stride.is_empty() {
                break;
            }
            window.extend(stride);
            last = first - 1;
        }
        window.reverse();
        Ok(window)
    }

    async fn destinations(&self) -> Result<Vec<String>, JournalError> {
        self.readers()
            .read(|db| {
                let all = Destination::load_all(db)?;
                Ok(all
                    .into_iter()
                    .map(|destination| destination.name)
                    .collect())
            })
            .await
    }

    async fn ledger(&self, destination: &str) -> Result<Option<Ledger>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| {
                let head = arrivals::newest(db)?;
                let found = Destination::load(db, &name)?;
                Ok(found.map(|destination| destination.ledger(head)))
            })
            .await
    }

    async fn ledgers(&self) -> Result<Vec<Ledger>, JournalError> {
        self.readers()
            .read(|db| {
                let head = arrivals::newest(db)?;
                let all = Destination::load_all(db)?;
                Ok(all
                    .iter()
                    .map(|destination| destination.ledger(head))
                    .collect())
            })
            .await
    }

    async fn backlog(&self, destination: &str) -> Result<Option<Backlog>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| backlog::backlog(db, &name))
            .await
    }

    async fn waiting(&self, destination: &str, limit: usize) -> Result<Vec<Waiting>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| backlog::waiting(db, &name, limit))
            .await
    }

    async fn by_hour(
        &self,
        destination: &str,
        hours: Hours,
    ) -> Result<Option<HourlyLedger>, JournalError> {
        for _ in 0..SHORT_TRIES {
            let name = destination.to_owned();
            let begun = self
                .readers()
                .read(move |db| hourly::Fold::begin(db, &name, hours))
                .await?;
            let Some(mut fold) = begun else {
                return Ok(None);
            };
            loop {
                match self.readers().read(move |db| fold.step(db)).await? {
                    hourly::Step::More(further) => fold = further,
                    hourly::Step::Done(ledger) => return Ok(Some(ledger)),
                    hourly::Step::Stale => break,
                }
            }
        }
        let name = destination.to_owned();
        self.readers()
            .read(move |db| hourly::at_once(db, &name, hours))
            .await
    }

    async fn verify(&self) -> Result<Audit, JournalError> {
        self.readers().read(|db| verify::verify(db)).await
    }

    async fn exceptions(
        &self,
        destination: &str,
        state: Option<State>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Exception>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| exceptions::list(db, &name, state, after, limit))
            .await
    }

    async fn due(
        &self,
        destination: &str,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<Exception>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| exceptions::due(db, &name, now, limit))
            .await
    }

    async fn next_due(&self, destination: &str) -> Result<Option<Timestamp>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| exceptions::next_due(db, &name))
            .await
    }

    async fn exception(
        &self,
        destination: &str,
        seq: Seq,
    ) -> Result<Option<Exception>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| exceptions::get(db, &name, seq))
            .await
    }

    async fn frozen(&self, destination: &str, seq: Seq) -> Result<Option<Frozen>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| exceptions::frozen(db, &name, seq))
            .await
    }

    async fn batch(&self, destination: &str, id: &str) -> Result<Vec<FrozenMember>, JournalError> {
        let (name, id) = (destination.to_owned(), id.to_owned());
        self.readers()
            .read(move |db| exceptions::batch(db, &name, &id))
            .await
    }

    async fn attempts(&self, destination: &str, seq: Seq) -> Result<Vec<Attempt>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| exceptions::attempts(db, &name, seq))
            .await
    }

    async fn fates(&self, seq: Seq) -> Result<Vec<Fate>, JournalError> {
        self.readers().read(move |db| fold::fates(db, seq)).await
    }

    async fn deliveries(
        &self,
        destination: &str,
        state: Option<State>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Fate>, JournalError> {
        let mut found = Vec::new();
        let mut after = after;
        while found.len() < limit {
            let name = destination.to_owned();
            let wanted = limit - found.len();
            let (stride, next) = self
                .readers()
                .read(move |db| fold::stride(db, &name, state, after, STRIDE, wanted))
                .await?;
            found.extend(stride);
            let Some(next) = next else { break };
            after = next;
        }
        Ok(found)
    }

    async fn standing(
        &self,
        destination: &str,
        states: &[State],
        after: Seq,
        through: Seq,
    ) -> Result<(Vec<Standing>, Seq), JournalError> {
        let (name, states) = (destination.to_owned(), states.to_vec());
        self.readers()
            .read(move |db| fold::standing(db, &name, &states, after, through))
            .await
    }

    async fn numbered(
        &self,
        destination: &str,
        seq: Seq,
    ) -> Result<Option<Numbered>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| numbers::of(db, &name, seq))
            .await
    }

    async fn replays(&self, state: Option<ReplayState>) -> Result<Vec<Replay>, JournalError> {
        self.readers()
            .read(move |db| replays::list(db, state))
            .await
    }

    async fn replaying(
        &self,
        destination: &str,
        after: Seq,
        through: Seq,
    ) -> Result<u64, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| replays::waiting(db, &name, after, through))
            .await
    }

    async fn last_part(
        &self,
        destination: &str,
        path: &str,
    ) -> Result<Option<FilePart>, JournalError> {
        let (name, path) = (destination.to_owned(), path.to_owned());
        self.readers()
            .read(move |db| files::last_part(db, &name, &path))
            .await
    }

    async fn file_parts(
        &self,
        destination: &str,
        stage: Option<PartStage>,
        limit: usize,
    ) -> Result<Vec<FilePart>, JournalError> {
        let name = destination.to_owned();
        self.readers()
            .read(move |db| files::parts(db, &name, stage, limit))
            .await
    }

    async fn sealed_days(&self) -> Result<Vec<SealedDay>, JournalError> {
        self.readers().read(|db| keys::list(db)).await
    }

    async fn sealed_content(&self, day: Day) -> Result<SealedContent, JournalError> {
        self.readers()
            .read(move |db| drop_key::content(db, day))
            .await
    }

    async fn revision(&self, number: u32) -> Result<Option<Revision>, JournalError> {
        self.readers()
            .read(move |db| exceptions::revision(db, number))
            .await
    }
}
