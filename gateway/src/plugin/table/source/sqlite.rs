//! A table, a view or a query of a SQLite database, opened to read only.

use std::{borrow::Cow, path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags, types::ValueRef};

use crate::{
    config::model::{self, Sqlite},
    plugin::table::{
        TableError,
        build::Builder,
        columns::{Cell, Columns},
        error::Place,
    },
};

/// Time for another process to end what it writes.
const BUSY: Duration = Duration::from_secs(5);

pub(super) fn read(
    path: &Path,
    settings: &model::Table,
    builder: &mut Builder,
) -> Result<(), TableError> {
    let name = builder.name.clone();
    let refused = |source| TableError::Sqlite {
        path: name.clone(),
        source,
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(path, flags).map_err(refused)?;
    database.busy_timeout(BUSY).map_err(refused)?;
    let mut statement = database.prepare(&select(settings)).map_err(refused)?;
    if !statement.readonly() {
        return Err(TableError::NotReadOnly { path: name.clone() });
    }
    let header: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let names: Vec<_> = header.iter().map(String::as_str).collect();
    let columns = Columns::find(&name, &names, settings.key.as_deref(), &settings.value)?;
    let mut rows = statement.query([]).map_err(refused)?;
    let mut value = String::new();
    while let Some(row) = rows.next().map_err(refused)? {
        let number = builder.rows() + 1;
        let malformed = |index: usize, problem: &str| TableError::Malformed {
            place: Place {
                path: name.clone(),
                row: Some(format!("row {number}")),
                column: header.get(index).cloned(),
            },
            problem: problem.to_owned(),
        };
        let cell = |index| {
            let held = row.get_ref(index).map_err(refused)?;
            cell(held).map_err(|problem| malformed(index, problem))
        };
        let (Cell::Text(key) | Cell::Json(key)) = cell(columns.key)? else {
            return Err(malformed(columns.key, "is NULL"));
        };
        value.clear();
        columns.append_value(&mut value, cell)?;
        builder.add(&key, &value)?;
    }
    Ok(())
}

fn cell(held: ValueRef<'_>) -> Result<Cell<'_>, &'static str> {
    Ok(match held {
        ValueRef::Null => Cell::Nothing,
        ValueRef::Integer(integer) => Cell::Json(integer.to_string().into()),
        ValueRef::Real(real) => Cell::Json(serde_json::Value::from(real).to_string().into()),
        ValueRef::Text(text) => {
            let text = str::from_utf8(text).map_err(|_| "is not UTF-8")?;
            Cell::Text(text.into())
        }
        ValueRef::Blob(_) => return Err("is a blob"),
    })
}

fn select(settings: &model::Table) -> Cow<'_, str> {
    match &settings.sqlite {
        Some(Sqlite::Query(query)) => query.into(),
        // A database without either is refused when the config is checked.
        Some(Sqlite::Table(table)) => format!("SELECT * FROM {}", quoted(table)).into(),
        None => "".into(),
    }
}

/// A name as SQL has it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
