//! One session of a consumer: from a claim until it stops, or has to claim again.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    Command, Consumer, Halt,
    job::{Done, Job, JobEnd},
    lines::{Lines, Wrote},
    settling::{self, Sign},
};
use crate::{
    config::revision::Revision,
    delivery::{Destination, Driver, breaker::Breaker, window::Window},
    journal::{Claim, Exception, JournalError, Parking, Payload, Settlement, State},
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
    window: Window,
    buffer: VecDeque<Arc<Arrival>>,
    tasks: JoinSet<Done>,
    retries_under_way: usize,
    settlement: Settlement,
    breaker: Breaker,
    lines: Option<Lines>,
    /// When the earliest retry is due, as far as known.
    next_due: Option<Timestamp>,
    due_is_stale: bool,
    catching_up: Option<CatchingUp>,
    /// Where probes with retries have come to.
    probed: Seq,
    /// Whether the next probe is made with a new arrival.
    probe_fresh: bool,
}

/// Trying all retries at once, after the destination came back.
#[derive(Debug, Clone, Copy)]
struct CatchingUp {
    after: Seq,
    /// How long it was away.
    outage: Duration,
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
        Self {
            epoch: claim.epoch,
            window: Window::new(claim),
            consumer,
            revision,
            destination,
            buffer: VecDeque::new(),
            tasks: JoinSet::new(),
            retries_under_way: 0,
            settlement: Settlement::new(Timestamp::now()),
            breaker: Breaker::new(),
            lines,
            next_due: None,
            due_is_stale: true,
            catching_up: None,
            probed: Seq(0),
            probe_fresh: false,
        }
    }

    pub(super) async fn run(mut self) -> Result<Ended, JournalError> {
        let mut head = self.consumer.context.journal.watch();
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
            self.start_first_attempts(newest).await?;
            self.start_retries().await?;
            self.probe().await?;
            if !self.settlement.is_empty() {
                continue;
            }
            let wake = self.wake_at();
            tokio::select! {
                Some(joined) = self.tasks.join_next() => match joined {
                    Ok(done) => self.collect(done),
                    Err(_) => return Ok(Ended::Lost),
                },
                _ = head.changed() => {}
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

    /// Starts what has not been tried yet, and skips what is not routed here.
    async fn start_first_attempts(&mut self, head: Seq) -> Result<(), JournalError> {
        while self.has_room() {
            let Some(seq) = self.window.next(head) else {
                return Ok(());
            };
            let Some(arrival) = self.arrival(seq).await? else {
                return Ok(());
            };
            if self.is_routed_here(&arrival) {
                if self.breaker.is_open() {
                    return Ok(());
                }
                self.start(arrival, None, Occasion::default()).await?;
            } else {
                self.skip(&arrival);
            }
        }
        Ok(())
    }

    fn has_room(&self) -> bool {
        let first_attempts = self.window.under_way() - self.retries_under_way;
        let room = match &self.lines {
            Some(_) => first_attempts < LINES_AHEAD,
            // Twice, so that chains run while requests are under way.
            None => first_attempts < self.destination.concurrency * 2,
        };
        room && self.window.bytes() < MAX_BYTES_UNDER_WAY
            && self.settlement.outcomes.len() < SETTLE_LIMIT
    }

    async fn arrival(&mut self, seq: Seq) -> Result<Option<Arc<Arrival>>, JournalError> {
        while self.buffer.front().is_some_and(|first| first.seq < seq) {
            self.buffer.pop_front();
        }
        if self.buffer.front().is_none_or(|first| first.seq != seq) {
            let journal = &self.consumer.context.journal;
            self.buffer = journal.read(seq, READ_LIMIT, READ_BYTES).await?.into();
        }
        Ok(self
            .buffer
            .front()
            .filter(|first| first.seq == seq)
            .cloned())
    }

    fn is_routed_here(&self, arrival: &Arc<Arrival>) -> bool {
        let journey = self.revision.journey(arrival);
        let decision = journey.decision(&self.revision.routes);
        decision.of(&self.destination.name).is_some()
    }

    fn skip(&mut self, arrival: &Arc<Arrival>) {
        let journey = self.revision.journey(arrival);
        let why = journey.decision(&self.revision.routes).why_not();
        self.window.skip(arrival.seq);
        settling::skip(&mut self.settlement, arrival.seq, why, self.revision.number);
    }

    async fn start(
        &mut self,
        arrival: Arc<Arrival>,
        exception: Option<Exception>,
        occasion: Occasion,
    ) -> Result<(), JournalError> {
        let seq = arrival.seq;
        let frozen = match &exception {
            Some(_) => {
                let journal = &self.consumer.context.journal;
                journal.frozen(&self.destination.name, seq).await?
            }
            None => None,
        };
        self.window.start(seq, arrival.body.len());
        self.retries_under_way += usize::from(exception.is_some());
        let job = Job {
            arrival,
            revision: self.revision.clone(),
            destination: self.destination.clone(),
            exception,
            frozen,
            probe: occasion.probe,
            outage: occasion.outage,
        };
        let workers = self.consumer.context.workers.clone();
        self.tasks.spawn(job.run(workers));
        Ok(())
    }

    /// Starts retries that are due, or, after the destination came back, all.
    async fn start_retries(&mut self) -> Result<(), JournalError> {
        if self.breaker.is_open() {
            return Ok(());
        }
        let room = self.retry_room();
        if room == 0 {
            return Ok(());
        }
        if let Some(catching_up) = self.catching_up {
            return self.catch_up(catching_up, room).await;
        }
        self.refresh_due().await?;
        let now = Timestamp::now();
        if self.next_due.is_none_or(|due| due > now) {
            return Ok(());
        }
        let limit = room + self.window.under_way();
        let journal = self.consumer.context.journal.clone();
        let due = journal.due(&self.destination.name, now, limit).await?;
        self.retry_all(due, room, Occasion::default()).await?;
        // What is still due waits for room, and is looked for when a task ends.
        self.next_due = None;
        Ok(())
    }

    /// Half of the slots at most, so that old retries cannot starve first
    /// attempts.
    fn retry_room(&self) -> usize {
        let slots = (self.destination.concurrency / 2).max(1);
        slots.saturating_sub(self.retries_under_way)
    }

    async fn refresh_due(&mut self) -> Result<(), JournalError> {
        if self.due_is_stale {
            let journal = &self.consumer.context.journal;
            self.next_due = journal.next_due(&self.destination.name).await?;
            self.due_is_stale = false;
        }
        Ok(())
    }

    async fn catch_up(&mut self, from: CatchingUp, room: usize) -> Result<(), JournalError> {
        let journal = self.consumer.context.journal.clone();
        let name = self.destination.name.clone();
        let page = journal
            .exceptions(&name, Some(State::Retrying), from.after, room)
            .await?;
        self.catching_up = page.last().map(|last| CatchingUp {
            after: last.seq,
            ..from
        });
        self.due_is_stale = true;
        let occasion = Occasion {
            outage: from.outage,
            ..Occasion::default()
        };
        self.retry_all(page, room, occasion).await
    }

    async fn retry_all(
        &mut self,
        exceptions: Vec<Exception>,
        room: usize,
        occasion: Occasion,
    ) -> Result<(), JournalError> {
        let mut started = 0;
        for exception in exceptions {
            if started < room && self.retry(exception, occasion).await? {
                started += 1;
            }
        }
        Ok(())
    }

    /// True if the delivery was started.
    async fn retry(
        &mut self,
        exception: Exception,
        occasion: Occasion,
    ) -> Result<bool, JournalError> {
        if self.window.is_under_way(exception.seq) {
            return Ok(false);
        }
        let journal = self.consumer.context.journal.clone();
        let Some(arrival) = journal.get(exception.seq).await? else {
            return Ok(false);
        };
        self.start(arrival, Some(exception), occasion).await?;
        Ok(true)
    }

    /// While the breaker is open: one attempt at a time, in turn with a new
    /// arrival and with each of the retries, so that no single record that fails
    /// for its own sake keeps the destination shut.
    async fn probe(&mut self) -> Result<(), JournalError> {
        let now = Instant::now().into_std();
        if self.breaker.next_probe().is_none_or(|due| due > now) {
            return Ok(());
        }
        self.probe_fresh = !self.probe_fresh;
        let started = (self.probe_fresh && self.probe_with_arrival().await?)
            || self.probe_with_retry().await?
            || self.probe_with_arrival().await?;
        if started {
            self.breaker.probe_started();
        } else {
            self.breaker.probe_void(now);
        }
        Ok(())
    }

    async fn probe_with_arrival(&mut self) -> Result<bool, JournalError> {
        let head = self.consumer.context.journal.head();
        let Some(seq) = self.window.next(head) else {
            return Ok(false);
        };
        let Some(arrival) = self.arrival(seq).await? else {
            return Ok(false);
        };
        if !self.is_routed_here(&arrival) {
            return Ok(false);
        }
        self.start(arrival, None, Occasion::probe()).await?;
        Ok(true)
    }

    async fn probe_with_retry(&mut self) -> Result<bool, JournalError> {
        let journal = self.consumer.context.journal.clone();
        let name = self.destination.name.clone();
        for after in [self.probed, Seq(0)] {
            let page = journal
                .exceptions(&name, Some(State::Retrying), after, 1)
                .await?;
            if let Some(exception) = page.into_iter().next() {
                self.probed = exception.seq;
                return self.retry(exception, Occasion::probe()).await;
            }
        }
        Ok(false)
    }

    fn collect(&mut self, done: Done) {
        self.take_in(done);
        while let Some(Ok(done)) = self.tasks.try_join_next() {
            self.take_in(done);
        }
    }

    fn take_in(&mut self, done: Done) {
        self.settlement.at = Timestamp::now();
        if done.exception.is_some() {
            self.retries_under_way -= 1;
        }
        let probe = done.probe;
        match (done.ended, &mut self.lines) {
            (JobEnd::Line(line), Some(lines)) => lines.add(line, done.revision),
            (ended, _) => {
                self.note_failure(&ended);
                let done = Done { ended, ..done };
                let sign = settling::settle(&mut self.settlement, done, &self.destination.retry);
                self.heed(sign, probe);
            }
        }
    }

    fn note_failure(&self, ended: &JobEnd) {
        if let JobEnd::Sent(sent) = ended {
            let destination = self.destination.name.to_string();
            metrics::histogram!("cdr_gateway_attempt_seconds", "destination" => destination)
                .record(sent.attempted.took.as_secs_f64());
            if let Some(failed) = &sent.attempted.failed {
                let failure = (sent.attempted.at, failed.reason.clone());
                let status = &self.consumer.status;
                status.update(|status| status.last_failure = Some(failure));
            }
        }
    }

    fn heed(&mut self, sign: Sign, probe: bool) {
        let now = Instant::now().into_std();
        match sign {
            Sign::Works => {
                if let Some(outage) = self.breaker.answered(now) {
                    tracing::info!(destination = &*self.destination.name, "destination is back");
                    let after = Seq(0);
                    self.catching_up = Some(CatchingUp { after, outage });
                    self.consumer.status.update(|status| status.halt = None);
                    self.gauge_breaker(0.0);
                }
            }
            Sign::Fails(hint) => {
                let longest = Duration::from_millis(self.destination.retry.retry_after_max_ms);
                let hint = hint.map(|hint| hint.min(longest));
                if self.breaker.failed(now, probe, hint) {
                    self.opened();
                }
            }
            Sign::None if probe => self.breaker.probe_void(now),
            Sign::None => {}
        }
    }

    fn opened(&mut self) {
        tracing::warn!(
            destination = &*self.destination.name,
            "destination is broken; new records wait, probes go on"
        );
        self.catching_up = None;
        let since = Timestamp::now();
        let status = &self.consumer.status;
        status.update(|status| status.halt = Some(Halt::BreakerOpen { since }));
        self.gauge_breaker(1.0);
    }

    fn gauge_breaker(&self, open: f64) {
        let destination = self.destination.name.to_string();
        metrics::gauge!("cdr_gateway_breaker_open", "destination" => destination).set(open);
    }

    /// False if the writer was lost.
    async fn write_lines(&mut self) -> Result<bool, JournalError> {
        let Some(lines) = &mut self.lines else {
            return Ok(true);
        };
        let journal = self.consumer.context.journal.clone();
        match lines.write(&*journal).await? {
            None => Ok(true),
            Some(Wrote::Lost) => Ok(false),
            Some(Wrote::Done(written)) => {
                if let Some(error) = written.unfinished {
                    tracing::error!(destination = &*self.destination.name, %error, "cannot finish a part; trying again later");
                }
                for &(seq, revision) in &written.lines {
                    settling::written(&mut self.settlement, seq, revision);
                }
                self.settlement.files.extend(written.parts);
                self.consumer.status.update(|status| status.halt = None);
                Ok(true)
            }
            Some(Wrote::Failed(error)) => {
                tracing::error!(destination = &*self.destination.name, %error, "cannot write; trying again until it can");
                let since = Timestamp::now();
                let error = error.to_string();
                self.consumer.status.update(|status| {
                    status.halt.get_or_insert(Halt::FileError { since, error });
                });
                Ok(true)
            }
        }
    }

    async fn settle(&mut self) -> Result<(), JournalError> {
        let empty = Settlement::new(Timestamp::now());
        let mut settlement = std::mem::replace(&mut self.settlement, empty);
        settlement.at = Timestamp::now();
        let finished = settlement.outcomes.iter();
        let finished = finished.map(|outcome| (outcome.seq, outcome.state));
        let parked = settlement.parked.iter().map(|parking| &parking.exception);
        let parked = parked.map(|exception| (exception.seq, exception.state));
        let settled: Vec<_> = finished.chain(parked).collect();
        let parts = settlement.files.clone();
        self.commit(settlement).await?;

        for &(_, state) in &settled {
            self.count(state);
        }
        self.window.settled(settled.into_iter().map(|(seq, _)| seq));
        if let Some(lines) = &mut self.lines {
            lines.commit(&parts);
        }
        self.due_is_stale = true;
        let under_way = self.window.under_way();
        let status = &self.consumer.status;
        status.update(|status| status.under_way = under_way);
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

    fn count(&self, state: State) {
        let destination = self.destination.name.to_string();
        metrics::counter!("cdr_gateway_deliveries_total", "destination" => destination, "state" => state.as_str())
            .increment(1);
    }

    fn wake_at(&self) -> Option<Instant> {
        let probe = self.breaker.next_probe().map(Instant::from_std);
        let retry = self.next_due.filter(|_| !self.breaker.is_open());
        let retry = retry.map(|due| {
            let wait = Duration::try_from(due.duration_since(Timestamp::now()));
            Instant::now() + wait.unwrap_or_default()
        });
        let lines = self.lines.as_ref().and_then(Lines::wake_at);
        let catching_up = self
            .catching_up
            .filter(|_| !self.breaker.is_open() && self.retry_room() > 0)
            .map(|_| Instant::now());
        [probe, retry, lines, catching_up]
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
        if self.lines.is_some() != is_file {
            return Some(Ended::Changed);
        }
        self.destination = destination.clone();
        self.revision = revision;
        if let (Some(lines), Driver::File(settings)) = (&mut self.lines, &self.destination.driver) {
            lines.reconfigure(settings);
        }
        None
    }

    async fn obey(&mut self, command: Command) -> Result<(), JournalError> {
        match command {
            Command::Retry { seqs, reply } => self.retry_now(seqs, reply).await,
        }
    }

    /// Makes exceptions due at once. What was never sent is processed anew; what
    /// was sent keeps its bytes, be it suspended since.
    async fn retry_now(
        &mut self,
        seqs: Vec<Seq>,
        reply: oneshot::Sender<Result<usize, JournalError>>,
    ) -> Result<(), JournalError> {
        let journal = self.consumer.context.journal.clone();
        let now = Timestamp::now();
        let mut retried = 0;
        for seq in seqs {
            if self.window.is_under_way(seq) {
                continue;
            }
            let kept = journal.exception(&self.destination.name, seq).await?;
            if let Some(exception) = kept {
                retried += 1;
                self.settlement.parked.push(Parking {
                    exception: Exception {
                        state: State::Retrying,
                        reason: "retry_requested".into(),
                        next_attempt: Some(now),
                        // A person's word starts the budget anew.
                        first_failed: now,
                        ..exception
                    },
                    payload: Payload::Keep,
                });
            }
        }
        self.settle().await?;
        // Whoever asked may have gone.
        let _ = reply.send(Ok(retried));
        Ok(())
    }

    /// Lets what is under way end, and settles it.
    async fn drain(mut self) -> Result<Ended, JournalError> {
        while let Some(joined) = self.tasks.join_next().await {
            if let Ok(done) = joined {
                self.take_in(done);
            }
        }
        self.write_lines().await?;
        if !self.settlement.is_empty() {
            self.settle().await?;
        }
        Ok(Ended::Stopped)
    }
}
