//! The plugin's side of the contract in `wit/`. What `export!` expands to ends
//! here; authors do not call it.
//!
//! Any panic reaches the host as its message, then traps.

mod handle;
mod instance;
pub mod stage;

use crate::{
    Level,
    tables::{PrefixMatch, TableError},
};

pub(crate) use handle::Handle;
pub use instance::{Instance, describe};
pub(crate) use stage::{
    emit, fetch, now_ms, state_get, state_list, state_remove, state_set, timer_cancel, timer_set,
};

/// Generated from `wit/`.
#[allow(
    missing_docs,
    clippy::all,
    clippy::pedantic,
    reason = "generated: crossing the component boundary takes raw memory"
)]
pub mod bindings {
    wit_bindgen::generate!({
        world: "transform",
        path: "wit",
        export_macro_name: "export_transform",
        pub_export_macro: true,
    });
}

use bindings::cdr::plugin::{host, tables};

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Error => host::Level::Error,
        Level::Warn => host::Level::Warn,
        Level::Info => host::Level::Info,
        Level::Debug => host::Level::Debug,
    };
    host::log(level, message);
}

pub(crate) fn count(counter: &str, delta: u64) {
    host::count(counter, delta);
}

pub(crate) fn lookup(table: &str, key: &str) -> Result<Option<String>, TableError> {
    tables::lookup(table, key).map_err(table_error)
}

pub(crate) fn lookup_prefix(table: &str, key: &str) -> Result<Option<PrefixMatch>, TableError> {
    let found = tables::lookup_prefix(table, key).map_err(table_error)?;
    Ok(found.map(|found| PrefixMatch {
        prefix: found.prefix,
        value: found.value,
    }))
}

fn table_error(error: tables::TableError) -> TableError {
    match error {
        tables::TableError::NotGranted(table) => TableError::NotGranted(table),
    }
}
