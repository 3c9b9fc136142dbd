//! What a guest can call: the record, its lookup tables, its log and counters.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::{Duration, Instant},
};

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use super::{
    Failure, Grants, Limits, Plugin, Record, Secrets, Table, Tables,
    account::{Account, tally::Tally},
    bindings::cdr::plugin::{
        host::{self, Level},
        record::{self, EditError as WitEditError, HostCdr, Match},
        tables::{self, PrefixMatch, TableError},
        types,
    },
    engine,
    limits::MemoryLimiter,
    wasi::{self, Sleeper},
};
use crate::record::{ArrivalId, Pattern, Pointer, document::EditError};

/// Resources that a guest may hold at once: the one record, and what a sealed
/// WASI hands out (standard streams).
const MAX_RESOURCES: usize = 64;

/// Longest log line, panic message and reason kept, in bytes.
pub(super) const MAX_MESSAGE_BYTES: usize = 2048;

/// Longest tag name and value, in bytes, and how many tags a record may have.
const MAX_TAG_BYTES: usize = 4096;
const MAX_TAGS: usize = 64;

/// Counters of its own that a plugin may have, over all of its instances, and
/// how long their names may be; further ones are not counted.
const MAX_COUNTERS: usize = 32;
const MAX_COUNTER_BYTES: usize = 64;

/// The names of a plugin's own counters.
pub(super) type Counters = Arc<Mutex<BTreeSet<String>>>;

/// What wasmtime returns to say that the host cannot go on with this guest.
type Hosted<T> = wasmtime::Result<T>;

/// The record as a resource.
pub struct Cdr {
    record: Record,
}

/// State of one guest instance.
pub struct Guest {
    plugin: String,
    /// Those of the plugin. An instance that nobody uses must not keep large tables
    /// of a revision that is gone.
    tables: Weak<Tables>,
    resources: ResourceTable,
    wasi: WasiCtx,
    has_clock: bool,
    /// When the call that is under way is interrupted.
    ends: Instant,
    counters: Counters,
    secrets: Secrets,
    account: Arc<Account>,
    tally: Arc<Tally>,
    /// The arrival that it is at, if at any.
    arrival: Option<ArrivalId>,
    log_lines: u32,
    suppressed: u32,
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
            counters: counters.clone(),
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
    /// without its secrets, which are looked for before anything is cut.
    pub(super) fn said(&self, text: String, limit: usize) -> String {
        capped(self.secrets.hide(text), limit)
    }

    /// Whether one more line may be written.
    fn may_log(&mut self) -> bool {
        self.log_lines = self.log_lines.saturating_add(1);
        let limits = &self.limits;
        self.log_lines <= limits.max_log_lines
            && (self.account.log).allows(Instant::now(), limits.max_log_lines_per_s)
    }

    fn is_counted(&self, counter: &str) -> bool {
        let mut known = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        let known_or_room = known.contains(counter) || known.len() < MAX_COUNTERS;
        if known_or_room {
            known.insert(counter.to_owned());
        }
        known_or_room
    }

    fn cdr(&self, cdr: &Resource<Cdr>) -> Hosted<&Record> {
        Ok(&self.resources.get(cdr)?.record)
    }

    fn cdr_mut(&mut self, cdr: &Resource<Cdr>) -> Hosted<&mut Record> {
        Ok(&mut self.resources.get_mut(cdr)?.record)
    }

    /// Asks a table that was granted. While a guest is called, its plugin is there.
    fn ask<T>(&self, name: &str, ask: impl FnOnce(&Table) -> T) -> Result<T, TableError> {
        let tables = self.tables.upgrade();
        match tables.as_ref().and_then(|tables| tables.get(name)) {
            Some(table) => Ok(ask(table)),
            None => Err(TableError::NotGranted(name.to_owned())),
        }
    }

    /// Remembers that the output limit was hit, so that a guest that dies of it
    /// is reported with the cause.
    fn edited<T>(&mut self, result: Result<T, EditError>) -> Result<T, WitEditError> {
        if matches!(result, Err(EditError::TooLarge(_))) {
            self.output_exceeded = true;
        }
        result.map_err(WitEditError::from)
    }
}

impl From<EditError> for WitEditError {
    fn from(error: EditError) -> Self {
        match error {
            EditError::BadJson(error) => Self::BadJson(error.to_string()),
            EditError::NoParent => Self::NoParent,
            EditError::TooLarge(limit) => Self::TooLarge(limit as u64),
            EditError::NameTaken => Self::NameTaken,
        }
    }
}

fn owned(found: Vec<crate::record::document::Match<'_>>) -> Vec<Match> {
    let owned = |found: crate::record::document::Match<'_>| Match {
        pointer: found.pointer,
        json: found.json.into_owned(),
    };
    found.into_iter().map(owned).collect()
}

