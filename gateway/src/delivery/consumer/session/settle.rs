//! Commits what ended, and counts it.

use std::time::Duration;

use jiff::Timestamp;

use super::Session;
use crate::{
    journal::{JournalError, Reason, Settlement, State},
    record::Seq,
};

/// Time after which a settlement that found the journal's queue full is tried
/// again.
const BUSY_BACKOFF: Duration = Duration::from_millis(20);

impl Session<'_> {
    pub(super) async fn settle(&mut self) -> Result<(), JournalError> {
        let empty = Settlement::new(Timestamp::now());
        let mut settlement = std::mem::replace(&mut self.settlement, empty);
        self.settling_since = None;
        settlement.at = Timestamp::now();
        let finished = settlement.outcomes.iter();
        let finished = finished.map(|it| (it.seq, it.state, it.reason.clone()));
        let parked = settlement.parked.iter().map(|parking| &parking.exception);
        let parked = parked.map(|it| (it.seq, it.state, it.reason.clone()));
        let settled: Vec<_> = finished.chain(parked).collect();
        let parts = settlement.files.clone();
        // Those of first attempts leave the retries as they are.
        let changes_retries = !settlement.parked.is_empty()
            || settled.iter().any(|(seq, ..)| self.window.has_passed(*seq));
        self.commit(settlement).await?;

        for (state, reason, deliveries) in tally(&settled) {
            self.count(state, reason, deliveries);
        }
        self.window.settled(settled.iter().map(|(seq, ..)| *seq));
        self.move_on(settled.iter().map(|(seq, ..)| *seq));
        self.move_lines(settled.iter().map(|(seq, state, _)| (*seq, *state)))
            .await?;
        self.parts_settled(&parts);
        if changes_retries {
            self.retries.due.outdate();
        }
        Ok(())
    }

    /// Settles until nothing is left: deliveries in order may have others parked.
    pub(super) async fn settle_all(&mut self) -> Result<(), JournalError> {
        while !self.settlement.is_empty() {
            self.settle().await?;
        }
        Ok(())
    }

    async fn commit(&self, settlement: Settlement) -> Result<(), JournalError> {
        let journal = &self.consumer.context.journal;
        let name = &self.destination.name;
        loop {
            match journal.settle(name, self.epoch, settlement.clone()).await {
                Err(JournalError::Busy { .. }) => tokio::time::sleep(BUSY_BACKOFF).await,
                result => return result,
            }
        }
    }

    pub(super) fn count(&mut self, state: State, reason: &Reason, deliveries: u64) {
        let destination = self.destination.name.to_string();
        metrics::counter!("cdr_gateway_deliveries_total", "destination" => destination.clone(), "state" => state.as_str())
            .increment(deliveries);
        if *reason != Reason::none() {
            let reason = self.consumer.reasons.label(reason);
            metrics::counter!("cdr_gateway_delivery_reasons_total", "destination" => destination, "state" => state.as_str(), "reason" => reason)
                .increment(deliveries);
        }
    }
}

/// How many were settled in the same way. The ways of one settlement are few.
fn tally(settled: &[(Seq, State, Reason)]) -> Vec<(State, &Reason, u64)> {
    let mut tally: Vec<(State, &Reason, u64)> = Vec::new();
    for (_, state, reason) in settled {
        let known = tally.iter_mut();
        match known
            .into_iter()
            .find(|it| (it.0, it.1) == (*state, reason))
        {
            Some((.., deliveries)) => *deliveries += 1,
            None => tally.push((*state, reason, 1)),
        }
    }
    tally
}
