//! What a run of cases came to.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{case::compare::Difference, config::Diagnostics};

/// A run.
pub(super) struct Report {
    pub(super) plugin: String,
    pub(super) sha256: String,
    pub(super) folder: String,
    pub(super) cases: Vec<CaseReport>,
    /// Files that cannot be used.
    pub(super) wrong: Vec<Diagnostics>,
}

/// One case of it.
pub(super) struct CaseReport {
    pub(super) name: String,
    pub(super) file: String,
    pub(super) result: Result,
}

/// What became of a case.
pub(super) enum Result {
    /// As expected; how long the plugin had the record.
    Passed(Duration),
    /// Not as expected.
    Failed(Vec<Difference>),
    /// It says nothing about what should become of the record. What did.
    ExpectsNothing(String),
    /// It expects from now on what was found.
    Updated,
    /// Nothing that the plugin is to blame for.
    CannotRun(String),
}

impl Result {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Passed(_) => "passed",
            Self::Failed(_) => "failed",
            Self::ExpectsNothing(_) => "expects_nothing",
            Self::Updated => "updated",
            Self::CannotRun(_) => "cannot_run",
        }
    }

    fn is_good(&self) -> bool {
        matches!(self, Self::Passed(_) | Self::Updated)
    }
}

impl Report {
    /// Whether everything is as expected.
    pub(super) fn passed(&self) -> bool {
        self.wrong.is_empty() && self.failed() == 0
    }

    pub(super) fn failed(&self) -> usize {
        let cases = self.cases.iter();
        cases.filter(|case| !case.result.is_good()).count()
    }

    pub(super) fn updated(&self) -> usize {
        let cases = self.cases.iter();
        cases
            .filter(|case| matches!(case.result, Result::Updated))
            .count()
    }

    pub(super) fn to_json(&self) -> Value {
        let cases: Vec<_> = self.cases.iter().map(CaseReport::to_json).collect();
        let wrong = self.wrong.iter().flat_map(|found| &found.errors);
        json!({
            "plugin": self.plugin,
            "sha256": self.sha256,
            "folder": self.folder,
            "passed": self.cases.len() - self.failed() - self.updated(),
            "failed": self.failed(),
            "updated": self.updated(),
            "cases": cases,
            "wrong": wrong.collect::<Vec<_>>(),
        })
    }
}

impl CaseReport {
    fn to_json(&self) -> Value {
        let mut report = json!({
            "name": self.name,
            "file": self.file,
            "result": self.result.as_str(),
        });
        match &self.result {
            Result::Passed(took) => report["took_us"] = json!(took.as_micros()),
            Result::Failed(differences) => report["differences"] = json!(differences),
            Result::ExpectsNothing(found) => report["found"] = json!(found),
            Result::CannotRun(problem) => report["problem"] = json!(problem),
            Result::Updated => {}
        }
        report
    }
}
