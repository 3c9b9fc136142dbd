//! The JSON Schema that a plugin gives for its config, and a config held against
//! it, before `configure` sees it: every error at once, each with the pointer of
//! its place and a remedy.
//!
//! Drafts 4 to 2020-12; `$schema` chooses, 2020-12 is the default. A schema is
//! text from a guest: it is bounded, it refers to nothing outside itself, and its
//! patterns are matched in linear time. What it may cost is in [`bounds`].
//!
//! How it fails: a schema that is none fails the load, with a [`SchemaError`].

mod alternatives;
mod bounds;
mod findings;

use boon::{Compiler, SchemaIndex, Schemas, UrlLoader};
use serde_json::Value;

use self::bounds::{MAX_DEPTH, MAX_STEPS, MAX_VALUES};
use super::{LoadError, component::Refusal};

/// The longest schema that is read, in bytes. Those of the standard plugins have
/// about 3,000.
pub const MAX_SCHEMA_BYTES: usize = 256 * 1024;

/// What the schema is called while it is compiled. It shows in no message.
const URL: &str = "plugin:///config";

/// Why a plugin's config schema is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// It is longer than [`MAX_SCHEMA_BYTES`].
    #[error("has a config schema of {0} bytes; at most {MAX_SCHEMA_BYTES} are read")]
    TooLong(usize),
    /// It is not JSON.
    #[error("has a config schema that is not JSON, at line {line}, column {column}")]
    NotJson {
        /// Line of the first error, from 1.
        line: usize,
        /// Column of the first error, in bytes from 1.
        column: usize,
    },
    /// It is JSON, and no schema.
    #[error("has a config schema that is no JSON Schema: {0}")]
    NotASchema(String),
    /// It holds more values than are read.
    #[error("has a config schema of more than {MAX_VALUES} values; make it shorter")]
    TooMany,
    /// It refers to what is not followed, or has what changes how references are
    /// read; where.
    #[error(
        "has a config schema that {0} at {1}; refer to definitions of the schema itself, as in #/$defs/NAME"
    )]
    Refers(String, String),
    /// Its schemas lie in each other too deep, or in a circle; where.
    #[error(
        "has a config schema that nests deeper than {MAX_DEPTH} at {0}; refer to fewer schemas one after the other"
    )]
    TooDeep(String),
    /// To hold the config against it takes too long; where it was too much.
    #[error(
        "has a config schema that takes more than {MAX_STEPS} steps for this config, at {0}; refer to fewer schemas there, or make the config shorter"
    )]
    TooCostly(String),
}

/// Holds a config, as JSON text, against a schema.
///
/// # Errors
/// Where the schema is none, and with everything that is wrong with the config.
pub(super) fn check(schema: &str, config: &str) -> Result<(), LoadError> {
    let Some(schema) = ConfigSchema::parse(schema)? else {
        return Ok(());
    };
    // The config was written out as JSON by the gateway.
    let config = serde_json::from_str(config).unwrap_or_default();
    bounds::walk(&schema.json, &config)?;
    let refusals = schema.check(&config);
    if refusals.is_empty() {
        Ok(())
    } else {
        Err(LoadError::Refused(refusals))
    }
}

/// A compiled schema.
pub(super) struct ConfigSchema {
    json: Value,
    schemas: Schemas,
    root: SchemaIndex,
}

impl ConfigSchema {
    /// Compiles a schema; none where the plugin gives none.
    pub(super) fn parse(text: &str) -> Result<Option<Self>, SchemaError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        if text.len() > MAX_SCHEMA_BYTES {
            return Err(SchemaError::TooLong(text.len()));
        }
        let json: Value = serde_json::from_str(text).map_err(|error| SchemaError::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        bounds::admit(&json)?;
        let no_schema = |error: boon::CompileError| SchemaError::NotASchema(one_line(&error));
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(Nothing));
        compiler
            .add_resource(URL, json.clone())
            .map_err(no_schema)?;
        let mut schemas = Schemas::new();
        let root = compiler.compile(URL, &mut schemas).map_err(no_schema)?;
        Ok(Some(Self {
            json,
            schemas,
            root,
        }))
    }

    /// Everything that is wrong with a config; nothing where it fits.
    pub(super) fn check(&self, config: &Value) -> Vec<Refusal> {
        match self.schemas.validate(config, self.root) {
            Ok(()) => Vec::new(),
            Err(error) => {
                let found = findings::of(&error, &self.json);
                found.into_iter().map(Refusal::from).collect()
            }
        }
    }
}

/// Loads nothing: a schema holds what it refers to.
struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, _url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err("it refers to something outside itself".into())
    }
}

/// A message that may have been laid out over several lines.
fn one_line(error: &boon::CompileError) -> String {
    let text = format!("{error:#}").replace(URL, "");
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    lines.join(" ")
}

#[cfg(test)]
mod tests;
