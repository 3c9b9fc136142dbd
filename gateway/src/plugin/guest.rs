//! The state of one guest: the record that it was lent, what it was granted, and
//! what was noted of its call.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use metrics::Counter;
use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::{
    Failure, Grants, Limits, Plugin, Record, Secrets, Table, Tables,
    account::{Account, tally::Tally},
    bindings::cdr::plugin::tables::TableError,
    engine,
    failure::{self, Circumstances},
    limits::MemoryLimiter,
    told::{capped, redacted_but},
    wasi::{self, Sleeper},
};
use crate::record::{ArrivalId, document::EditError};

/// Resources that a guest may hold at once: the one record, and what a sealed
/// WASI hands out (standard streams).
const MAX_RESOURCES: usize = 64;

/// Counters of its own that a plugin may have, over all of its instances, and
/// how long their names may be; further ones are not counted.
const MAX_COUNTERS: usize = 32;
const MAX_COUNTER_BYTES: usize = 64;

/// Time that a call may wait for the gateway at most, over all that it asks. A call that
/// asks without end is interrupted after it.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Share of the memory limit at which an instance is retired, in percent: a
/// guest that leaks gets a new start before a record pays for it.
const RETIRE_AT_MEMORY_PERCENT: usize = 80;

/// The names of a plugin's own counters.
pub(super) type Counters = Arc<Mutex<BTreeSet<String>>>;

/// What wasmtime returns to say that the host cannot go on with this guest.
pub(super) type Hosted<T> = wasmtime::Result<T>;

/// The record as a resource.
pub struct Cdr {
    record: Record,
}

/// State of one guest instance.
pub struct Guest {
    pub(super) plugin: String,
    /// Those of the plugin. An instance that nobody uses must not keep large tables
    /// of a revision that is gone.
    tables: Weak<Tables>,
    resources: ResourceTable,
    wasi: WasiCtx,
    has_clock: bool,
    /// When the call that is under way is interrupted.
    ends: Instant,
    /// What it may still be given for waiting.
    patience: Duration,
    counters: Counters,
    /// Counters by what the guest calls them.
    counted: HashMap<String, Counter>,
    secrets: Secrets,
    account: Arc<Account>,
    pub(super) tally: Arc<Tally>,
    /// The arrival that it is at, if at any.
    pub(super) arrival: Option<ArrivalId>,
    log_lines: u32,
    pub(super) suppressed: u32,
    pub(super) limits: Limits,
    pub(super) memory: MemoryLimiter,
    pub(super) panic: Option<String>,
    pub(super) output_exceeded: bool,
}

impl Guest {
    pub(super) fn new(plugin: &Plugin) -> Self {
        Self::granted(
            &plugin.name,
            &plugin.tables,
            &plugin.counters,
            &plugin.secrets,
            (&plugin.account, &plugin.tally),
            plugin.limits,
            plugin.grants,
        )
    }

    /// A guest with what a plugin of this name may use.
    pub(super) fn granted(
        name: &str,
        tables: &Arc<Tables>,
        counters: &Counters,
        secrets: &Secrets,
        (account, tally): (&Arc<Account>, &Arc<Tally>),
        limits: Limits,
        grants: Grants,
    ) -> Self {
        let mut resources = ResourceTable::new();
        resources.set_max_capacity(MAX_RESOURCES);
        Self {
            plugin: name.to_owned(),
            tables: Arc::downgrade(tables),
            resources,
            wasi: wasi::context(grants),
            has_clock: grants.clock,
            ends: Instant::now(),
            patience: Duration::ZERO,
            counters: counters.clone(),
            counted: HashMap::new(),
            secrets: secrets.clone(),
            account: account.clone(),
            tally: tally.clone(),
            arrival: None,
            log_lines: 0,
            suppressed: 0,
            limits,
            memory: MemoryLimiter::new(limits.max_memory_bytes),
            panic: None,
            output_exceeded: false,
        }
    }

    /// Says how long the call that begins may take.
    pub(super) fn bound(&mut self, deadline: Duration) {
        self.ends = Instant::now() + engine::latest(deadline);
        self.patience = LONGEST_WAIT;
    }

    /// Does not count against the call what it waited for the gateway, within reason:
    /// what is left of its time.
    pub(super) fn waited(&mut self, wait: Duration) -> Duration {
        let given = wait.min(self.patience);
        self.patience -= given;
        self.ends += given;
        self.ends.saturating_duration_since(Instant::now())
    }

    /// Whether the call took longer than it may without being interrupted: one that
    /// sleeps is woken at the end of its time, and may return before the epoch's
    /// next tick meets it.
    pub(super) fn has_overslept(&self) -> bool {
        self.has_clock && Instant::now() >= self.ends
    }

    /// Hands the record to the guest for one call.
    pub(super) fn lend(&mut self, record: Record) -> Result<Resource<Cdr>, Failure> {
        let arrival = record.arrival.id;
        self.begin_call();
        self.arrival = Some(arrival);
        let pushed = self.resources.push(Cdr { record });
        pushed.map_err(|error| Failure::Trap(error.to_string()))
    }

    /// Forgets what was noted of the call before.
    pub(super) fn begin_call(&mut self) {
        self.arrival = None;
        self.log_lines = 0;
        self.output_exceeded = false;
        self.memory.exceeded = false;
        self.panic = None;
    }

