//! Measures one plugin on one record.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde::Serialize;

use crate::plugin::{
    Failure, Limits, Plugin, Processed, Record, Verdict, instance::DEADLINE_TRIES, probe::Probe,
};

/// Instances that are started to see how long that takes.
const STARTS: usize = 10;

/// Calls before anything is measured: allocators get their pages, interpreters
/// their caches.
const WARM_UP: u64 = 200;

/// Calls that are kept track of one by one; of longer runs the newest.
const MAX_SAMPLES: usize = 1_000_000;

/// What a record costs in a plugin. Times are in microseconds.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Measured {
    /// Making an instance, the median of some.
    pub(super) start_us: f64,
    /// Configuring it.
    pub(super) configure_us: f64,
    /// Warm calls that were measured.
    pub(super) calls: u64,
    pub(super) p50_us: f64,
    pub(super) p99_us: f64,
    pub(super) max_us: f64,
    pub(super) calls_per_s: f64,
    /// Calls that the deadline ended, which the gateway would try again. They are
    /// not among the others.
    pub(super) overruns: u64,
    /// The record as it leaves; 0 where it does not.
    pub(super) output_bytes: usize,
    /// Linear memory of the instance at the end.
    pub(super) memory_bytes: usize,
    /// What it grew by for each measured call, where it went on growing to the
    /// end.
    pub(super) growth_bytes_per_call: f64,
    /// Shares of the limits, in percent.
    pub(super) of_deadline: f64,
    pub(super) of_configure_deadline: f64,
    pub(super) of_max_memory: f64,
    pub(super) of_max_output: f64,
    pub(super) limits: Allowed,
}

/// The limits that shares are of.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Allowed {
    pub(super) deadline_ms: u128,
    pub(super) configure_deadline_ms: u128,
    pub(super) max_memory_bytes: usize,
    pub(super) max_output_bytes: usize,
    pub(super) max_calls: u64,
}

impl From<&Limits> for Allowed {
    fn from(limits: &Limits) -> Self {
        Self {
            deadline_ms: limits.deadline.as_millis(),
            configure_deadline_ms: limits.configure_deadline.as_millis(),
            max_memory_bytes: limits.max_memory_bytes,
            max_output_bytes: limits.max_output_bytes,
            max_calls: limits.max_calls,
        }
    }
}

/// Gives a plugin a record for a while.
pub(super) fn measure(
    plugin: &Arc<Plugin>,
    record: &Record,
    time: Duration,
) -> Result<Measured, Failure> {
    let (mut starts, mut configures) = (Vec::new(), Vec::new());
    for _ in 0..STARTS {
        let probe = Probe::start(plugin)?;
        starts.push(probe.start);
        configures.push(probe.configure);
    }
    let mut probe = Probe::start(plugin)?;
    let mut output_bytes = 0;
    let mut overruns = 0;
    for _ in 0..WARM_UP {
        let (processed, _) = call(&mut probe, plugin, record, &mut overruns)?;
        if processed.verdict == Verdict::Keep {
            output_bytes = processed.record.document.len();
        }
    }
    let run = Run::of(&mut probe, plugin, record, time)?;
    let allowed = Allowed::from(probe.limits());
    let (start, configure) = (rank(&mut starts, 50), rank(&mut configures, 50));
    let mut samples = run.samples;
    let (p50, p99) = (rank(&mut samples, 50), rank(&mut samples, 99));
    let max = samples.iter().max().copied().unwrap_or_default();
    let memory_bytes = probe.memory_bytes();
    let limits = probe.limits();
    Ok(Measured {
        start_us: micros(start),
        configure_us: micros(configure),
        calls: run.calls,
        p50_us: micros(p50),
        p99_us: micros(p99),
        max_us: micros(max),
        calls_per_s: per(run.calls, run.busy.as_secs_f64()),
        overruns: run.overruns,
        output_bytes,
        memory_bytes,
        growth_bytes_per_call: run.growth_bytes_per_call,
        of_deadline: share(p99, limits.deadline),
        of_configure_deadline: share(start + configure, limits.configure_deadline),
        of_max_memory: percent(memory_bytes, limits.max_memory_bytes),
        of_max_output: percent(output_bytes, limits.max_output_bytes),
        limits: allowed,
    })
}

