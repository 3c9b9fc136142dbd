//! Senders of numbered records.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::harness::{Gateway, SEED};

const SENDERS: usize = 8;

/// How each sender goes on after an acknowledgement.
#[derive(Clone, Copy)]
pub enum Pace {
    AtOnce,
    /// By the clock, so that a slow answer does not slow the load.
    Every(Duration),
}

/// When a record was sent, and how long its acknowledgement took.
pub struct Sent {
    pub at: Instant,
    pub acknowledged: Duration,
}

/// Pushes records of these numbers, each of a session of its own, all of which
/// have to be acknowledged.
pub fn push_all(gateway: &Gateway, numbers: Range<usize>, pace: Pace) -> HashMap<String, Sent> {
    let next = AtomicUsize::new(numbers.start);
    let all = Mutex::new(HashMap::new());
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let mut due = Instant::now();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= numbers.end {
                        return;
                    }
                    let session = format!("session-{number}");
                    let record = SEED.replace("99a1c8f8-eb3d-4xxx-8401-5f6aa8761232", &session);
                    let at = Instant::now();
                    gateway.push("cdr", &record);
                    let acknowledged = at.elapsed();
                    all.lock()
                        .unwrap()
                        .insert(session, Sent { at, acknowledged });
                    if let Pace::Every(pause) = pace {
                        due += pause;
                        pause_until(due);
                    }
                }
            });
        }
    });
    all.into_inner().unwrap()
}

#[allow(clippy::disallowed_methods, reason = "a pace waits for no condition")]
fn pause_until(due: Instant) {
    thread::sleep(due.saturating_duration_since(Instant::now()));
}
