//! File destinations: columns that go with the format, and paths of their own.

use std::collections::BTreeSet;

use super::Check;
use crate::config::{
    diagnostic::Code,
    model::{CsvFormat, FileDriver, FileFormat},
    report::{Finding, Mark},
};

/// Largest part that is brought to an object store.
const MAX_UPLOAD_BYTES: u64 = 256 * 1024 * 1024;

impl<'a> Check<'a, '_> {
    /// Checks a file destination against those before it, and adds it to them.
    pub(super) fn file(
        &mut self,
        name: &'a str,
        file: &'a FileDriver,
        before: &mut Vec<(&'a str, &'a FileDriver)>,
    ) {
        self.format(name, file);
        self.upload(name, file);
        let config = self.config;
        let same_dir = before
            .iter()
            .filter(|(_, other)| config.base_dir(other) == config.base_dir(file));
        if let Some((first, other)) = same_dir
            .into_iter()
            .find(|(_, other)| other.path.may_meet(&file.path))
        {
            self.same_file(name, file, first, other);
        }
        before.push((name, file));
    }

    /// Two destinations never mix their lines in one part, but whoever collects
    /// the parts could not tell which is whose.
    fn same_file(&mut self, name: &str, file: &FileDriver, first: &str, other: &FileDriver) {
        let finding = if file.path == other.path {
            Finding::error(
                Code::Duplicate,
                format!("destination {first} writes the same files"),
            )
        } else {
            Finding::warning(
                Code::Duplicate,
                format!("destination {first} can come to write the same files"),
            )
        };
        self.add(
            &["destination", name, "file", "path"],
            Mark::Value,
            finding.help("give each destination a path or a base_dir of its own"),
        );
    }

    /// A part is held in memory while it is sent, and sent in one request.
    fn upload(&mut self, name: &str, file: &FileDriver) {
        if file.upload.is_none() || file.rotate_bytes <= MAX_UPLOAD_BYTES {
            return;
        }
        let message = format!("parts for an object store hold {MAX_UPLOAD_BYTES} bytes at most");
        self.add(
            &["destination", name, "file", "rotate_bytes"],
            Mark::Value,
            Finding::error(Code::OutOfRange, message).help("lower rotate_bytes"),
        );
    }

    fn format(&mut self, name: &str, file: &FileDriver) {
        let path = ["destination", name, "file", "format"];
        match (file.format, &file.csv) {
            (FileFormat::Csv, Some(csv)) => self.columns(name, csv),
            (FileFormat::Csv, None) if !self.is_said(&["destination", name, "file", "csv"]) => {
                let finding = Finding::error(Code::MissingKey, "CSV needs csv.columns");
                let help = "add csv.columns = [{ name = \"caller\", pointer = \"/Caller\" }]";
                self.add(&path, Mark::Value, finding.help(help));
            }
            (FileFormat::Ndjson, Some(_)) => {
                let finding = Finding::error(Code::DoesNotApply, "csv says nothing of NDJSON");
                self.add(
                    &["destination", name, "file", "csv"],
                    Mark::Key,
                    finding.help("write format = \"csv\", or leave csv out"),
                );
            }
            (FileFormat::Csv | FileFormat::Ndjson, None) => {}
        }
    }

    fn columns(&mut self, name: &str, csv: &CsvFormat) {
        let mut names = BTreeSet::new();
        for (index, column) in csv.columns.iter().enumerate() {
            if names.insert(&column.name) {
                continue;
            }
            let message = format!("there are two columns {}", column.name);
            let index = index.to_string();
            self.add(
                &[
                    "destination",
                    name,
                    "file",
                    "csv",
                    "columns",
                    &index,
                    "name",
                ],
                Mark::Value,
                Finding::error(Code::Duplicate, message).help("give each column its own name"),
            );
        }
    }
}
