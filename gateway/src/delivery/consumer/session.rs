//! One session of a consumer: from a claim until it stops, or has to claim again.

mod adopt;
mod batches;
mod breakers;
mod ended;
mod files;
mod first;
mod guests;
mod hold;
mod line;
mod linger;
mod obey;
mod pace;
mod probes;
mod retries;
mod settle;
mod shown;
mod standstill;

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};

use self::{
    batches::Company, breakers::Breakers, files::Files, first::Ahead, hold::Holds, pace::Pace,
    probes::Turns, retries::Retries, shown::Shown,
};
use super::{Consumer, batches::Returned, order::Order};
use crate::{
    alert::Event,
    config::revision::Revision,
    delivery::{Destination, Driver, window::Window},
    journal::{Claim, JournalError, Settlement},
};

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

/// What drives the deliveries of a destination. Each part says what holds for it;
/// together they keep to this:
/// - What ended is settled soon, with company: see `linger`. Until then the journal
///   shows it as still to be done.
/// - What is under way is in the window until it is settled, and is started once.
/// - What is asked by a person or a rule finds everything settled that ended.
pub(super) struct Session<'a> {
    consumer: &'a mut Consumer,
    epoch: u64,
    revision: Arc<Revision>,
    destination: Arc<Destination>,
    /// Its place in the journal, and what is under way of that.
    window: Window,
    ahead: Ahead,
    pace: Pace,
    /// Each makes or sends one delivery, or sends a batch.
    tasks: JoinSet<Returned>,
    company: Company,
    retries: Retries,
    breakers: Breakers,
    probes: Turns,
    holds: Holds,
    /// Where lines are written, if it has files.
    files: Option<Files>,
    /// Who waits for whom, where deliveries are ordered.
    order: Option<Order>,
    /// How many deliveries are in its lines, as the metric has it.
    ordered: Shown,
    /// What ended, and is to be committed next.
    settlement: Settlement,
    /// Since when there is something in it.
    settling_since: Option<Instant>,
}

impl<'a> Session<'a> {
    pub(super) fn new(
        consumer: &'a mut Consumer,
        claim: &Claim,
        revision: Arc<Revision>,
        destination: Arc<Destination>,
    ) -> Self {
        let linger = Duration::from_millis(revision.config.journal.settle_linger_ms);
        let files = match &destination.driver {
            Driver::File(settings) => Some(Files::new(&destination.name, settings, claim, linger)),
            Driver::Http(_) => None,
        };
        let mut window = Window::new(claim);
        window.reach(destination.batch().map_or(1, |limits| limits.max_records));
        Self {
            epoch: claim.epoch,
            window,
            ahead: Ahead::new(consumer.context.journal.corrections()),
            pace: Pace::new(destination.concurrency, destination.rate),
            tasks: JoinSet::new(),
            company: Company::default(),
            retries: Retries::default(),
            breakers: Breakers::new(destination.breaker.clone()),
            probes: Turns::default(),
            holds: Holds::new(claim.hold.clone()),
            files,
            order: destination.order_by.clone().map(Order::new),
            ordered: Shown::new("cdr_gateway_ordered_deliveries"),
            settlement: Settlement::new(Timestamp::now()),
            settling_since: None,
            consumer,
            revision,
            destination,
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
            // First what has ended, if it is time: until it is settled, the journal
            // shows it as still to be done.
            if !self.write_lines().await? {
                return self.abandon().await;
            }
            self.start_upload();
            if self.is_to_settle() {
                self.settle().await?;
                continue;
            }
            let newest = *head.borrow_and_update();
            self.start_ready().await?;
            self.start_first_attempts(newest).await?;
            self.start_retries().await?;
            self.probe().await?;
            self.send_batches();
            if self.is_to_settle() {
                continue;
            }
            self.show_work();
            let wake = self.wake_at();
            tokio::select! {
                Some(joined) = self.tasks.join_next() => {
                    if !self.collect(joined) {
                        return self.abandon().await;
                    }
                }
                Some(brought) = files::brought(&mut self.files) => match brought {
                    Ok(brought) => self.take_brought(brought),
                    Err(_) => return self.abandon().await,
                },
                _ = head.changed() => {}
                Ok(()) = self.ahead.corrected() => self.heed_corrections(),
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

    /// Tells what befalls the destination.
    fn tell(&self, event: impl FnOnce(String) -> Event) {
        let event = event(self.destination.name.to_string());
        self.consumer.context.alerts.raise(event);
    }

    fn show_work(&mut self) {
        let (under_way, limit) = (self.window.under_way(), self.pace.limit());
        self.consumer.status.update(|status| {
            status.under_way = under_way;
            status.concurrency_limit = limit;
        });
        let ordered = self.order.as_ref().map_or(0, Order::len);
        self.ordered.show(&self.destination.name, ordered);
        self.pace.show(&self.destination.name);
    }

    /// When to go on although nothing happens.
    fn wake_at(&mut self) -> Option<Instant> {
        let settle = self.settle_at();
        let probe = self.breakers.next_probe().map(Instant::from_std);
        let probe = probe.filter(|_| !self.holds.is_held());
        let files = self.files.as_ref().and_then(Files::wake_at);
        let batch = self.batch_due_at().filter(|_| !self.rests());
        // Without room a task that ends is what wakes.
        let may_retry = !self.rests() && self.retry_room() > 0;
        let retry = self.retries.wake_at().filter(|_| may_retry);
        [settle, probe, retry, files, batch]
            .into_iter()
            .flatten()
            .min()
    }

    /// Lets what is under way end, and settles it.
    async fn drain(mut self) -> Result<Ended, JournalError> {
        self.pace.call_back();
        while let Some(joined) = self.tasks.join_next().await {
            if let Ok(returned) = joined {
                self.take_in(returned);
            }
        }
        self.write_out().await?;
        self.settle_all().await?;
        Ok(Ended::Stopped)
    }

    /// Settles what ended before something was lost. What is still under way is done
    /// again after the next claim.
    async fn abandon(mut self) -> Result<Ended, JournalError> {
        while let Some(joined) = self.tasks.try_join_next() {
            if let Ok(returned) = joined {
                self.take_in(returned);
            }
        }
        self.settle_all().await?;
        Ok(Ended::Lost)
    }
}
