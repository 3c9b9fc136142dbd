//! Warm instances of plugins: one store each, per plugin and worker thread.
//!
//! An instance is retired after a failure (its store is poisoned), after
//! `max_calls` calls, and when it has come near its memory limit; each is counted
//! with its reason ([`super::account::tally`]). What becomes
//! of a record does not depend on the instance it meets: a transform is pure.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use wasmtime::{Store, component::Resource};

use super::{
    Failure, Plugin,
    account::tally::Warm,
    bindings::{Transform, cdr::plugin::types},
    component::{Description, Refusal},
    engine,
    guest::Guest,
    told::{self, MAX_MESSAGE_BYTES},
};
use crate::record::{Arrival, Document, NumberPlaces, Tags};

/// The record as it goes from plugin to plugin.
#[derive(Debug, Clone)]
pub struct Record {
    /// The arrival that it came from.
    pub arrival: Arc<Arrival>,
    /// The document, with the edits so far.
    pub document: Document,
    /// The tags, with the edits so far.
    pub tags: Tags,
    /// Where the dialect says that numbers stand in this kind of record.
    pub number_places: Arc<NumberPlaces>,
}

/// What a plugin says of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It goes on.
    Keep,
    /// It ends here, for a reason.
    Drop(String),
    /// It needs a person, for a reason.
    Suspend(String),
}

/// A record that came back from a plugin, and its verdict.
#[derive(Debug)]
pub struct Processed {
    /// The record with the plugin's edits.
    pub record: Record,
    /// The verdict.
    pub verdict: Verdict,
}

/// How often a deadline overrun is tried before it counts: a single one may be
/// the machine's fault.
pub(crate) const DEADLINE_TRIES: u32 = 3;

/// A started guest.
pub(super) struct Instance {
    store: Store<Guest>,
    transform: Transform,
    calls: u64,
    /// Once it is one of the warm ones.
    warm: Option<Warm>,
}

impl Instance {
    /// Instantiates, unconfigured.
    pub(super) fn start(plugin: &Plugin) -> Result<Self, Failure> {
        let mut store = Store::new(&plugin.host.engine, Guest::new(plugin));
        store.limiter(|guest| &mut guest.memory);
        let fuel = store.data().hostcall_fuel();
        store.set_hostcall_fuel(fuel);
        store.data_mut().bound(plugin.limits.configure_deadline);
        store.set_epoch_deadline(engine::ticks(plugin.limits.configure_deadline));
        match plugin.pre.instantiate(&mut store) {
            Ok(transform) => Ok(Self {
                store,
                transform,
                calls: 0,
                warm: None,
            }),
            Err(error) => Err(store
                .data_mut()
                .explain(&error, plugin.limits.configure_deadline)),
        }
    }

    pub(super) fn describe(&mut self, plugin: &Plugin) -> Result<Description, Failure> {
        let deadline = plugin.limits.configure_deadline;
        self.arm(deadline);
        match self.transform.call_describe(&mut self.store) {
            Ok(said) => told::description(said),
            Err(error) => Err(self.store.data_mut().explain(&error, deadline)),
        }
    }

    pub(super) fn configure(
        &mut self,
        plugin: &Plugin,
    ) -> Result<Result<(), Vec<Refusal>>, Failure> {
        let deadline = plugin.limits.configure_deadline;
        self.arm(deadline);
        match self
            .transform
            .call_configure(&mut self.store, &plugin.config)
        {
            Ok(Ok(())) => Ok(Ok(())),
            Ok(Err(errors)) => Ok(Err(told::refusals(errors, &plugin.secrets))),
            Err(error) => Err(self.store.data_mut().explain(&error, deadline)),
        }
    }

