//! What one version of a plugin did, counted for metrics and the admin API alike.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram};

use crate::plugin::{Failure, Processed, Verdict, stage::Outcome, told::redacted};

/// Characters of a digest that a label shows: enough to tell versions apart.
const DIGEST_SHOWN: usize = 12;

/// The longest version that a label shows, in bytes.
const VERSION_SHOWN: usize = 64;

const VERDICTS: [&str; 3] = ["keep", "drop", "suspend"];

/// What stages say.
const OUTCOMES: [&str; 3] = ["done", "ignored", "failed"];

/// Counters of one version of a plugin. What happens with each record is counted
/// without a lock; failures and retirements are rare.
pub struct Tally {
    labels: Labels,
    whole_digest: String,
    verdicts: [Count; VERDICTS.len()],
    /// Once it is a stage that said something.
    outcomes: OnceLock<[Count; OUTCOMES.len()]>,
    failures: Mutex<BTreeMap<&'static str, u64>>,
    retired: Mutex<BTreeMap<&'static str, u64>>,
    suppressed: Count,
    times: Histogram,
    total_ns: AtomicU64,
    longest_ns: AtomicU64,
    instances: Level,
    memory: Level,
}

/// What the metrics of a version bear.
struct Labels {
    plugin: String,
    version: String,
    digest: String,
}

/// What was counted so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Calls by outcome: a verdict, or a kind of failure.
    pub calls: BTreeMap<&'static str, u64>,
    /// Instances thrown away, by reason.
    pub retired: BTreeMap<&'static str, u64>,
    /// Log lines beyond the limits.
    pub log_lines_suppressed: u64,
    /// Time of all calls.
    pub total: Duration,
    /// Time of the longest.
    pub longest: Duration,
    /// Instances that are warm.
    pub instances: usize,
    /// Their linear memory, in bytes.
    pub memory_bytes: usize,
}

impl Tally {
    pub(super) fn new(plugin: &str, version: &str, digest: &str) -> Self {
        let labels = Labels {
            plugin: plugin.to_owned(),
            version: shown_version(version),
            digest: digest.chars().take(DIGEST_SHOWN).collect(),
        };
        Self {
            verdicts: VERDICTS.map(|verdict| Count::of(labels.calls(verdict))),
            outcomes: OnceLock::new(),
            failures: Mutex::default(),
            retired: Mutex::default(),
            suppressed: Count::of(labels.suppressed()),
            times: labels.times(),
            total_ns: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
            instances: Level::of(labels.instances()),
            memory: Level::of(labels.memory()),
            whole_digest: digest.to_owned(),
            labels,
        }
    }

    /// One that nothing is shown of: of a component that did not say yet what it is.
    pub(crate) fn silent() -> Self {
        let count = || Count::of(Counter::noop());
        Self {
            labels: Labels {
                plugin: String::new(),
                version: String::new(),
                digest: String::new(),
            },
            whole_digest: String::new(),
            verdicts: [count(), count(), count()],
            outcomes: OnceLock::new(),
            failures: Mutex::default(),
            retired: Mutex::default(),
            suppressed: count(),
            times: Histogram::noop(),
            total_ns: AtomicU64::new(0),
            longest_ns: AtomicU64::new(0),
            instances: Level::of(Gauge::noop()),
            memory: Level::of(Gauge::noop()),
        }
    }

    pub(super) fn is_of(&self, version: &str, digest: &str) -> bool {
        self.labels.version == shown_version(version) && self.whole_digest == digest
    }