/// Hides runs of digits as long as a phone number: a guest's words go to logs,
/// metrics, errors and the ledger, where no personal data belongs.
pub(super) fn redacted(text: &str) -> String {
    const LONGEST: usize = 6;
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|character: char| character.is_ascii_digit()) {
        let (before, digits) = rest.split_at(start);
        let length = digits
            .find(|character: char| !character.is_ascii_digit())
            .unwrap_or(digits.len());
        let (run, after) = digits.split_at(length);
        redacted.push_str(before);
        redacted.push_str(if length > LONGEST { "#" } else { run });
        rest = after;
    }
    redacted.push_str(rest);
    redacted
}

pub(super) fn capped(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        text.truncate(text.floor_char_boundary(limit));
    }
    text
}

impl record::Host for Guest {}

impl HostCdr for Guest {
    fn get(&mut self, cdr: Resource<Cdr>, pointer: String) -> Hosted<Option<String>> {
        let record = self.cdr(&cdr)?;
        let Ok(pointer) = Pointer::parse(&pointer) else {
            return Ok(None);
        };
        Ok(record
            .document
            .get(&pointer)
            .map(std::borrow::Cow::into_owned))
    }

    fn select(&mut self, cdr: Resource<Cdr>, pattern: String) -> Hosted<Vec<Match>> {
        let record = self.cdr(&cdr)?;
        Ok(match Pattern::parse(&pattern) {
            Ok(pattern) => owned(record.document.select(&pattern)),
            Err(_) => Vec::new(),
        })
    }

    fn numbers(&mut self, cdr: Resource<Cdr>) -> Hosted<Vec<Match>> {
        let record = self.cdr(&cdr)?;
        let places = record.number_places.iter();
        Ok(places
            .flat_map(|place| owned(record.document.select(place)))
            .collect())
    }

    fn texts(&mut self, cdr: Resource<Cdr>, min_digits: u32) -> Hosted<Vec<Match>> {
        let record = self.cdr(&cdr)?;
        let min_digits = usize::try_from(min_digits).unwrap_or(usize::MAX);
        Ok(owned(
            record.document.texts(min_digits, &record.number_places),
        ))
    }

    fn names(&mut self, cdr: Resource<Cdr>, min_digits: u32) -> Hosted<Vec<Match>> {
        let min_digits = usize::try_from(min_digits).unwrap_or(usize::MAX);
        Ok(owned(self.cdr(&cdr)?.document.names(min_digits)))
    }

    fn set(
        &mut self,
        cdr: Resource<Cdr>,
        pointer: String,
        json: String,
    ) -> Hosted<Result<(), WitEditError>> {
        let pointer = match Pointer::parse(&pointer) {
            Ok(pointer) => pointer,
            Err(error) => return Ok(Err(WitEditError::BadPointer(error.to_string()))),
        };
        if pointer.tokens().is_empty() {
            return self.replace(cdr, json);
        }
        let limit = self.limits.max_output_bytes;
        let result = self.cdr_mut(&cdr)?.document.set(&pointer, &json, limit);
        Ok(self.edited(result))
    }

    fn remove(&mut self, cdr: Resource<Cdr>, pointer: String) -> Hosted<bool> {
        let document = &mut self.cdr_mut(&cdr)?.document;
        Ok(Pointer::parse(&pointer).is_ok_and(|pointer| document.remove(&pointer)))
    }

    fn rename(
        &mut self,
        cdr: Resource<Cdr>,
        pointer: String,
        name: String,
    ) -> Hosted<Result<bool, WitEditError>> {
        let pointer = match Pointer::parse(&pointer) {
            Ok(pointer) => pointer,
            Err(error) => return Ok(Err(WitEditError::BadPointer(error.to_string()))),
        };
        let limit = self.limits.max_output_bytes;
        let result = self.cdr_mut(&cdr)?.document.rename(&pointer, &name, limit);
        Ok(self.edited(result))
    }

    fn text(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        let bytes = self.cdr(&cdr)?.document.bytes();
        Ok(String::from_utf8(bytes.to_vec())?)
    }

    fn replace(&mut self, cdr: Resource<Cdr>, json: String) -> Hosted<Result<(), WitEditError>> {
        if !json.trim_start().starts_with('{') {
            let message = "a record is a JSON object".to_owned();
            return Ok(Err(WitEditError::BadJson(message)));
        }
        let limit = self.limits.max_output_bytes;
        let result = self.cdr_mut(&cdr)?.document.replace(&json, limit);
        Ok(self.edited(result))
    }

