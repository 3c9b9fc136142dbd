//! CSV with a header row.

use std::io::BufRead;

use csv::{ErrorKind, StringRecord};

use super::open;
use crate::{
    plugin::table::{
        TableError,
        build::Builder,
        columns::{Cell, Columns},
        error::Place,
    },
    record::string,
};

/// A name with so many digits is none, but a number or an id.
const FEWEST_DIGITS: usize = 7;

pub(super) fn read(
    reader: impl BufRead,
    key: Option<&str>,
    values: &[String],
    builder: &mut Builder,
) -> Result<(), TableError> {
    let mut reader = csv::Reader::from_reader(reader);
    let header = reader.headers().cloned();
    let header = header.map_err(|error| explain(builder, &StringRecord::new(), error))?;
    if header.is_empty() {
        return Err(malformed(builder, 1, None, "there is no header".to_owned()));
    }
    let names: Vec<_> = header.iter().collect();
    // Its columns are named in errors, and its first row would be passed over.
    if names
        .iter()
        .any(|name| string::digits(name) >= FEWEST_DIGITS)
    {
        let problem = "reads like a row; the first line has to name the columns".to_owned();
        return Err(malformed(builder, 1, None, problem));
    }
    let columns = Columns::find(&builder.name, &names, key, values)?;
    let mut row = StringRecord::new();
    let mut value = String::new();
    loop {
        match reader.read_record(&mut row) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(explain(builder, &header, error)),
        }
        value.clear();
        let cell = |index| Ok(Cell::Text(row.get(index).unwrap_or_default().into()));
        columns.append_value(&mut value, cell)?;
        builder.add(row.get(columns.key).unwrap_or_default(), &value)?;
    }
}

fn explain(builder: &Builder, header: &StringRecord, error: csv::Error) -> TableError {
    match error.into_kind() {
        ErrorKind::Io(source) => open::unreadable(builder, source),
        ErrorKind::Utf8 { pos, err } => {
            let column = header.get(err.field()).map(str::to_owned);
            let line = pos.map_or(1, |pos| pos.line());
            malformed(builder, line, column, "is not UTF-8".to_owned())
        }
        ErrorKind::UnequalLengths {
            pos,
            expected_len,
            len,
        } => {
            let line = pos.map_or(1, |pos| pos.line());
            let problem = format!("has {len} columns, but the header has {expected_len}");
            malformed(builder, line, None, problem)
        }
        _ => malformed(builder, 1, None, "is not CSV".to_owned()),
    }
}

fn malformed(builder: &Builder, line: u64, column: Option<String>, problem: String) -> TableError {
    TableError::Malformed {
        place: Place {
            path: builder.name.clone(),
            row: Some(format!("line {line}")),
            column,
        },
        problem,
    }
}
