//! Probes: while a breaker is open, one attempt at a time finds out whether the
//! destination, or the plugins of its chains, work again.

mod turns;

use jiff::Timestamp;
use tokio::time::Instant;

pub(super) use self::turns::Turns;
use super::{super::order::Turn, Occasion, Session};
use crate::{
    delivery::consumer::command::RERUN,
    journal::{CORRECTED, Exception, JournalError, REPLAY, State},
    record::Seq,
};

/// Whether a retry runs the chains anew rather than sending what was frozen.
fn meets_plugins(kept: &Exception) -> bool {
    kept.attempts == 0 || [CORRECTED, REPLAY, RERUN].contains(&kept.reason.as_str())
}

/// Exceptions read at once, to find one outside a batch that the receiver does not
/// want later.
const PAGE: usize = 64;

impl Session<'_> {
    /// While a breaker is open: one attempt at a time, with the record that stands
    /// still, or in turn with a new arrival and with each of the retries.
    pub(super) async fn probe(&mut self) -> Result<(), JournalError> {
        let now = Instant::now().into_std();
        let due = self.breakers.next_probe().is_some_and(|due| due <= now);
        if !due || self.holds.is_held() {
            return Ok(());
        }
        let started = match self.breakers.standstill.first() {
            Some(seq) => self.probe_with_halted(seq).await?,
            None => self.probe_in_turn().await?,
        };
        self.breakers.probed(started, now);
        Ok(())
    }

    async fn probe_with_halted(&mut self, seq: Seq) -> Result<bool, JournalError> {
        let started = self.start_again(seq, Occasion::probe()).await?;
        if !started && !self.window.is_under_way(seq) {
            // It is not to be delivered any more.
            self.move_on([seq].into_iter());
        }
        Ok(started)
    }

    async fn probe_in_turn(&mut self) -> Result<bool, JournalError> {
        // What was frozen does not meet plugins again.
        let fresh = self.probes.is_fresh() || self.breakers.guests.is_open();
        Ok((fresh && self.probe_with_arrival().await?)
            || self.probe_with_retry().await?
            || self.probe_with_arrival().await?)
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

    /// The first retry after a position that is not in this batch, that the receiver
    /// does not want later, and that meets plugins where these are what is probed.
    async fn retrying_after(
        &self,
        mut after: Seq,
        batch: Option<&str>,
    ) -> Result<Option<Exception>, JournalError> {
        let journal = &self.consumer.context.journal;
        let name = &self.destination.name;
        let state = Some(State::Retrying);
        let order = self.order.as_ref();
        let any = !self.breakers.guests.is_open();
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
                is_other
                    && is_first
                    && (any || meets_plugins(kept))
                    && kept.not_before.is_none_or(|time| time <= now)
            };
            if let Some(other) = page.into_iter().find(fits) {
                return Ok(Some(other));
            }
        }
    }
}