    /// The version, as logs and metrics show it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.labels.version
    }

    /// Counts a call of a transform with what came of it.
    pub(crate) fn called(&self, result: &Result<Processed, Failure>, took: Duration) {
        let [keep, drop, suspend] = &self.verdicts;
        match result.as_ref().map(|processed| &processed.verdict) {
            Ok(Verdict::Keep) => keep.add(1),
            Ok(Verdict::Drop(_)) => drop.add(1),
            Ok(Verdict::Suspend(_)) => suspend.add(1),
            Err(failure) => self.failed(failure),
        }
        self.took(took);
    }

    /// Counts a call of a stage with what came of it.
    pub(crate) fn said(&self, result: &Result<Outcome, Failure>, took: Duration) {
        let outcomes = || OUTCOMES.map(|outcome| Count::of(self.labels.calls(outcome)));
        let [done, ignored, failed] = self.outcomes.get_or_init(outcomes);
        match result {
            Ok(Outcome::Done) => done.add(1),
            Ok(Outcome::Ignored(_)) => ignored.add(1),
            Ok(Outcome::Failed(_)) => failed.add(1),
            Err(failure) => self.failed(failure),
        }
        self.took(took);
    }

    fn failed(&self, failure: &Failure) {
        bump(&self.failures, failure.reason());
        self.labels.calls(failure.reason()).increment(1);
    }

    fn took(&self, took: Duration) {
        self.times.record(took);
        let took = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.total_ns.fetch_add(took, Relaxed);
        self.longest_ns.fetch_max(took, Relaxed);
    }

    /// Counts an instance that was thrown away.
    pub(crate) fn retired(&self, reason: &'static str) {
        bump(&self.retired, reason);
        self.labels.retired(reason).increment(1);
    }

    /// Counts log lines that were not written.
    pub(crate) fn suppressed(&self, lines: u32) {
        self.suppressed.add(lines.into());
    }

    /// What was counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let verdicts = VERDICTS.iter().zip(&self.verdicts);
        let verdicts = verdicts.map(|(verdict, count)| (*verdict, count.total.load(Relaxed)));
        let mut calls: BTreeMap<_, _> = verdicts.collect();
        let outcomes = OUTCOMES
            .iter()
            .zip(self.outcomes.get().into_iter().flatten());
        calls.extend(outcomes.map(|(outcome, count)| (*outcome, count.total.load(Relaxed))));
        calls.extend(read(&self.failures));
        Counts {
            calls,
            retired: read(&self.retired),
            log_lines_suppressed: self.suppressed.total.load(Relaxed),
            total: Duration::from_nanos(self.total_ns.load(Relaxed)),
            longest: Duration::from_nanos(self.longest_ns.load(Relaxed)),
            instances: self.instances.value.load(Relaxed),
            memory_bytes: self.memory.value.load(Relaxed),
        }
    }
}

/// A warm instance, for as long as it is held: counted, with its memory.
pub(crate) struct Warm {
    tally: Arc<Tally>,
    bytes: usize,
}

impl Warm {
    pub(crate) fn new(tally: &Arc<Tally>) -> Self {
        tally.instances.change(0, 1);
        Self {
            tally: tally.clone(),
            bytes: 0,
        }
    }

    /// Notes how much memory it has by now.
    pub(crate) fn has(&mut self, bytes: usize) {
        if bytes != self.bytes {
            self.tally.memory.change(self.bytes, bytes);
            self.bytes = bytes;
        }
    }
}

impl Drop for Warm {
    fn drop(&mut self) {
        self.tally.memory.change(self.bytes, 0);
        self.tally.instances.change(1, 0);
    }
}

/// A counter that can be read.
struct Count {
    total: AtomicU64,
    metric: Counter,
}

impl Count {
    fn of(metric: Counter) -> Self {
        // From zero on, so that the first is seen as an increase.
        metric.increment(0);
        Self {
            total: AtomicU64::new(0),
            metric,
        }
    }

    fn add(&self, count: u64) {
        self.total.fetch_add(count, Relaxed);
        self.metric.increment(count);
    }
}

/// A sum over instances that can be read.
struct Level {
    value: AtomicUsize,
    metric: Gauge,
}

impl Level {
    fn of(metric: Gauge) -> Self {
        // Others may be counted there, of an account that ended.
        metric.increment(0.0);
        Self {
            value: AtomicUsize::new(0),
            metric,
        }
    }

