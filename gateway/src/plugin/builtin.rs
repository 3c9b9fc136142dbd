//! The plugins and tables that come with the gateway, embedded by the build.

use std::sync::{Arc, OnceLock};

use super::{Table, Tables};

/// An embedded plugin.
#[derive(Debug, Clone, Copy)]
pub struct Builtin {
    /// The component.
    pub wasm: &'static [u8],
    /// Embedded tables that it is granted without being asked for.
    pub tables: &'static [&'static str],
}

macro_rules! guest {
    ($file:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/guests/", $file, ".wasm"))
    };
}

/// The plugin `builtin:NAME`.
#[must_use]
pub fn plugin(name: &str) -> Option<Builtin> {
    let (wasm, tables): (&'static [u8], &'static [&'static str]) = match name {
        "phone-mask" => (guest!("cdr_plugin_phone_mask"), &[]),
        "attribution" => (guest!("cdr_plugin_attribution"), &["attribution"]),
        "filter" => (guest!("cdr_plugin_filter"), &[]),
        "map" => (guest!("cdr_plugin_map"), &[]),
        "redact" => (guest!("cdr_plugin_redact"), &[]),
        "sessionize" => (guest!("cdr_plugin_sessionize"), &[]),
        _ => return None,
    };
    Some(Builtin { wasm, tables })
}

/// The table `builtin:NAME`: CSV, compressed with gzip.
#[must_use]
pub fn table(name: &str) -> Option<&'static [u8]> {
    match name {
        "attribution" => Some(include_bytes!(
            "../../../plugins/attribution/data/cn.csv.gz"
        )),
        _ => None,
    }
}

/// The tables that an embedded plugin is granted, by name.
#[must_use]
pub fn tables(plugin: &Builtin) -> Tables {
    let named = plugin.tables.iter().copied();
    named
        .filter_map(|name| Some((name.to_owned(), parsed(name)?)))
        .collect()
}

/// A table that comes with the gateway, parsed on first use and shared by all
/// revisions. It is part of the program, so parsing it does not fail.
fn parsed(name: &str) -> Option<Arc<Table>> {
    static ATTRIBUTION: OnceLock<Option<Arc<Table>>> = OnceLock::new();
    let cell = match name {
        "attribution" => &ATTRIBUTION,
        _ => return None,
    };
    let parse = || {
        Table::parse(name, table(name)?, None, &[])
            .ok()
            .map(Arc::new)
    };
    cell.get_or_init(parse).clone()
}
