//! Configuration: read, checked as a whole, and typed.
//!
//! One file holds the routes, further files may add sources, plugins, tables
//! and destinations. Environment variables (`CDR_GATEWAY__INGEST__LISTEN`) and
//! flags set single values over them, the built-in defaults lie below. Relative
//! paths of what the gateway reads start at the file that says them; what it
//! writes lies below `data_dir`.
//!
//! The layers are merged as trees whose values know their place, since figment
//! reports neither lines nor more than one error. The merged tree is validated
//! against the JSON Schema of the model ([`model`]); it is then the one provider
//! that figment makes the typed configuration of, which is checked as a whole
//! (names, exclusions, contracts).
//!
//! How it fails: with [`Diagnostics`], which hold everything that is wrong at
//! once, each with place, key and remedy. No part of a configuration with an
//! error is ever used. What can only be found out later (a component that does
//! not load, a plugin that refuses its configuration) is added with the help of
//! [`SourceMap`].

pub mod builtin;
pub mod compile;
pub mod diagnostic;
pub mod lone;
pub mod model;
pub mod revision;

mod check;
mod condition;
mod format;
mod layers;
mod paths;
mod provider;
mod report;
mod shape;
mod source_file;
mod source_map;
pub(crate) mod suggest;
mod tree;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use figment::Figment;
use sha2::{Digest, Sha256};

pub use diagnostic::{Code, Diagnostic, Diagnostics, Location, Severity};
pub use layers::{DEFAULTS, ENVIRONMENT_PREFIX};
pub use model::Config;
pub use source_map::SourceMap;

use self::{
    check::Check,
    report::{Finding, Mark, Report},
    shape::{SecretReader, Shape},
    source_file::SourceFile,
    tree::Node,
};

/// What a configuration is made of.
#[derive(Clone, Default)]
pub struct Inputs {
    /// The configuration files; the first may say everything.
    pub files: Vec<PathBuf>,
    /// The environment: for keys, and for secrets that are named by variable.
    pub environment: BTreeMap<String, String>,
    /// Flags that set a key: its path with dots, and the value.
    pub flags: Vec<(String, String)>,
}

impl Inputs {
    /// Inputs with the environment of this process. Variables that are not
    /// Unicode do not count.
    #[must_use]
    pub fn from_process(files: Vec<PathBuf>, flags: Vec<(String, String)>) -> Self {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        Self {
            files,
            environment,
            flags,
        }
    }
}

/// A configuration that has been checked.
#[derive(Debug)]
pub struct Loaded {
    /// The effective configuration.
    pub config: Config,
    /// Where each of its values was said.
    pub sources: SourceMap,
    /// SHA-256 of the effective configuration without the values of secrets,
    /// in hexadecimal.
    pub digest: String,
    /// What is probably not meant; no errors.
    pub warnings: Vec<Diagnostic>,
}

/// Reads, merges and checks a configuration.
///
/// # Errors
/// With everything that is wrong, and the warnings.
pub fn load(inputs: &Inputs) -> Result<Loaded, Diagnostics> {
    let mut files = Vec::with_capacity(inputs.files.len());
    let mut unreadable = Vec::new();
    for path in &inputs.files {
        match fs::read_to_string(path) {
            Ok(text) => files.push(SourceFile {
                path: path.clone(),
                text,
            }),
            Err(error) => unreadable.push((path, error)),
        }
    }
    merge(inputs, files, &unreadable)
}

/// A configuration of one text that stands in no file.
#[cfg(any(test, fuzzing))]
pub(crate) fn load_text(text: &str) -> Result<Loaded, Diagnostics> {
    let file = SourceFile {
        path: PathBuf::from("gateway.toml"),
        text: text.to_owned(),
    };
    merge(&Inputs::default(), vec![file], &[])
}

fn merge(
    inputs: &Inputs,
    files: Vec<SourceFile>,
    unreadable: &[(&PathBuf, io::Error)],
) -> Result<Loaded, Diagnostics> {
    let mut report = Report {
        files: &files,
        found: Diagnostics::default(),
    };
    for (path, error) in unreadable {
        layers::unreadable(path, error, &mut report);
    }
    // What an unreadable file would have said must not be reported as missing.
    let checked = if unreadable.is_empty() {
        check(inputs, &mut report)
    } else {
        None
    };
    let mut found = report.found;
    found.sort();
    match checked {
        Some((config, root, digest)) if !found.has_errors() => Ok(Loaded {
            config,
            sources: SourceMap::new(root, files),
            digest,
            warnings: found.warnings,
        }),
        _ => Err(found),
    }
}

/// The JSON Schema of configuration files, for editors.
#[must_use]
pub fn json_schema() -> serde_json::Value {
    schemars::schema_for!(Config).into()
}

fn check(inputs: &Inputs, report: &mut Report<'_>) -> Option<(Config, Node, String)> {
    let files = report.files;
    let mut said = layers::defaults();
    said.overlay(layers::files(report)?);
    layers::outside(&mut said, &inputs.environment, &inputs.flags, report);

    let schema = json_schema();
    let secrets = SecretReader {
        environment: &inputs.environment,
        files,
    };
    let left = Shape::new(&schema, secrets, report).walk(&said, &schema);
    let left = left.unwrap_or_else(layers::defaults);

    let mut config = match Figment::from(&left).extract::<Config>() {
        Ok(config) => config,
        Err(error) => {
            let finding = Finding::error(
                Code::Internal,
                format!("the configuration cannot be used: {error}"),
            )
            .help("this is a mistake in the gateway; please report it with the configuration");
            report.add(&left, "", Mark::Value, finding);
            return None;
        }
    };
    let digest = digest(&config);
    paths::resolve(&mut config, &left, files);
    Check {
        config: &config,
        left: &left,
        said: &said,
        report,
    }
    .run();
    Some((config, left, digest))
}

/// Secrets serialise as their references, so that their values do not count.
fn digest(config: &Config) -> String {
    // Keys are texts and all values are plain: there is nothing that could fail.
    let json = serde_json::to_vec(config).unwrap_or_default();
    format!("{:x}", Sha256::digest(json))
}
