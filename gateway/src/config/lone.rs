//! TOML files of a kind of their own, such as the cases of a plugin: read as
//! configuration is, so that everything that is wrong in one is told at once,
//! with file, line and remedy.

use std::{collections::BTreeMap, path::Path};

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use super::{
    SourceMap,
    diagnostic::{Code, Diagnostics},
    layers,
    report::{Finding, Mark, Report},
    shape::{SecretReader, Shape},
    source_file::SourceFile,
};

/// What a file says, and where.
#[derive(Debug)]
pub struct Lone<T> {
    /// The typed file.
    pub value: T,
    /// The places of its values, for what is found out later.
    pub places: SourceMap,
}

/// Reads the text of a file. No value of it may be a secret.
///
/// # Errors
/// With everything that is wrong.
pub fn read<T>(path: &Path, text: String) -> Result<Lone<T>, Diagnostics>
where
    T: DeserializeOwned + JsonSchema,
{
    let files = vec![SourceFile {
        path: path.to_owned(),
        text,
    }];
    let mut report = Report {
        files: &files,
        found: Diagnostics::default(),
    };
    let checked = check(&mut report);
    let mut found = report.found;
    found.sort();
    match checked {
        Some((value, root)) if !found.has_errors() => Ok(Lone {
            value,
            places: SourceMap::new(root, files),
        }),
        _ => Err(found),
    }
}

fn check<T>(report: &mut Report<'_>) -> Option<(T, super::tree::Node)>
where
    T: DeserializeOwned + JsonSchema,
{
    let said = layers::files(report)?;
    let schema: Json = schemars::schema_for!(T).into();
    let secrets = SecretReader {
        environment: &BTreeMap::new(),
        files: report.files,
    };
    let left = Shape::new(&schema, secrets, report).walk(&said, &schema)?;
    match serde_json::from_value(left.to_json()) {
        Ok(value) => Some((value, left)),
        Err(error) => {
            let finding = Finding::error(Code::Internal, format!("cannot be used: {error}"))
                .help("this is a mistake in the gateway; please report it with the file");
            report.add(&left, "", Mark::Value, finding);
            None
        }
    }
}
