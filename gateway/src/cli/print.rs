//! Writing to standard output.

use std::io::{self, Write};

use serde::Serialize;

/// Writes a line; a reader that went away (`| head`) is no failure.
pub(super) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line with colours, where the terminal has them and nobody minds.
pub(super) fn styled(text: impl std::fmt::Display) -> io::Result<()> {
    match writeln!(anstream::stdout(), "{text}") {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a line for people to standard error, beside the output.
pub(super) fn aside(text: impl std::fmt::Display) {
    // Nobody is left to tell when it is closed.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A text from elsewhere as a terminal may be shown it: control characters other
/// than tabs and line ends are written out.
pub(super) fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\n' | '\t' => shown.push(character),
            control if control.is_control() => shown.extend(control.escape_default()),
            other => shown.push(other),
        }
    }
    shown
}

/// Writes a value as JSON.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    Ok(line(serde_json::to_string_pretty(value)?)?)
}

/// Rows in aligned columns, the first being the header.
pub(super) fn table<const N: usize>(rows: &[[String; N]]) -> io::Result<()> {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or_default());
    for row in rows {
        let cells = row.iter().zip(widths);
        let padded: Vec<_> = cells
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        line(padded.join("  ").trim_end())?;
    }
    Ok(())
}
