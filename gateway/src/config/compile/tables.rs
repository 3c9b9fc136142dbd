//! Loads the lookup tables of a configuration.

use std::sync::Arc;

use super::problem::Problems;
use crate::{
    config::{builtin, diagnostic::Code, model::Config},
    plugin::{Table, Tables, builtin as embedded},
};

pub(super) fn load_tables(config: &Config, problems: &mut Problems<'_>) -> Tables {
    let mut tables = Tables::new();
    for (name, table) in &config.table {
        let loaded = match builtin::name(&table.file).and_then(embedded::table) {
            Some(bytes) => Table::parse(&table.file, bytes, table.key.as_deref(), &table.value),
            None => Table::load(table),
        };
        match loaded {
            Ok(table) => {
                tables.insert(name.clone(), Arc::new(table));
            }
            Err(error) => problems.add(
                &["table", name, "file"],
                Code::TableRefused,
                error.to_string(),
                error.remedy(),
            ),
        }
    }
    tables
}
