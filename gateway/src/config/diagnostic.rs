//! What is wrong with a configuration, and where.

use std::{fmt, path::Path};

use serde::Serialize;

mod code;
mod human;

pub use code::{Code, Severity};

/// Everything that was found, errors and warnings, each in the order of its
/// place.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Diagnostics {
    /// What keeps the configuration from being used.
    pub errors: Vec<Diagnostic>,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// Whether it keeps the configuration from being used.
    pub severity: Severity,
    /// What kind of thing it is; stable.
    pub code: Code,
    /// Where it was said.
    #[serde(flatten)]
    pub location: Location,
    /// The key, with dots; indexes of routes and other arrays count from 0.
    /// Empty for the configuration as a whole.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// Where something was said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// The file, `environment variable NAME`, `flag TEXT` or
    /// `built-in defaults`.
    pub file: String,
    /// The line, from 1; none outside files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, in characters, from 1; none outside files.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// The line's text, and how many characters from the column on are meant.
    /// None where a secret may stand in it.
    #[serde(skip)]
    pub(super) excerpt: Option<(String, usize)>,
}

impl Diagnostics {
    /// Whether anything keeps the configuration from being used.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        !self.errors.is_empty()
    }

    /// Adds one.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        match diagnostic.severity {
            Severity::Error => self.errors.push(diagnostic),
            Severity::Warning => self.warnings.push(diagnostic),
        }
    }

    /// All of them, errors first.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.errors.iter().chain(&self.warnings)
    }

    /// For scripts: `{"errors": […], "warnings": […]}`.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        let list = |list: &[Diagnostic]| -> serde_json::Value {
            list.iter().map(Diagnostic::to_json).collect()
        };
        serde_json::json!({ "errors": list(&self.errors), "warnings": list(&self.warnings) })
    }

    pub(super) fn sort(&mut self) {
        let place = |diagnostic: &Diagnostic| {
            let Location {
                file, line, column, ..
            } = &diagnostic.location;
            (line.is_none(), file.clone(), *line, *column)
        };
        self.errors.sort_by_key(place);
        self.warnings.sort_by_key(place);
    }
}

impl Diagnostic {
    /// An error. The remedy is what to do about it.
    #[must_use]
    pub fn error(
        code: Code,
        location: Location,
        key: impl Into<String>,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            severity: Severity::Error,
            code,
            location,
            key: key.into(),
            message: message.into(),
            remedy: Some(remedy.into()),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        // Texts and numbers only: there is nothing that could fail.
        serde_json::to_value(self).unwrap_or_default()
    }
}

impl Location {
    /// A file as a whole.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        super::report::nowhere(path.display().to_string())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match (self.line, self.column) {
            (Some(line), Some(column)) => write!(f, ":{line}:{column}"),
            _ => Ok(()),
        }
    }
}

impl std::error::Error for Diagnostics {}
