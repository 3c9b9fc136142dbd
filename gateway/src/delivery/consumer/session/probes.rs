//! Probes: while a breaker is open, one attempt at a time finds out whether the
//! destination, or the plugins of its chains, work again.

mod turns;

use jiff::Timestamp;
use tokio::time::Instant;

pub(super) use self::turns::Turns;
use super::{super::order::Turn, Occasion, Session};
use crate::{
    journal::{Exception, JournalError, State},
    record::Seq,
};

/// Exceptions read at once, to find one outside a batch that the receiver does not
/// want later.
const PAGE: usize = 64;

impl Session<'_> {
    /// While the breaker is open: one attempt at a time, in turn with a new
    /// arrival and with each of the retries.
    pub(super) async fn probe(&mut self) -> Result<(), JournalError> {
        let now = Instant::now().into_std();
        let due = self.breakers.next_probe().is_some_and(|due| due <= now);
        if !due || self.holds.is_held() {
            return Ok(());
        }
        // Only a new arrival shows whether plugins work again.
        let plugins_fail = self.breakers.guests.is_open();
        let fresh = self.probes.is_fresh() || plugins_fail;
        let started = (fresh && self.probe_with_arrival().await?)
            || (!plugins_fail && self.probe_with_retry().await?)
            || self.probe_with_arrival().await?;
        self.breakers.probed(started, now);
        Ok(())
    }

    async fn probe_with_arrival(&mut self) -> Result<bool, JournalError> {
        if self.start_next_ready(Occasion::probe()).await? {
            return Ok(true);
        }
        let head = self.consumer.context.journal.head();
        while let Some(seq) = self.window.next(head) {
            let Some(arrival) = self.arrival(seq).await? else {
                return Ok(false);
            };
            if !self.is_routed_here(&arrival) {
                return Ok(false);
            }
            match self.turn(&arrival) {
                Turn::Now => {
                    self.start(arrival, None, Occasion::probe()).await?;
                    return Ok(true);
                }
                Turn::Soon | Turn::Later => {}
                Turn::Never => return Ok(false),
            }
        }
        Ok(false)
    }

    async fn probe_with_retry(&mut self) -> Result<bool, JournalError> {
        let (last, batch) = self.probes.behind();
        let next = match self.retrying_after(last, batch.as_deref()).await? {
            Some(next) => Some(next),
            None => self.retrying_after(Seq(0), None).await?,
        };
        let Some(exception) = next else {
            return Ok(false);
        };
        self.probes.took(&exception);
        self.retry(exception, Occasion::probe()).await
    }

    /// The first retry after a position that is not in this batch, and that the
    /// receiver does not want later.
    async fn retrying_after(
        &self,
        mut after: Seq,
        batch: Option<&str>,
    ) -> Result<Option<Exception>, JournalError> {
        let journal = &self.consumer.context.journal;
        let name = &self.destination.name;
        let state = Some(State::Retrying);
        let order = self.order.as_ref();
        loop {
            let page = journal.exceptions(name, state, after, PAGE).await?;
            let Some(last) = page.last() else {
                return Ok(None);
            };
            after = last.seq;
            let now = Timestamp::now();
            let fits = |kept: &Exception| {
                let is_other = batch.is_none() || kept.batch.as_deref() != batch;
                let is_first = order.is_none_or(|order| order.may_start(kept.seq));
                is_other && is_first && kept.not_before.is_none_or(|time| time <= now)
            };
            if let Some(other) = page.into_iter().find(fits) {
                return Ok(Some(other));
            }
        }
    }
}