/// One call, with another instance after each overrun: a single one may be the
/// machine's fault.
fn call(
    probe: &mut Probe,
    plugin: &Arc<Plugin>,
    record: &Record,
    overruns: &mut u64,
) -> Result<(Processed, Duration), Failure> {
    let mut tried = 1;
    loop {
        match probe.call(record.clone()) {
            Err(Failure::Deadline(_)) if tried < DEADLINE_TRIES => {
                tried += 1;
                *overruns += 1;
                *probe = Probe::start(plugin)?;
            }
            result => return result,
        }
    }
}

/// The measured calls.
struct Run {
    calls: u64,
    overruns: u64,
    busy: Duration,
    samples: Vec<Duration>,
    growth_bytes_per_call: f64,
}

impl Run {
    /// Memory comes in pages, and allocators take many at once: only what has
    /// grown in the first half of the time and in the second is taken to go on.
    fn of(
        probe: &mut Probe,
        plugin: &Arc<Plugin>,
        record: &Record,
        time: Duration,
    ) -> Result<Self, Failure> {
        let memory = probe.memory_bytes();
        let mut half = None;
        let mut run = Self {
            calls: 0,
            overruns: 0,
            busy: Duration::ZERO,
            samples: Vec::new(),
            growth_bytes_per_call: 0.0,
        };
        let begun = Instant::now();
        while begun.elapsed() < time || run.calls == 0 {
            let (_, took) = call(probe, plugin, record, &mut run.overruns)?;
            let index = usize::try_from(run.calls).unwrap_or(usize::MAX) % MAX_SAMPLES;
            match run.samples.get_mut(index) {
                Some(oldest) => *oldest = took,
                None => run.samples.push(took),
            }
            run.calls += 1;
            run.busy += took;
            if half.is_none() && begun.elapsed() >= time / 2 {
                half = Some(probe.memory_bytes());
            }
        }
        let end = probe.memory_bytes();
        // Another instance began anew.
        let is_one = run.overruns == 0;
        let grows = is_one && half.is_some_and(|half| half > memory && end > half);
        if grows {
            run.growth_bytes_per_call = per(as_u64(end - memory), as_f64(run.calls));
        }
        Ok(run)
    }
}

/// The value below which this percentage of all are.
fn rank(values: &mut [Duration], percent: usize) -> Duration {
    values.sort_unstable();
    let index = values.len().saturating_sub(1) * percent / 100;
    values.get(index).copied().unwrap_or_default()
}

fn micros(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e7).round() / 10.0
}

fn share(time: Duration, of: Duration) -> f64 {
    round(100.0 * time.as_secs_f64() / of.as_secs_f64().max(f64::MIN_POSITIVE))
}

fn percent(part: usize, of: usize) -> f64 {
    round(100.0 * as_f64(as_u64(part)) / as_f64(as_u64(of)).max(1.0))
}

fn per(total: u64, of: f64) -> f64 {
    round(as_f64(total) / of.max(f64::MIN_POSITIVE))
}

/// To a hundredth.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

fn as_u64(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX)
}

#[allow(clippy::cast_precision_loss, reason = "for people")]
fn as_f64(number: u64) -> f64 {
    number as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_of_the_sorted_values() {
        let mut values: Vec<_> = (0..=100).rev().map(Duration::from_millis).collect();
        for (percent, expected) in [(0, 0), (50, 50), (99, 99), (100, 100)] {
            assert_eq!(rank(&mut values, percent), Duration::from_millis(expected));
        }
        assert_eq!(rank(&mut [], 50), Duration::ZERO);
        let few = &mut [Duration::from_millis(2), Duration::from_millis(1)];
        assert_eq!(rank(few, 50), Duration::from_millis(1));
    }

    #[test]
    fn shares_are_percent() {
        assert!((share(Duration::from_millis(1), Duration::from_millis(8)) - 12.5).abs() < 1e-9);
        assert!((percent(1, 3) - 33.33).abs() < 1e-9);
        assert!((micros(Duration::from_nanos(1260)) - 1.3).abs() < 1e-9);
    }
}
