//! Diagnostics for people: what, where with the line itself, and what to do.

use std::fmt;

use super::{Diagnostic, Diagnostics, Severity};

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for diagnostic in self.iter() {
            writeln!(f, "{diagnostic}")?;
        }
        let count = |number: usize, what: &str| match number {
            1 => format!("1 {what}"),
            _ => format!("{number} {what}s"),
        };
        let errors = count(self.errors.len(), "error");
        let warnings = count(self.warnings.len(), "warning");
        write!(f, "{errors}, {warnings}")
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        let number = self
            .location
            .line
            .map_or_else(String::new, |line| line.to_string());
        let margin = " ".repeat(number.len());
        writeln!(f, "{margin}--> {}", self.location)?;
        if let (Some((line, width)), Some(column)) = (&self.location.excerpt, self.location.column)
        {
            let indent: String = line
                .chars()
                .take(column.saturating_sub(1))
                .map(blank)
                .collect();
            writeln!(f, "{margin} |")?;
            writeln!(f, "{number} | {line}")?;
            writeln!(f, "{margin} | {indent}{}", "^".repeat((*width).max(1)))?;
        }
        if !self.key.is_empty() {
            writeln!(f, "{margin} = key: {}", self.key)?;
        }
        if let Some(remedy) = &self.remedy {
            writeln!(f, "{margin} = help: {remedy}")?;
        }
        Ok(())
    }
}

/// What stands under a character so that the marks below it stay in line.
fn blank(c: char) -> char {
    match c {
        '\t' => '\t',
        // Ideographs and kana are two columns wide, as is this space.
        '\u{2e80}'..='\u{ffef}' => '\u{3000}',
        _ => ' ',
    }
}
