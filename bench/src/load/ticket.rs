//! Which record is sent next, and when it is due.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use tokio::sync::{Mutex, mpsc};

use super::Pace;

pub(super) struct Ticket {
    pub(super) number: u64,
    pub(super) due: Instant,
}

pub(super) enum Tickets {
    /// Due when asked for.
    Closed { next: AtomicU64, end: u64 },
    /// Due when the clock says so.
    Open(Mutex<mpsc::UnboundedReceiver<Ticket>>),
}

impl Tickets {
    pub(super) fn issue(pace: Pace, first: u64, records: u64) -> Self {
        match pace {
            Pace::Saturated => Self::Closed {
                next: AtomicU64::new(first),
                end: first + records,
            },
            Pace::PerSecond(rate) => {
                let (issued, tickets) = mpsc::unbounded_channel();
                thread::spawn(move || {
                    by_the_clock(first, records, Duration::from_secs(1) / rate, &issued);
                });
                Self::Open(Mutex::new(tickets))
            }
        }
    }

    pub(super) async fn next(&self) -> Option<Ticket> {
        match self {
            Self::Closed { next, end } => {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let due = Instant::now();
                (number < *end).then_some(Ticket { number, due })
            }
            Self::Open(tickets) => tickets.lock().await.recv().await,
        }
    }
}

/// On a thread of its own: the runtime's timer is a millisecond coarse, which
/// would be charged to the subject.
#[allow(clippy::disallowed_methods, reason = "a thread that keeps the time")]
fn by_the_clock(
    first: u64,
    records: u64,
    interval: Duration,
    issued: &mpsc::UnboundedSender<Ticket>,
) {
    let mut due = Instant::now();
    for number in first..first + records {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        if issued.send(Ticket { number, due }).is_err() {
            return;
        }
        due += interval;
    }
}
