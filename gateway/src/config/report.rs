//! Collects diagnostics and finds the places that they are about.

use std::ops::Range;

use super::{
    diagnostic::{Code, Diagnostic, Diagnostics, Location, Severity},
    source_file::SourceFile,
    tree::{Node, Origin},
};

/// What is being collected, over the files that it is about.
pub(super) struct Report<'a> {
    pub(super) files: &'a [SourceFile],
    pub(super) found: Diagnostics,
}

/// Which part of a key and its value a diagnostic is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// The key; the value where there is no key.
    Key,
    /// The value.
    Value,
    /// A place in the text of the value, in bytes from its beginning.
    Within(usize),
    /// The key, without showing the line: a secret may stand in it.
    Hidden,
}

/// A finding without its place.
pub(super) struct Finding {
    pub(super) severity: Severity,
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) remedy: Option<String>,
}

impl Finding {
    pub(super) fn error(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            code,
            message: message.into(),
            remedy: None,
        }
    }

    pub(super) fn warning(code: Code, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(code, message)
        }
    }

    pub(super) fn help(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

impl Report<'_> {
    /// Adds a finding about a node.
    pub(super) fn add(&mut self, node: &Node, key: &str, mark: Mark, finding: Finding) {
        let location = locate(self.files, &node.origin, mark);
        self.add_at(location, key, finding);
    }

    /// Adds a finding about bytes of a file.
    pub(super) fn add_in_file(&mut self, file: usize, span: &Range<usize>, finding: Finding) {
        let location = locate(
            self.files,
            &Origin::File {
                file,
                key: None,
                value: span.clone(),
            },
            Mark::Value,
        );
        self.add_at(location, "", finding);
    }

    pub(super) fn add_at(&mut self, location: Location, key: &str, finding: Finding) {
        self.found.push(Diagnostic {
            severity: finding.severity,
            code: finding.code,
            location,
            key: key.to_owned(),
            message: finding.message,
            remedy: finding.remedy,
        });
    }
}

/// Where an origin is, for people.
pub(super) fn locate(files: &[SourceFile], origin: &Origin, mark: Mark) -> Location {
    match origin {
        Origin::File { file, key, value } => match files.get(*file) {
            Some(file) => locate_in(file, key.as_ref(), value, mark),
            None => nowhere("unknown file".into()),
        },
        Origin::Environment(name) => nowhere(format!("environment variable {name}")),
        Origin::Flag(flag) => nowhere(format!("flag {flag}")),
        Origin::Default => nowhere("built-in defaults".into()),
    }
}

fn locate_in(
    file: &SourceFile,
    key: Option<&Range<usize>>,
    value: &Range<usize>,
    mark: Mark,
) -> Location {
    let span = match mark {
        Mark::Key | Mark::Hidden => key.unwrap_or(value).clone(),
        Mark::Value => value.clone(),
        Mark::Within(offset) => {
            let start = file.offset_in_string(value, offset);
            start..if start == value.start {
                value.end
            } else {
                start
            }
        }
    };
    let start = file.position(span.start);
    let line = file.line(start.line);
    let marked = file.text.get(span).unwrap_or_default();
    let width = marked.lines().next().unwrap_or_default().chars().count();
    Location {
        file: file.path.display().to_string(),
        line: Some(start.line),
        column: Some(start.column),
        excerpt: (mark != Mark::Hidden).then(|| (line.to_owned(), width)),
    }
}

pub(super) fn nowhere(file: String) -> Location {
    Location {
        file,
        line: None,
        column: None,
        excerpt: None,
    }
}
