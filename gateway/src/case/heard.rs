//! Listens to a plugin: what it logs and counts, on its way to the log and to the
//! metrics of the gateway, cut and limited as there.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use tracing::{Dispatch, Event, Subscriber, dispatcher, field};
use tracing_subscriber::{Layer, layer::Context, prelude::*};

/// Where plugins log to, and what they count on, as the host names it.
const TARGET: &str = "plugin";
const COUNTER: &str = "cdr_gateway_plugin_custom_total";

/// What was heard since it was asked for last.
#[derive(Debug, Default)]
pub(super) struct Heard {
    pub(super) log: Vec<String>,
    pub(super) counters: BTreeMap<String, u64>,
}

/// Hears what is logged and counted while it listens.
pub(super) struct Ear {
    lines: Arc<Mutex<Vec<String>>>,
    log: Dispatch,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    by_name: Mutex<BTreeMap<String, Arc<AtomicU64>>>,
}

struct Lines(Arc<Mutex<Vec<String>>>);

impl Ear {
    pub(super) fn new() -> Self {
        let lines = Arc::default();
        let layer = Lines(Arc::clone(&lines));
        Self {
            log: Dispatch::new(tracing_subscriber::registry().with(layer)),
            lines,
            counters: Counters::default(),
        }
    }

    /// Does something, and hears what plugins say meanwhile on this thread.
    pub(super) fn listen<T>(&self, act: impl FnOnce() -> T) -> T {
        metrics::with_local_recorder(&self.counters, || dispatcher::with_default(&self.log, act))
    }

    /// What was heard since the last time.
    pub(super) fn heard(&self) -> Heard {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        Heard {
            log: std::mem::take(&mut *lines),
            counters: self.counters.take(),
        }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if event.metadata().target() != TARGET {
            return;
        }
        let mut message = Message(String::new());
        event.record(&mut message);
        let level = event.metadata().level().as_str().to_lowercase();
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(format!("{level}: {}", message.0));
    }
}

/// The text of an event.
struct Message(String);

impl field::Visit for Message {
    fn record_debug(&mut self, field: &field::Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

impl Counters {
    /// What was counted since the last time. Counters stay, since whoever counts
    /// may keep a handle.
    fn take(&self) -> BTreeMap<String, u64> {
        let by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = by_name
            .iter()
            .map(|(name, count)| (name.clone(), count.swap(0, Ordering::Relaxed)));
        counted.filter(|(_, count)| *count > 0).collect()
    }
}

impl Recorder for Counters {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        let mut labels = key.labels().filter(|label| label.key() == "counter");
        match labels.next() {
            Some(label) if key.name() == COUNTER => {
                let mut by_name = self.by_name.lock().unwrap_or_else(PoisonError::into_inner);
                let count = by_name.entry(label.value().to_owned()).or_default();
                Counter::from_arc(count.clone())
            }
            _ => Counter::noop(),
        }
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_plugins_say_is_heard_and_only_once() {
        let ear = Ear::new();
        ear.listen(|| {
            tracing::warn!(target: "plugin", plugin = "x", "no prefix");
            tracing::warn!("the gateway's own");
            metrics::counter!("cdr_gateway_plugin_custom_total", "plugin" => "x", "counter" => "masked")
                .increment(2);
            metrics::counter!("cdr_gateway_plugin_calls_total", "plugin" => "x").increment(1);
        });
        tracing::warn!(target: "plugin", "nobody listens");
        let heard = ear.heard();
        assert_eq!(heard.log, ["warn: no prefix"]);
        assert_eq!(heard.counters, BTreeMap::from([("masked".to_owned(), 2)]));
        let heard = ear.heard();
        assert!(heard.log.is_empty() && heard.counters.is_empty());
    }
}
