//! What stands in for the gateway around the record: tables, log, counters.

use std::{cell::RefCell, collections::BTreeMap, marker::PhantomData};

use crate::{
    Level,
    tables::{PrefixMatch, TableError},
};

thread_local! {
    static STATE: RefCell<State> = const { RefCell::new(State::new()) };
}

struct State {
    tables: BTreeMap<String, BTreeMap<String, String>>,
    logs: Vec<(Level, String)>,
    counters: BTreeMap<String, u64>,
}

impl State {
    const fn new() -> Self {
        Self {
            tables: BTreeMap::new(),
            logs: Vec::new(),
            counters: BTreeMap::new(),
        }
    }
}

/// The gateway around a plugin, for the test's thread, until it is dropped.
///
/// ```
/// use cdr_plugin_sdk::{mock, tables};
///
/// let host = mock::Host::new().with_table("area", &[("0755", "Shenzhen")]);
/// let found = tables::longest_prefix("area", "075588886666").unwrap().unwrap();
/// assert_eq!(found.value, "Shenzhen");
/// cdr_plugin_sdk::count("found", 1);
/// assert_eq!(host.counter("found"), 1);
/// ```
#[derive(Debug)]
pub struct Host {
    /// The state is the thread's, so the guard must stay on it.
    not_send: PhantomData<*const ()>,
}

impl Host {
    /// A host without tables, whose log and counters are empty.
    #[must_use]
    pub fn new() -> Self {
        STATE.replace(State::new());
        super::stage::reset();
        Self {
            not_send: PhantomData,
        }
    }

    /// Grants a table.
    #[must_use]
    pub fn with_table(self, name: &str, rows: &[(&str, &str)]) -> Self {
        let rows = rows.iter();
        let rows = rows.map(|&(key, value)| (key.to_owned(), value.to_owned()));
        STATE.with_borrow_mut(|state| state.tables.insert(name.to_owned(), rows.collect()));
        self
    }

    /// The log lines so far.
    pub fn logs(&self) -> Vec<(Level, String)> {
        STATE.with_borrow(|state| state.logs.clone())
    }

    /// A counter's value; 0 where nothing was counted.
    pub fn counter(&self, name: &str) -> u64 {
        STATE.with_borrow(|state| state.counters.get(name).copied().unwrap_or_default())
    }
}

impl Default for Host {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        STATE.replace(State::new());
        super::stage::reset();
    }
}

pub(crate) fn log(level: Level, message: &str) {
    STATE.with_borrow_mut(|state| state.logs.push((level, message.to_owned())));
}

pub(crate) fn count(counter: &str, delta: u64) {
    STATE.with_borrow_mut(|state| {
        let value = state.counters.entry(counter.to_owned()).or_default();
        *value = value.saturating_add(delta);
    });
}

pub(crate) fn lookup(table: &str, key: &str) -> Result<Option<String>, TableError> {
    with_table(table, |rows| rows.get(key).cloned())
}

pub(crate) fn lookup_prefix(table: &str, key: &str) -> Result<Option<PrefixMatch>, TableError> {
    with_table(table, |rows| {
        let known = rows.iter().filter(|(prefix, _)| key.starts_with(*prefix));
        let longest = known.max_by_key(|(prefix, _)| prefix.len());
        longest.map(|(prefix, value)| PrefixMatch {
            prefix: prefix.clone(),
            value: value.clone(),
        })
    })
}

fn with_table<T>(
    name: &str,
    look: impl FnOnce(&BTreeMap<String, String>) -> T,
) -> Result<T, TableError> {
    STATE.with_borrow(|state| {
        let rows = state.tables.get(name);
        rows.map(look)
            .ok_or_else(|| TableError::NotGranted(name.to_owned()))
    })
}
