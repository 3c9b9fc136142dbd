//! File destinations of a configuration.

use std::sync::Arc;

use crate::{
    config::model::{Config, CsvFormat, FileDriver, FileFormat},
    delivery::file::{
        FileSettings, Format, Layout, Place,
        csv::{Column, Csv},
    },
    record::Pointer,
};

/// How a file destination writes.
pub(super) fn settings(config: &Config, file: &FileDriver) -> FileSettings {
    let layout = Layout {
        format: format(file),
        compress: file.compress,
    };
    let place = Place::new(&config.data_dir, &config.base_dir(file), layout);
    FileSettings {
        path: file.path.clone(),
        place: Arc::new(place),
        rotate_bytes: file.rotate_bytes,
        rotate_s: file.rotate_s,
        max_open: file.max_open,
        max_parts: file.max_parts,
    }
}

/// What is missing or wrong here was refused when the configuration was checked.
fn format(file: &FileDriver) -> Format {
    match (file.format, &file.csv) {
        (FileFormat::Csv, Some(csv)) => Format::Csv(Box::new(self::csv(csv))),
        _ => Format::Ndjson,
    }
}

fn csv(csv: &CsvFormat) -> Csv {
    let columns = csv.columns.iter().filter_map(|column| {
        Some(Column {
            name: column.name.clone(),
            pointer: Pointer::parse(&column.pointer).ok()?,
        })
    });
    Csv {
        columns: columns.collect(),
        delimiter: csv.delimiter.bytes().next().unwrap_or(b','),
        header: csv.header,
        trailer: csv.trailer.clone(),
        formulas: csv.formulas,
    }
}