    /// Takes the record back after the call.
    pub(super) fn take_back(&mut self, handle: Resource<Cdr>) -> Result<Record, Failure> {
        match self.resources.delete(handle) {
            Ok(cdr) => Ok(cdr.record),
            Err(error) => Err(Failure::Trap(error.to_string())),
        }
    }

    /// Reports log lines that were over a limit.
    pub(super) fn finish_call(&mut self) {
        let suppressed = std::mem::take(&mut self.suppressed);
        if suppressed > 0 {
            self.tally.suppressed(suppressed);
        }
    }

    /// A guest's words as people may see them: no longer than the limit, and
    /// without its secrets and whatever could be a number, which are looked for
    /// before anything is cut. All that it says goes through here.
    pub(super) fn said(&self, text: String, limit: usize) -> String {
        let output_limit = self.limits.max_output_bytes.to_string();
        let hidden = redacted_but(&self.secrets.hide(text), &output_limit);
        capped(hidden, limit)
    }

    /// Whether one more line may be written.
    pub(super) fn may_log(&mut self) -> bool {
        self.log_lines = self.log_lines.saturating_add(1);
        let limits = &self.limits;
        self.log_lines <= limits.max_log_lines
            && (self.account.log).allows(Instant::now(), limits.max_log_lines_per_s)
    }

    /// Counts, where there is room for a counter of that name.
    pub(super) fn count(&mut self, counter: String, delta: u64) {
        if let Some(known) = self.counted.get(&counter) {
            return known.increment(delta);
        }
        let shown = self.said(counter.clone(), MAX_COUNTER_BYTES);
        if !self.is_counted(&shown) {
            return;
        }
        let metric = metrics::counter!("cdr_gateway_plugin_custom_total", "plugin" => self.plugin.clone(), "counter" => shown);
        metric.increment(delta);
        // Several names may be shown as one.
        if counter.len() <= MAX_COUNTER_BYTES && self.counted.len() < MAX_COUNTERS {
            self.counted.insert(counter, metric);
        }
    }

    fn is_counted(&self, counter: &str) -> bool {
        let mut known = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let known_or_room = known.contains(counter) || known.len() < MAX_COUNTERS;
        if known_or_room {
            known.insert(counter.to_owned());
        }
        known_or_room
    }

    pub(super) fn cdr(&self, cdr: &Resource<Cdr>) -> Hosted<&Record> {
        Ok(&self.resources.get(cdr)?.record)
    }

    pub(super) fn cdr_mut(&mut self, cdr: &Resource<Cdr>) -> Hosted<&mut Record> {
        Ok(&mut self.resources.get_mut(cdr)?.record)
    }

    /// Asks a table that was granted. While a guest is called, its plugin is there.
    pub(super) fn ask<T>(
        &self,
        name: &str,
        ask: impl FnOnce(&Table) -> T,
    ) -> Result<T, TableError> {
        let tables = self.tables.upgrade();
        match tables.as_ref().and_then(|tables| tables.get(name)) {
            Some(table) => Ok(ask(table)),
            None => Err(TableError::NotGranted(name.to_owned())),
        }
    }

    /// Remembers that the output limit was hit, so that a guest that dies of it
    /// is reported with the cause.
    pub(super) fn edited<T, E: From<EditError>>(
        &mut self,
        result: Result<T, EditError>,
    ) -> Result<T, E> {
        if matches!(result, Err(EditError::TooLarge(_))) {
            self.output_exceeded = true;
        }
        result.map_err(E::from)
    }

    /// What an error of its call was, by what was noted of the call.
    pub(super) fn explain(&mut self, error: &wasmtime::Error, deadline: Duration) -> Failure {
        self.finish_call();
        let limits = &self.limits;
        let seen = Circumstances {
            panic: self.panic.take(),
            memory_exceeded: self.memory.exceeded.then_some(limits.max_memory_bytes),
            output_exceeded: self.output_exceeded.then_some(limits.max_output_bytes),
            deadline,
        };
        failure::classify(error, seen)
    }

    /// Why its instance is to be retired after so many calls, if it is.
    pub(super) fn spent(&self, calls: u64) -> Option<&'static str> {
        let limits = &self.limits;
        if self.memory.used() / RETIRE_AT_MEMORY_PERCENT >= limits.max_memory_bytes / 100 {
            Some("memory_growth")
        } else {
            (calls >= limits.max_calls).then_some("calls")
        }
    }

    /// What it may hand over in one call, in bytes: more than its output limit, so
    /// that it is told of the limit before it traps.
    pub(super) fn hostcall_fuel(&self) -> usize {
        const FACTOR: usize = 4;
        self.limits.max_output_bytes.saturating_mul(FACTOR)
    }
}

impl Sleeper for Guest {
    fn patience(&self) -> Duration {
        if self.has_clock {
            self.ends.saturating_duration_since(Instant::now())
        } else {
            Duration::ZERO
        }
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.resources,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::model::PluginHost;

    #[test]
    fn whatever_a_guest_says_is_short_and_holds_no_number() {
        let guest = Guest::granted(
            "mask",
            &Arc::default(),
            &Counters::default(),
            &Secrets::default(),
            (&Arc::default(), &Arc::new(Tally::silent())),
            Limits::from(&PluginHost::default()),
            Grants::default(),
        );
        for (said, shown) in [
            ("no place for 18486147605", "no place for #"),
            ("18486147605 is too long", "# is too lon"),
            ("rule 7", "rule 7"),
        ] {
            assert_eq!(guest.said(said.to_owned(), shown.len()), shown);
        }
    }
}
