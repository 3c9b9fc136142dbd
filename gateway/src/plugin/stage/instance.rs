//! A started stage: one store, in the hands of the one task that runs it.

use std::time::{Duration, Instant};

use wasmtime::{Store, UpdateDeadline, component::Resource};

use super::{
    StageGuest, StagePlugin,
    bindings::{Stage, cdr::plugin::outcomes},
};
use crate::{
    plugin::{
        Failure, Record,
        account::tally::Warm,
        component::{Description, Refusal},
        engine,
        guest::Guest,
        told::{self, MAX_MESSAGE_BYTES},
    },
    stage::SharedTurn,
};

/// What a stage says of what it was called with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is done with.
    Done,
    /// It has nothing to do with it, for a reason.
    Ignored(String),
    /// It could not be processed, for a reason.
    Failed(String),
}

/// A started guest. After a [`Failure`] it is not used again.
pub struct StageInstance {
    store: Store<StageGuest>,
    stage: Stage,
    calls: u64,
    /// Once it has been called.
    warm: Option<Warm>,
}

impl StageInstance {
    /// Instantiates and configures.
    ///
    /// # Errors
    /// With [`Failure::Start`].
    pub fn start(plugin: &StagePlugin) -> Result<Self, Failure> {
        let failed = |failure: Failure| Failure::Start(failure.to_string());
        let mut instance = Self::unconfigured(plugin).map_err(failed)?;
        match instance.configure(plugin).map_err(failed)? {
            Ok(()) => Ok(instance),
            Err(refusals) => Err(told::refused_later(refusals)),
        }
    }

    pub(super) fn unconfigured(plugin: &StagePlugin) -> Result<Self, Failure> {
        let limits = &plugin.limits;
        let guest = StageGuest {
            guest: Guest::granted(
                &plugin.name,
                &plugin.tables,
                &plugin.counters,
                &plugin.secrets,
                (&plugin.account, &plugin.tally),
                *limits,
                plugin.ambient,
            ),
            turn: None,
        };
        let mut store = Store::new(&plugin.host.engine, guest);
        store.limiter(|stage| &mut stage.guest.memory);
        let fuel = store.data().guest.hostcall_fuel();
        store.set_hostcall_fuel(fuel);
        store.epoch_deadline_callback(|mut store| {
            let left = store.data_mut().time_left();
            Ok(if left.is_zero() {
                UpdateDeadline::Interrupt
            } else {
                UpdateDeadline::Continue(engine::ticks(left))
            })
        });
        store.data_mut().guest.bound(limits.configure_deadline);
        store.set_epoch_deadline(engine::ticks(limits.configure_deadline));
        match plugin.pre.instantiate(&mut store) {
            Ok(stage) => Ok(Self {
                store,
                stage,
                calls: 0,
                warm: None,
            }),
            Err(error) => Err(store
                .data_mut()
                .guest
                .explain(&error, limits.configure_deadline)),
        }
    }

    pub(super) fn describe(&mut self, plugin: &StagePlugin) -> Result<Description, Failure> {
        let deadline = plugin.limits.configure_deadline;
        self.store.data_mut().guest.bound(deadline);
        self.store.set_epoch_deadline(engine::ticks(deadline));
        match self.stage.call_describe(&mut self.store) {
            Ok(said) => told::description(said),
            Err(error) => Err(self.store.data_mut().guest.explain(&error, deadline)),
        }
    }

    pub(super) fn configure(
        &mut self,
        plugin: &StagePlugin,
    ) -> Result<Result<(), Vec<Refusal>>, Failure> {
        let deadline = plugin.limits.configure_deadline;
        self.store.data_mut().guest.bound(deadline);
        self.store.set_epoch_deadline(engine::ticks(deadline));
        match self.stage.call_configure(&mut self.store, &plugin.config) {
            Ok(Ok(())) => Ok(Ok(())),
            Ok(Err(errors)) => Ok(Err(told::refusals(errors, &plugin.secrets))),
            Err(error) => Err(self.store.data_mut().guest.explain(&error, deadline)),
        }
    }

    /// Has it process one record within a turn.
    ///
    /// # Errors
    /// With the [`Failure`] of the call.
    pub fn process(
        &mut self,
        plugin: &StagePlugin,
        record: Record,
        turn: &SharedTurn,
    ) -> Result<Outcome, Failure> {
        self.call(plugin, turn, |instance| {
            let handle = instance.store.data_mut().guest.lend(record)?;
            let borrowed = Resource::new_borrow(handle.rep());
            let outcome = instance.stage.call_process(&mut instance.store, borrowed);
            // What it changed of the record is not kept.
            let taken_back = instance.store.data_mut().guest.take_back(handle);
            if outcome.is_ok() {
                taken_back?;
            }
            Ok(outcome)
        })
    }

    /// Fires one of its timers, likewise.
    ///
    /// # Errors
    /// With the [`Failure`] of the call.
    pub fn timer(
        &mut self,
        plugin: &StagePlugin,
        key: &str,
        due_ms: u64,
        turn: &SharedTurn,
    ) -> Result<Outcome, Failure> {
        self.call(plugin, turn, |instance| {
            instance.store.data_mut().guest.begin_call();
            Ok(instance.stage.call_timer(&mut instance.store, key, due_ms))
        })
    }

    fn call(
        &mut self,
        plugin: &StagePlugin,
        turn: &SharedTurn,
        call: impl FnOnce(&mut Self) -> Result<wasmtime::Result<outcomes::Outcome>, Failure>,
    ) -> Result<Outcome, Failure> {
        let started = Instant::now();
        let deadline = plugin.limits.deadline;
        self.calls += 1;
        self.store.data_mut().turn = Some(turn.clone());
        self.store.data_mut().guest.bound(deadline);
        self.store.set_epoch_deadline(engine::ticks(deadline));
        let result = call(self).and_then(|result| match result {
            Ok(outcome) => {
                self.store.data_mut().time_left();
                let guest = &mut self.store.data_mut().guest;
                guest.finish_call();
                if guest.has_overslept() {
                    return Err(Failure::Deadline(deadline));
                }
                Ok(said(guest, outcome))
            }
            Err(error) => Err(self.store.data_mut().guest.explain(&error, deadline)),
        });
        self.store.data_mut().turn = None;
        report(plugin, &result, started.elapsed());
        result
    }

    /// The instance for the next call; none where a new one should take its place.
    #[must_use]
    pub fn keep(mut self, plugin: &StagePlugin) -> Option<Self> {
        let guest = &self.store.data().guest;
        let Some(reason) = guest.spent(self.calls) else {
            let memory = guest.memory.used();
            self.warm
                .get_or_insert_with(|| Warm::new(&plugin.tally))
                .has(memory);
            return Some(self);
        };
        plugin.tally.retired(reason);
        None
    }
}

/// An outcome in words that people may see.
fn said(guest: &Guest, outcome: outcomes::Outcome) -> Outcome {
    match outcome {
        outcomes::Outcome::Done => Outcome::Done,
        outcomes::Outcome::Ignored(why) => Outcome::Ignored(guest.said(why, MAX_MESSAGE_BYTES)),
        outcomes::Outcome::Failed(why) => Outcome::Failed(guest.said(why, MAX_MESSAGE_BYTES)),
    }
}

fn report(plugin: &StagePlugin, result: &Result<Outcome, Failure>, took: Duration) {
    if let Err(failure) = result {
        plugin.tally.retired(failure.reason());
    }
    plugin.tally.said(result, took);
}