    pub(super) fn process(
        &mut self,
        plugin: &Plugin,
        record: Record,
    ) -> Result<Processed, Failure> {
        let deadline = plugin.limits.deadline;
        self.calls += 1;
        self.arm(deadline);
        let handle = self.store.data_mut().lend(record)?;
        let borrowed = Resource::new_borrow(handle.rep());
        let verdict = self.transform.call_process(&mut self.store, borrowed);
        let record = self.store.data_mut().take_back(handle);
        match verdict {
            Ok(verdict) => {
                let guest = self.store.data_mut();
                guest.finish_call();
                if guest.has_overslept() {
                    return Err(Failure::Deadline(deadline));
                }
                Ok(Processed {
                    record: record?,
                    verdict: said(guest, verdict),
                })
            }
            Err(error) => Err(self.store.data_mut().explain(&error, deadline)),
        }
    }

    /// Linear memory in use, in bytes.
    pub(super) fn memory_bytes(&self) -> usize {
        self.store.data().memory.used()
    }

    /// Sets the time of the call that comes.
    fn arm(&mut self, deadline: Duration) {
        self.store.data_mut().bound(deadline);
        self.store.set_epoch_deadline(engine::ticks(deadline));
    }

    /// Shows it among the warm ones.
    fn warm_up(&mut self, plugin: &Plugin) {
        let memory = self.memory_bytes();
        self.warm
            .get_or_insert_with(|| Warm::new(&plugin.tally))
            .has(memory);
    }
}

fn said(guest: &Guest, verdict: types::Verdict) -> Verdict {
    match verdict {
        types::Verdict::Keep => Verdict::Keep,
        types::Verdict::Drop(reason) => Verdict::Drop(guest.said(reason, MAX_MESSAGE_BYTES)),
        types::Verdict::Suspend(reason) => Verdict::Suspend(guest.said(reason, MAX_MESSAGE_BYTES)),
    }
}

/// The warm instances of one worker thread.
#[derive(Default)]
pub struct Instances {
    warm: HashMap<usize, (Weak<Plugin>, Instance)>,
}

impl Instances {
    /// Runs one record through a plugin.
    ///
    /// # Errors
    /// With the [`Failure`] of the call; the record that the guest held is
    /// gone, the caller still has its own.
    pub fn process(&mut self, plugin: &Arc<Plugin>, record: &Record) -> Result<Processed, Failure> {
        let started = Instant::now();
        let result = self.with_tries(plugin, record);
        plugin.tally.called(&result, started.elapsed());
        result
    }

    fn with_tries(&mut self, plugin: &Arc<Plugin>, record: &Record) -> Result<Processed, Failure> {
        let mut tried = 1;
        loop {
            match self.once(plugin, record.clone()) {
                Err(Failure::Deadline(_)) if tried < DEADLINE_TRIES => tried += 1,
                result => return result,
            }
        }
    }

    fn once(&mut self, plugin: &Arc<Plugin>, record: Record) -> Result<Processed, Failure> {
        let key = Arc::as_ptr(plugin).addr();
        let mut instance = self.take(key, plugin)?;
        let processed = instance
            .process(plugin, record)
            .inspect_err(|failure| plugin.tally.retired(failure.reason()))?;
        if let Some(reason) = instance.store.data().spent(instance.calls) {
            plugin.tally.retired(reason);
        } else {
            instance.warm_up(plugin);
            self.warm.insert(key, (Arc::downgrade(plugin), instance));
        }
        Ok(processed)
    }

    /// Takes the warm instance out, so that a failure drops it, or starts one.
    fn take(&mut self, key: usize, plugin: &Arc<Plugin>) -> Result<Instance, Failure> {
        match self.warm.remove(&key) {
            Some((owner, instance)) if owner.upgrade().is_some_and(|o| Arc::ptr_eq(&o, plugin)) => {
                Ok(instance)
            }
            _ => {
                self.forget_unloaded();
                start(plugin)
            }
        }
    }

    /// Drops the instances of plugins that no revision uses any more.
    fn forget_unloaded(&mut self) {
        self.warm.retain(|_, (owner, _)| owner.strong_count() > 0);
    }
}

fn start(plugin: &Plugin) -> Result<Instance, Failure> {
    let failed = |failure: Failure| Failure::Start(failure.to_string());
    let mut instance = Instance::start(plugin).map_err(failed)?;
    match instance.configure(plugin).map_err(failed)? {
        Ok(()) => Ok(instance),
        Err(refusals) => Err(told::refused_later(refusals)),
    }
}
