//! What one run found, and the medians of several.

use std::time::Duration;

use crate::{latency::Latencies, load::Answers, record, usage::Usage};

/// The figures of one run, or medians of several runs.
#[derive(Clone, Copy, Default)]
pub struct Figures {
    /// CPU time of the process, user and system, in microseconds.
    pub cpu_us_per_record: f64,
    pub acknowledged_per_s: f64,
    /// Until the last record had arrived at the last destination.
    pub through_per_s: f64,
    /// The 50th, 99th and 99.9th percentile, in milliseconds.
    pub ack_ms: [f64; 3],
    /// The disk's own, just before.
    pub sync_p99_ms: f64,
    /// Since the process began.
    pub peak_mib: f64,
    /// Bytes to the disk for each byte of a body.
    pub written_per_byte: f64,
    /// Records that were not acknowledged.
    pub refused: f64,
    /// Records that came more than once, at all destinations together.
    pub repeated: f64,
}

/// What was observed in one run.
pub struct Observed {
    pub answers: Answers,
    pub syncs: Latencies,
    pub before: Usage,
    pub after: Usage,
    /// Until the last record had arrived at the last destination.
    pub through: Duration,
    /// Records that came more than once, at all destinations together.
    pub repeated: usize,
}

impl Observed {
    #[allow(clippy::cast_precision_loss, reason = "figures of three digits")]
    pub fn figures(&self) -> Figures {
        let Self {
            answers,
            before,
            after,
            ..
        } = self;
        let records = answers.acknowledged.len() as f64;
        let cpu = after.cpu.saturating_sub(before.cpu);
        let written = after.written_bytes.saturating_sub(before.written_bytes);
        let received = records * record::body(0).len() as f64;
        Figures {
            cpu_us_per_record: cpu.as_secs_f64() * 1e6 / records,
            acknowledged_per_s: records / answers.took.as_secs_f64(),
            through_per_s: records / self.through.as_secs_f64(),
            ack_ms: [50.0, 99.0, 99.9].map(|percent| answers.latencies.percentile_ms(percent)),
            sync_p99_ms: self.syncs.percentile_ms(99.0),
            peak_mib: after.peak_bytes as f64 / (1024.0 * 1024.0),
            written_per_byte: written as f64 / received,
            refused: answers.refused as f64,
            repeated: self.repeated as f64,
        }
    }
}

impl Figures {
    /// Each figure's own median.
    pub fn medians(runs: &[Self]) -> Self {
        let of = |figure: &dyn Fn(&Self) -> f64| median(runs.iter().map(figure));
        Self {
            cpu_us_per_record: of(&|run| run.cpu_us_per_record),
            acknowledged_per_s: of(&|run| run.acknowledged_per_s),
            through_per_s: of(&|run| run.through_per_s),
            ack_ms: [0, 1, 2].map(|at| of(&|run| run.ack_ms[at])),
            sync_p99_ms: of(&|run| run.sync_p99_ms),
            peak_mib: of(&|run| run.peak_mib),
            written_per_byte: of(&|run| run.written_per_byte),
            refused: of(&|run| run.refused),
            repeated: of(&|run| run.repeated),
        }
    }
}

/// The middle one, the upper of two; 0 of none.
pub fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_not_moved_by_one_that_strays() {
        assert!((median([1000.0, 3.0, 1.0, 2.0, 4.0].into_iter()) - 3.0).abs() < f64::EPSILON);
        assert!(median(std::iter::empty()).abs() < f64::EPSILON);
    }
}
