//! What waits for company, and the batches under way.

use crate::{
    config::model::Batch,
    delivery::{batch::Forming, consumer::batches::Member},
};

/// Batches ahead of the requests that are under way: one fills while the one
/// before it waits for room.
const BATCHES_AHEAD: usize = 2;

/// Deliveries that wait to be sent in a batch, and how many tasks send one.
#[derive(Default)]
pub(in super::super) struct Company {
    pub(super) forming: Forming<Member>,
    under_way: usize,
}

impl Company {
    pub(super) fn batch_started(&mut self) {
        self.under_way += 1;
    }

    pub(super) fn batch_returned(&mut self) {
        self.under_way -= 1;
    }

    /// Whether another batch may be sent under a concurrency limit.
    pub(super) fn may_send(&self, limit: usize) -> bool {
        self.under_way < limit
    }

    /// Of so many tasks, those that make a delivery ready.
    pub(super) fn preparing(&self, tasks: usize) -> usize {
        tasks - self.under_way
    }

    /// Deliveries that are being made ready, or wait for company.
    fn unsent(&self, tasks: usize) -> usize {
        self.preparing(tasks) + self.forming.len()
    }

    /// Whether a first attempt may be made ready.
    pub(in super::super) fn has_room(&self, limits: &Batch, tasks: usize) -> bool {
        self.unsent(tasks) < limits.max_records * BATCHES_AHEAD
    }

    /// How many retries may be made ready: those ahead are for first attempts.
    pub(in super::super) fn room_for_retries(&self, limits: &Batch, tasks: usize) -> usize {
        limits.max_records.saturating_sub(self.unsent(tasks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::BatchFormat;

    #[test]
    fn retries_fill_one_batch_and_first_attempts_two() {
        let limits = Batch {
            format: BatchFormat::JsonArray,
            max_records: 4,
            max_bytes: 100,
            max_wait_ms: 1_000,
        };
        let mut company = Company::default();
        company.batch_started();
        assert!(company.may_send(2) && !company.may_send(1));
        // One of the tasks sends a batch.
        for (tasks, has_room, room_for_retries) in [
            (1, true, 4),
            (4, true, 1),
            (5, true, 0),
            (8, true, 0),
            (9, false, 0),
        ] {
            let found = (
                company.has_room(&limits, tasks),
                company.room_for_retries(&limits, tasks),
            );
            assert_eq!(found, (has_room, room_for_retries), "{tasks}");
        }
    }
}
