//! What was measured.

use std::{collections::HashMap, time::Duration};

use super::senders::Sent;
use crate::harness::{Received, field};

/// Times of some load.
#[derive(Default)]
pub struct Figures {
    /// From a record's sending to its acknowledgement.
    pub acknowledged: Vec<Duration>,
    /// From a record's sending to its receipt.
    pub delivered: Vec<Duration>,
    /// The most memory that the gateway has held so far, in bytes.
    pub memory: u64,
}

impl Figures {
    pub fn of(sent: &HashMap<String, Sent>, got: &[Received], memory: u64) -> Self {
        let delivered = got.iter().filter_map(|got| {
            let session = field(&got.body, "/SessionId");
            Some(got.at - sent.get(session.as_str()?)?.at)
        });
        Self {
            acknowledged: sent.values().map(|sent| sent.acknowledged).collect(),
            delivered: delivered.collect(),
            memory,
        }
    }

    pub fn add(&mut self, more: Self) {
        self.acknowledged.extend(more.acknowledged);
        self.delivered.extend(more.delivered);
        self.memory = self.memory.max(more.memory);
    }

    pub fn acknowledged(&self, share: f64) -> String {
        milliseconds(quantile(&self.acknowledged, share))
    }

    pub fn delivered(&self, share: f64) -> String {
        milliseconds(quantile(&self.delivered, share))
    }
}

/// The ratio of two 99th percentiles.
pub fn ratio(one: &[Duration], other: &[Duration]) -> f64 {
    quantile(one, 0.99).div_duration_f64(quantile(other, 0.99))
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of a length"
)]
fn quantile(times: &[Duration], share: f64) -> Duration {
    let mut times = times.to_vec();
    times.sort();
    let last = times.len().checked_sub(1).expect("a measurement");
    times[(last as f64 * share).round() as usize]
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
