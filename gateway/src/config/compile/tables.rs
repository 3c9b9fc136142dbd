//! Loads the lookup tables of a configuration.

use std::{path::Path, sync::Arc};

use super::problem::Problems;
use crate::{
    config::{builtin, diagnostic::Code, model::Config},
    plugin::{Table, Tables, builtin as embedded},
};

pub(super) fn load_tables(config: &Config, problems: &mut Problems<'_>) -> Tables {
    let mut tables = Tables::new();
    for (name, table) in &config.table {
        let key = table.key.as_deref();
        let values = &table.value;
        let loaded = match builtin::name(&table.file).and_then(embedded::table) {
            Some(bytes) => Table::parse(&table.file, bytes, key, values),
            None => Table::load(Path::new(&table.file), key, values),
        };
        match loaded {
            Ok(table) => {
                tables.insert(name.clone(), Arc::new(table));
            }
            Err(error) => problems.add(
                &["table", name, "file"],
                Code::TableRefused,
                error.to_string(),
                "give a CSV file in UTF-8 whose first line names the columns",
            ),
        }
    }
    tables
}