    /// One of the instances has another value than before.
    #[allow(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
    fn change(&self, before: usize, after: usize) {
        if after >= before {
            let more = after - before;
            self.value.fetch_add(more, Relaxed);
            self.metric.increment(more as f64);
        } else {
            let less = before - after;
            self.value.fetch_sub(less, Relaxed);
            self.metric.decrement(less as f64);
        }
    }
}

macro_rules! labelled {
    ($kind:ident, $name:literal, $labels:expr $(, $key:literal => $value:expr)?) => {
        metrics::$kind!(
            $name,
            "plugin" => $labels.plugin.clone(),
            "version" => $labels.version.clone(),
            "digest" => $labels.digest.clone()
            $(, $key => $value)?
        )
    };
}

impl Labels {
    fn calls(&self, outcome: &'static str) -> Counter {
        labelled!(counter, "cdr_gateway_plugin_calls_total", self, "outcome" => outcome)
    }

    fn retired(&self, reason: &'static str) -> Counter {
        labelled!(counter, "cdr_gateway_plugin_instances_retired_total", self, "reason" => reason)
    }

    fn suppressed(&self) -> Counter {
        labelled!(
            counter,
            "cdr_gateway_plugin_log_lines_suppressed_total",
            self
        )
    }

    fn times(&self) -> Histogram {
        labelled!(histogram, "cdr_gateway_plugin_call_seconds", self)
    }

    fn instances(&self) -> Gauge {
        labelled!(gauge, "cdr_gateway_plugin_instances", self)
    }

    fn memory(&self) -> Gauge {
        labelled!(gauge, "cdr_gateway_plugin_memory_bytes", self)
    }
}

/// What a component calls its version is a stranger's text.
fn shown_version(version: &str) -> String {
    let shown = &version[..version.floor_char_boundary(VERSION_SHOWN)];
    redacted(shown)
}

fn bump(counts: &Mutex<BTreeMap<&'static str, u64>>, key: &'static str) {
    let mut counts = counts.lock().unwrap_or_else(PoisonError::into_inner);
    *counts.entry(key).or_default() += 1;
}

fn read(counts: &Mutex<BTreeMap<&'static str, u64>>) -> BTreeMap<&'static str, u64> {
    counts
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally")
            .field("plugin", &self.labels.plugin)
            .field("version", &self.labels.version)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warm_instances_are_counted_with_their_memory() {
        let tally = Arc::new(Tally::silent());
        let mut warm = [Warm::new(&tally), Warm::new(&tally)];
        warm[0].has(100);
        warm[1].has(40);
        warm[0].has(70);
        let counts = tally.counts();
        assert_eq!((counts.instances, counts.memory_bytes), (2, 110));
        drop(warm);
        let counts = tally.counts();
        assert_eq!((counts.instances, counts.memory_bytes), (0, 0));
    }

    #[test]
    fn what_stages_say_is_counted_beside_what_they_fail_at() {
        let tally = Tally::silent();
        assert!(!tally.counts().calls.contains_key("done"), "no stage yet");
        let failed = || Err(Failure::Panic(String::new()));
        let said = [
            Ok(Outcome::Done),
            Ok(Outcome::Done),
            Ok(Outcome::Failed(String::new())),
            failed(),
        ];
        for (result, took) in said.iter().zip(1..) {
            tally.said(result, Duration::from_millis(took));
        }
        let counts = tally.counts();
        let of = |outcome| counts.calls.get(outcome).copied();
        assert_eq!((of("done"), of("ignored")), (Some(2), Some(0)));
        assert_eq!((of("failed"), of("panic")), (Some(1), Some(1)));
        assert_eq!(counts.longest, Duration::from_millis(4));
    }

    #[test]
    fn a_strangers_version_is_short_and_holds_no_number() {
        for (version, shown) in [
            ("0.1.0", "0.1.0"),
            ("build 18486147605", "build #"),
            (&"é".repeat(99), &"é".repeat(32)),
        ] {
            assert_eq!(shown_version(version), shown);
        }
    }
}
