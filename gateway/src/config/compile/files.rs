//! File destinations of a configuration.

use std::sync::Arc;

use crate::{
    config::model::{Config, CsvFormat, FileDriver, FileFormat},
    delivery::{
        file::{
            FileSettings, Format, Layout, Place, Upload,
            csv::{Column, Csv},
        },
        http::{HttpSetupError, address::AddressPolicy},
    },
    record::Pointer,
};

/// How a file destination writes.
///
/// # Errors
/// When parts cannot be brought to where they should go.
pub(super) fn settings(
    config: &Config,
    file: &FileDriver,
    addresses: &AddressPolicy,
) -> Result<FileSettings, Vec<HttpSetupError>> {
    let layout = Layout {
        format: format(file),
        compress: file.compress,
    };
    let place = Place::new(&config.data_dir, &config.base_dir(file), layout);
    let upload = file.upload.as_ref();
    let upload = upload.map(|upload| Upload::new(upload, addresses));
    Ok(FileSettings {
        path: file.path.clone(),
        place: Arc::new(place),
        rotate_bytes: file.rotate_bytes,
        rotate_s: file.rotate_s,
        max_open: file.max_open,
        max_parts: file.max_parts,
        upload: upload.transpose()?.map(Arc::new),
    })
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