    fn tag(&mut self, cdr: Resource<Cdr>, name: String) -> Hosted<Option<String>> {
        Ok(self.cdr(&cdr)?.tags.get(&name).cloned())
    }

    fn tags(&mut self, cdr: Resource<Cdr>) -> Hosted<Vec<(String, String)>> {
        let tags = self.cdr(&cdr)?.tags.iter();
        let tags = tags.map(|(name, value)| (name.clone(), value.clone()));
        Ok(tags.collect())
    }

    fn set_tag(&mut self, cdr: Resource<Cdr>, name: String, value: String) -> Hosted<()> {
        let tags = &mut self.cdr_mut(&cdr)?.tags;
        let known = tags.contains_key(&name);
        wasmtime::ensure!(
            known || tags.len() < MAX_TAGS,
            "a record may have {MAX_TAGS} tags"
        );
        wasmtime::ensure!(
            name.len() <= MAX_TAG_BYTES && value.len() <= MAX_TAG_BYTES,
            "a tag may have {MAX_TAG_BYTES} bytes"
        );
        tags.insert(name, value);
        Ok(())
    }

    fn remove_tag(&mut self, cdr: Resource<Cdr>, name: String) -> Hosted<bool> {
        Ok(self.cdr_mut(&cdr)?.tags.remove(&name).is_some())
    }

    fn id(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        Ok(self.cdr(&cdr)?.arrival.id.to_string())
    }

    fn kind(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        Ok(self.cdr(&cdr)?.arrival.kind.to_string())
    }

    fn source(&mut self, cdr: Resource<Cdr>) -> Hosted<String> {
        Ok(self.cdr(&cdr)?.arrival.source.to_string())
    }

    fn received_ms(&mut self, cdr: Resource<Cdr>) -> Hosted<u64> {
        let milliseconds = self.cdr(&cdr)?.arrival.received.as_millisecond();
        Ok(u64::try_from(milliseconds).unwrap_or_default())
    }

    fn drop(&mut self, _cdr: Resource<Cdr>) -> Hosted<()> {
        // The host owns the record; a guest only ever borrows it.
        Ok(())
    }
}

impl tables::Host for Guest {
    fn lookup(&mut self, table: String, key: String) -> Hosted<Result<Option<String>, TableError>> {
        Ok(self.ask(&table, |table| table.lookup(&key).map(str::to_owned)))
    }

    fn lookup_prefix(
        &mut self,
        table: String,
        key: String,
    ) -> Hosted<Result<Option<PrefixMatch>, TableError>> {
        Ok(self.ask(&table, |table| {
            let found = table.lookup_prefix(&key);
            found.map(|(prefix, value)| PrefixMatch {
                prefix: prefix.to_owned(),
                value: value.to_owned(),
            })
        }))
    }
}

impl host::Host for Guest {
    fn log(&mut self, level: Level, message: String) -> Hosted<()> {
        if !self.may_log() {
            self.suppressed = self.suppressed.saturating_add(1);
            return Ok(());
        }
        let message = redacted(&self.said(message, MAX_MESSAGE_BYTES));
        let (plugin, version) = (self.plugin.as_str(), self.tally.version());
        let arrival = self.arrival.map(tracing::field::display);
        match level {
            Level::Error => {
                tracing::error!(target: "plugin", plugin, version, arrival, "{message}");
            }
            Level::Warn => tracing::warn!(target: "plugin", plugin, version, arrival, "{message}"),
            Level::Info => tracing::info!(target: "plugin", plugin, version, arrival, "{message}"),
            Level::Debug => {
                tracing::debug!(target: "plugin", plugin, version, arrival, "{message}");
            }
        }
        Ok(())
    }

    fn count(&mut self, counter: String, delta: u64) -> Hosted<()> {
        let counter = redacted(&self.said(counter, MAX_COUNTER_BYTES));
        if !self.is_counted(&counter) {
            return Ok(());
        }
        metrics::counter!("cdr_gateway_plugin_custom_total", "plugin" => self.plugin.clone(), "counter" => counter)
            .increment(delta);
        Ok(())
    }

    fn panicked(&mut self, message: String) -> Hosted<()> {
        self.panic = Some(redacted(&self.said(message, MAX_MESSAGE_BYTES)));
        Ok(())
    }
}

impl types::Host for Guest {}

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
    use super::redacted;

    #[test]
    fn what_could_be_a_number_is_hidden() {
        let cases = [
            ("no table for 0086184xxxx7605", "no table for #xxxx7605"),
            ("18486147605", "#"),
            ("rule 123456 of 7", "rule 123456 of 7"),
            ("号码 13123456789,", "号码 #,"),
            ("", ""),
        ];
        for (text, expected) in cases {
            assert_eq!(redacted(text), expected);
        }
    }
}
