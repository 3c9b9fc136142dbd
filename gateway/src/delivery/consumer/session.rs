//! One session of a consumer: from a claim until it stops, or has to claim again.

mod batches;
mod ended;
mod files;
mod first;
mod hold;
mod line;
mod obey;
mod probes;
mod retries;

use std::{
    collections::{HashSet, VecDeque},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use super::{
    Consumer,
    batches::{Member, Returned},
    lines::Lines,
    order::Order,
};
use crate::{
    config::revision::Revision,
    delivery::{
        Destination, Driver,
        batch::Forming,
        breaker::{Breaker, Rules},
        policy::Policy,
        window::Window,
    },
    journal::{Claim, Hold, JournalError, Reason, Settlement, State},
    record::{Arrival, Seq},
};

/// Arrivals read at once, and their bodies in bytes.
const READ_LIMIT: usize = 256;
const READ_BYTES: usize = 4 * 1024 * 1024;

/// Outcomes settled at once, so that a transaction stays short.
const SETTLE_LIMIT: usize = 512;

/// Lines prepared ahead of the writer.
const LINES_AHEAD: usize = 256;

/// Size of the arrivals under way at which no further one is started.
const MAX_BYTES_UNDER_WAY: usize = 16 * 1024 * 1024;

/// Time after which a settlement that found the journal's queue full is tried
/// again.
const BUSY_BACKOFF: Duration = Duration::from_millis(20);

/// Why an attempt is made.
#[derive(Debug, Clone, Copy, Default)]
struct Occasion {
    probe: bool,
    outage: Duration,
}

impl Occasion {
    fn probe() -> Self {
        Self {
            probe: true,
            ..Self::default()
        }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// The gateway stops; everything under way is settled.
    Stopped,
    /// The revision that runs has no such destination.
    Removed,
    /// The destination is reached in another way now; the claim has to be made
    /// again.
    Changed,
    /// A task was lost; the claim has to be made again.
    Lost,
}

pub(super) struct Session<'a> {
    consumer: &'a mut Consumer,
    epoch: u64,
    revision: Arc<Revision>,
    destination: Arc<Destination>,
    policy: Arc<Policy>,
    /// Calls back what waits for room under the policy; a new one each time.
    recall: CancellationToken,
    window: Window,
    buffer: VecDeque<Arc<Arrival>>,
    corrections: watch::Receiver<u64>,
    corrections_heeded: u64,
    tasks: JoinSet<Returned>,
    /// Deliveries that wait to be sent in a batch.
    forming: Forming<Member>,
    /// Tasks that send a batch.
    batches_under_way: usize,
    /// Deliveries under way that had failed before.
    retries_under_way: usize,
    /// Frozen batches under way, and how many of those deliveries are in them.
    frozen_batches: usize,
    in_frozen_batches: usize,
    settlement: Settlement,
    breaker: Breaker,
    /// Opens when plugins fail, so that a bad release parks a few records and
    /// not all.
    guests: Breaker,
    lines: Option<Lines>,
    /// Who waits for whom, where deliveries are ordered.
    order: Option<Order>,
    /// Why it sends nothing, as the journal has it.
    hold: Option<Hold>,
    /// Since when the configuration pauses it, as far as this session knows.
    paused_since: Option<Timestamp>,
    /// Whether files fail, as far as it was told.
    files_fail: bool,
    /// When the earliest retry is due, as far as known.
    next_due: Option<Timestamp>,
    due_is_stale: bool,
    catching_up: Option<CatchingUp>,
    /// The frozen batches that were tried while catching up: each once, though
    /// each of its members is met.
    caught_up: HashSet<Arc<str>>,
    /// Where probes with retries have come to.
    probed: Seq,
    probed_batch: Option<Arc<str>>,
    /// Whether the next probe is made with a new arrival.
    probe_fresh: bool,
    /// Deliveries in line as the metric has them.
    shown_in_line: usize,
    /// The concurrency limit as the metric has it.
    shown_limit: usize,
}

/// Trying all retries at once, after the destination came back.
#[derive(Debug, Clone, Copy)]
struct CatchingUp {
    after: Seq,
    /// How long it was away.
    outage: Duration,
    /// Whether retries keep their times, and only get back what the outage took.
    keep_times: bool,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        consumer: &'a mut Consumer,
        claim: &Claim,
        revision: Arc<Revision>,
        destination: Arc<Destination>,
    ) -> Self {
        let lines = match &destination.driver {
            Driver::File(settings) => Some(Lines::new(
                destination.name.clone(),
                settings,
                claim.files.clone(),
            )),
            Driver::Http(_) => None,
        };
        let mut window = Window::new(claim);
        window.reach(destination.batch().map_or(1, |limits| limits.max_records));
        Self {
            epoch: claim.epoch,
            window,
            order: destination.order_by.clone().map(Order::new),
            policy: Arc::new(Policy::new(destination.concurrency, destination.rate)),
            recall: CancellationToken::new(),
            breaker: Breaker::new(destination.breaker.clone()),
            corrections: consumer.context.journal.corrections(),
            corrections_heeded: 0,
            consumer,
            revision,
            destination,
            buffer: VecDeque::new(),
            tasks: JoinSet::new(),
            forming: Forming::default(),
            batches_under_way: 0,
            retries_under_way: 0,
            frozen_batches: 0,
            in_frozen_batches: 0,
            settlement: Settlement::new(Timestamp::now()),
            guests: Breaker::new(Rules::of_plugins()),
            lines,
            hold: claim.hold.clone(),
            paused_since: None,
            files_fail: false,
            next_due: None,
            due_is_stale: true,
            catching_up: None,
            caught_up: HashSet::new(),
            probed: Seq(0),
            probed_batch: None,
            probe_fresh: false,
            shown_in_line: 0,
            shown_limit: 0,
        }
    }

    pub(super) async fn run(mut self) -> Result<Ended, JournalError> {
        let mut head = self.consumer.context.journal.watch();
        self.show_batches();
        self.heed_config();
        self.show_files();
        self.restore_lines().await?;
        loop {
            if *self.consumer.stop.borrow() {
                return self.drain().await;
            }
            // First what has ended: until it is settled, the journal shows it as
            // still to be done.
            if !self.write_lines().await? {
                return Ok(Ended::Lost);
            }
            if !self.settlement.is_empty() {
                self.settle().await?;
                continue;
            }
            let newest = *head.borrow_and_update();
            self.start_ready().await?;
            self.start_first_attempts(newest).await?;
            self.start_retries().await?;
            self.probe().await?;
            self.send_batches();
            if !self.settlement.is_empty() {
                continue;
            }
            self.show_work();
            let wake = self.wake_at();
            tokio::select! {
                Some(joined) = self.tasks.join_next() => match joined {
                    Ok(returned) => self.collect(returned),
                    Err(_) => return Ok(Ended::Lost),
                },
                _ = head.changed() => {}
                Ok(()) = self.corrections.changed() => self.heed_corrections(),
                () = async { sleep_until(wake.unwrap_or_else(Instant::now)).await }, if wake.is_some() => {}
                Some(command) = self.consumer.commands.recv() => self.obey(command).await?,
                Ok(()) = self.consumer.revision.changed() => {
                    if let Some(ended) = self.adopt_revision() {
                        self.drain().await?;
                        return Ok(ended);
                    }
                }
                Ok(()) = self.consumer.stop.changed() => {}
            }
        }
    }

    async fn settle(&mut self) -> Result<(), JournalError> {
        let empty = Settlement::new(Timestamp::now());
        let mut settlement = std::mem::replace(&mut self.settlement, empty);
        settlement.at = Timestamp::now();
        let finished = settlement.outcomes.iter();
        let finished = finished.map(|it| (it.seq, it.state, it.reason.clone()));
        let parked = settlement.parked.iter().map(|parking| &parking.exception);
        let parked = parked.map(|it| (it.seq, it.state, it.reason.clone()));
        let settled: Vec<_> = finished.chain(parked).collect();
        let parts = settlement.files.clone();
        self.commit(settlement).await?;

        for (_, state, reason) in &settled {
            self.count(*state, reason);
        }
        self.window.settled(settled.iter().map(|(seq, ..)| *seq));
        self.move_lines(settled.iter().map(|(seq, state, _)| (*seq, *state)))
            .await?;
        self.parts_settled(&parts);
        self.due_is_stale = true;
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

    fn show_work(&mut self) {
        let (under_way, limit) = (self.window.under_way(), self.policy.limit());
        self.consumer.status.update(|status| {
            status.under_way = under_way;
            status.concurrency_limit = limit;
        });
        self.show_lines();
        if std::mem::replace(&mut self.shown_limit, limit) == limit {
            return;
        }
        let destination = self.destination.name.to_string();
        metrics::gauge!("cdr_gateway_concurrency_limit", "destination" => destination)
            .set(u32::try_from(limit).unwrap_or(u32::MAX));
    }

    fn count(&mut self, state: State, reason: &Reason) {
        let destination = self.destination.name.to_string();
        metrics::counter!("cdr_gateway_deliveries_total", "destination" => destination.clone(), "state" => state.as_str())
            .increment(1);
        if *reason != Reason::none() {
            let reason = self.consumer.reasons.label(reason);
            metrics::counter!("cdr_gateway_delivery_reasons_total", "destination" => destination, "state" => state.as_str(), "reason" => reason)
                .increment(1);
        }
    }

    fn wake_at(&self) -> Option<Instant> {
        let probe = self.next_probe().map(Instant::from_std);
        let probe = probe.filter(|_| !self.is_held());
        // Without room a task that ends is what wakes.
        let retry = self
            .next_due
            .filter(|_| !self.rests() && self.retry_room() > 0);
        let retry = retry.map(|due| {
            let wait = Duration::try_from(due.duration_since(Timestamp::now()));
            Instant::now() + wait.unwrap_or_default()
        });
        let lines = self.lines.as_ref().and_then(Lines::wake_at);
        let catching_up = self
            .catching_up
            .filter(|_| !self.rests() && self.retry_room() > 0)
            .map(|_| Instant::now());
        let batch = self.batch_due_at().filter(|_| !self.rests());
        [probe, retry, lines, catching_up, batch]
            .into_iter()
            .flatten()
            .min()
    }

    /// Goes on with the new revision, unless the session has to end for it.
    fn adopt_revision(&mut self) -> Option<Ended> {
        let revision = self.consumer.revision.borrow_and_update().clone();
        let Some(destination) = revision.destinations.get(&self.destination.name) else {
            return Some(Ended::Removed);
        };
        let is_file = matches!(destination.driver, Driver::File(_));
        let is_ordered_anew = destination.order_by != self.destination.order_by;
        if self.lines.is_some() != is_file || is_ordered_anew {
            return Some(Ended::Changed);
        }
        self.destination = destination.clone();
        self.revision = revision;
        self.adopt_policy();
        self.adopt_batches();
        self.heed_config();
        if let (Some(lines), Driver::File(settings)) = (&mut self.lines, &self.destination.driver) {
            lines.reconfigure(settings);
        }
        None
    }

    /// What waits is prepared anew under the new revision.
    fn adopt_policy(&mut self) {
        let destination = self.destination.clone();
        let policy = self
            .policy
            .changed_to(destination.concurrency, destination.rate);
        self.policy = Arc::new(policy);
        self.call_back();
        let now = Instant::now().into_std();
        if let Some(outage) = self.breaker.obey(destination.breaker.clone(), now) {
            self.closed(outage);
        }
    }

    /// Lets what is under way end, and settles it.
    async fn drain(mut self) -> Result<Ended, JournalError> {
        self.call_back();
        while let Some(joined) = self.tasks.join_next().await {
            if let Ok(returned) = joined {
                self.take_in(returned);
            }
        }
        // Lines may need a part to be begun, and that to be settled, first.
        loop {
            self.write_lines().await?;
            if self.settlement.is_empty() {
                return Ok(Ended::Stopped);
            }
            self.settle().await?;
        }
    }
}
