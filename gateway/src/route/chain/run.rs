//! Runs a chain on the workers.
//!
//! Each call takes its plugin's budget. Where a plugin further on in the chain is over
//! it, the record gives its worker back and waits in its lane again, with what the
//! plugins before made of it.

use std::{sync::Arc, time::Instant};

use super::{Chain, ChainOutcome};
use crate::plugin::{Instances, Record, Workers, budget::Slot, workers::Lost};

/// A record on its way through a chain, and what comes after that.
struct Way<F> {
    record: Record,
    /// The use that is next.
    at: usize,
    then: F,
}

enum Stop<T, F> {
    End(T),
    /// The next plugin is over its budget.
    Waits(Box<Way<F>>),
}

impl Chain {
    /// Runs a record through the chain in a lane, and does something with what came
    /// of it, on the same worker.
    ///
    /// # Errors
    /// When a worker was lost with it.
    pub async fn run<T, F>(
        self: Arc<Self>,
        workers: &Workers,
        lane: &Arc<str>,
        record: Record,
        then: F,
    ) -> Result<T, Lost>
    where
        T: Send + 'static,
        F: FnOnce(ChainOutcome) -> T + Send + 'static,
    {
        let mut way = Way {
            record,
            at: 0,
            then,
        };
        loop {
            let chain = self.clone();
            let budget = self.uses.get(way.at).map(|next| next.plugin.budget.clone());
            let name = lane.clone();
            let go = move |instances: &mut Instances, slot| chain.go(&name, way, instances, slot);
            match workers.run_within(budget, lane, go).await? {
                Stop::End(made) => return Ok(made),
                Stop::Waits(on) => way = *on,
            }
        }
    }

    /// Runs a record through the chain with these instances, at once and whatever the
    /// budgets of its plugins say.
    #[must_use]
    pub fn run_with(
        &self,
        lane: &Arc<str>,
        instances: &mut Instances,
        mut record: Record,
    ) -> ChainOutcome {
        for step in &self.uses {
            match step.call(lane, instances, record) {
                ChainOutcome::Kept(next) => record = next,
                ended => return ended,
            }
        }
        ChainOutcome::Kept(record)
    }

    /// Goes on from a use whose slot was taken.
    fn go<T, F>(
        &self,
        lane: &Arc<str>,
        way: Way<F>,
        instances: &mut Instances,
        slot: Option<Slot>,
    ) -> Stop<T, F>
    where
        F: FnOnce(ChainOutcome) -> T,
    {
        let Way {
            mut record,
            at,
            then,
        } = way;
        let mut first = slot;
        for (at, step) in self.uses.iter().enumerate().skip(at) {
            let Some(slot) = first
                .take()
                .or_else(|| step.plugin.budget.take(Instant::now()))
            else {
                return Stop::Waits(Box::new(Way { record, at, then }));
            };
            let outcome = step.call(lane, instances, record);
            drop(slot);
            match outcome {
                ChainOutcome::Kept(next) => record = next,
                ended => return Stop::End(then(ended)),
            }
        }
        Stop::End(then(ChainOutcome::Kept(record)))
    }
}
