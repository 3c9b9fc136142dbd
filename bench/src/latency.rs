//! Latencies, kept as a histogram.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Longer ones are kept as this.
const LONGEST: Duration = Duration::from_mins(1);

/// Any number of latencies, with three significant digits.
pub struct Latencies(Histogram<u64>);

impl Latencies {
    pub fn new() -> Self {
        let longest = u64::try_from(LONGEST.as_nanos()).unwrap_or(u64::MAX);
        let histogram = Histogram::new_with_max(longest, 3);
        Self(histogram.unwrap_or_else(|_| unreachable!("constants within the crate's bounds")))
    }

    pub fn add(&mut self, latency: Duration) {
        let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
        self.0.saturating_record(nanos);
    }

    pub fn merge(&mut self, other: &Self) {
        // Of the same bounds, so that all fit.
        let _ = self.0.add(&other.0);
    }

    /// In milliseconds; 0 if there are none.
    #[allow(clippy::cast_precision_loss, reason = "figures of three digits")]
    pub fn percentile_ms(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64 / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_of_several_senders_are_one_lot() {
        let [mut one, mut other] = [Latencies::new(), Latencies::new()];
        (0..99).for_each(|_| one.add(Duration::from_millis(2)));
        other.add(Duration::from_hours(1));
        one.merge(&other);
        assert!((one.percentile_ms(50.0) - 2.0).abs() < 0.01);
        assert!((one.percentile_ms(100.0) - 60_000.0).abs() < 60.0);
    }
}
