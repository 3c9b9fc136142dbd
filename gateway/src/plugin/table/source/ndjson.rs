//! NDJSON: one object a line.

use std::io::BufRead;

use serde_json::value::RawValue;

use super::{json, object, open};
use crate::plugin::table::{TableError, build::Builder};

pub(super) fn read(
    mut reader: impl BufRead,
    key: Option<&str>,
    values: &[String],
    builder: &mut Builder,
) -> Result<(), TableError> {
    let mut line = Vec::new();
    let mut value = String::new();
    for number in 1_u64.. {
        line.clear();
        let read = reader.read_until(b'\n', &mut line);
        if read.map_err(|source| open::unreadable(builder, source))? == 0 {
            break;
        }
        let text = line.trim_ascii_end();
        if text.is_empty() {
            continue;
        }
        let row: &RawValue = serde_json::from_slice(text)
            .map_err(|error| json::malformed(builder, number, error.column(), &error))?;
        let place = || format!("line {number}");
        object::add(row, place, key, values, &mut value, builder)?;
    }
    Ok(())
}
