//! What a run of cases came to, for people.

use std::io;

use anstyle::{AnsiColor, Style};
use similar::{ChangeTag, TextDiff};

use super::report::{CaseReport, Report, Result};
use crate::{case::compare::Difference, cli::print, config::Diagnostics};

const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const NOTE: Style = AnsiColor::Yellow.on_default();

/// Lines of a record that are shown around one that differs.
const CONTEXT: usize = 3;

pub(super) fn report(report: &Report) -> io::Result<()> {
    for found in report.wrong.iter().flat_map(Diagnostics::iter) {
        print::line(found)?;
    }
    for case in &report.cases {
        show(case)?;
    }
    let failed = report.failed();
    let good = report.cases.len() - failed - report.updated();
    let mut sum = vec![format!("{good} passed")];
    if report.updated() > 0 {
        sum.push(format!("{} updated", report.updated()));
    }
    if failed > 0 {
        sum.push(format!("{failed} failed"));
    }
    if !report.wrong.is_empty() {
        sum.push(format!("{} cannot be read", report.wrong.len()));
    }
    print::line(format!("\n{}", sum.join(", ")))?;
    if failed > 0 {
        print::styled(format!(
            "{BAD}- expected{BAD:#}  {GOOD}+ found{GOOD:#}; --update takes what was found into the cases"
        ))?;
    }
    Ok(())
}

fn show(case: &CaseReport) -> io::Result<()> {
    let name = print::harmless(&case.name);
    match &case.result {
        Result::Passed(_) => print::styled(format!("{GOOD}ok{GOOD:#}       {name}")),
        Result::Updated => print::styled(format!("{NOTE}updated{NOTE:#}  {name}")),
        Result::Failed(differences) => {
            failed(case, &name)?;
            differences.iter().try_for_each(difference)
        }
        Result::ExpectsNothing(found) => {
            failed(case, &name)?;
            let found = print::harmless(found);
            print::line(format!(
                "  says nothing about what should become of the record; what did: {found}"
            ))
        }
        Result::CannotRun(problem) => {
            failed(case, &name)?;
            print::line(format!("  {}", print::harmless(problem)))
        }
    }
}

fn failed(case: &CaseReport, name: &str) -> io::Result<()> {
    let file = print::harmless(&case.file);
    print::styled(format!("{BAD}FAILED{BAD:#}   {name}  ({file})"))
}

fn difference(difference: &Difference) -> io::Result<()> {
    print::line(format!("  {}", print::harmless(&difference.about)))?;
    let lines = TextDiff::from_lines(&difference.expected, &difference.found);
    for (index, group) in lines.grouped_ops(CONTEXT).iter().enumerate() {
        if index > 0 {
            print::line("      …")?;
        }
        for change in group.iter().flat_map(|op| lines.iter_changes(op)) {
            let text = print::harmless(change.value().trim_end_matches('\n'));
            print::styled(match change.tag() {
                ChangeTag::Equal => format!("      {text}"),
                ChangeTag::Delete => format!("    {BAD}- {text}{BAD:#}"),
                ChangeTag::Insert => format!("    {GOOD}+ {text}{GOOD:#}"),
            })?;
        }
    }
    Ok(())
}
