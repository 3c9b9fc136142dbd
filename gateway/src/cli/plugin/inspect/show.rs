//! What a component is, for people.

mod schema;

use std::{collections::BTreeSet, io};

use super::{Import, Report, grants::Access};
use crate::{cli::print, plugin::contract::PACKAGE};

pub(super) fn report(report: &Report) -> io::Result<()> {
    let unnamed = || "?".to_owned();
    let name = report.name.clone().unwrap_or_else(unnamed);
    let version = report.version.clone().unwrap_or_else(unnamed);
    print::line(print::harmless(&format!("{name} {version}")))?;
    let contract = report.contract.as_deref().unwrap_or("?");
    let world = match report.problem {
        Some(_) if report.contract.is_none() => "none of this gateway".to_owned(),
        _ => format!("{PACKAGE}{}@{contract}", report.world),
    };
    let debug = if report.debug_info {
        ", with debug information"
    } else {
        ""
    };
    let size = format!("{} bytes{debug}", report.size_bytes);
    print::table(&[
        ["  component".to_owned(), report.component.clone()],
        ["  world".to_owned(), world],
        ["  sha256".to_owned(), report.sha256.clone()],
        ["  size".to_owned(), size],
        [
            "  compiled in".to_owned(),
            format!("{} ms", report.compile_ms),
        ],
    ])?;
    imports(&report.imports)?;
    if report.name.is_some() {
        print::line("\nconfig")?;
        match &report.config_schema {
            Some(schema) => schema::show(schema)?,
            None => print::line("  takes none")?,
        }
    }
    match &report.problem {
        Some(problem) => print::line(print::harmless(&format!("\nproblem: {problem}"))),
        None => Ok(()),
    }
}

/// What can be granted stands with its functions; of what is sealed, which most
/// guests bring along without using it, only how much there is.
fn imports(imports: &[Import]) -> io::Result<()> {
    print::line("\nimports")?;
    if imports.is_empty() {
        return print::line("  none");
    }
    let (sealed, open): (Vec<_>, Vec<_>) = imports
        .iter()
        .partition(|import| import.access == Access::Sealed);
    let row = |import: &&Import| {
        [
            print::harmless(&format!("  {}", import.interface)),
            print::harmless(&import.functions.join(", ")),
            import.access.words().to_owned(),
        ]
    };
    print::table(&open.iter().map(row).collect::<Vec<_>>())?;
    if sealed.is_empty() {
        return Ok(());
    }
    let named = sealed.iter().map(|import| import.interface.as_str());
    let packages: BTreeSet<_> = named.filter_map(|name| name.split('/').next()).collect();
    let packages: Vec<_> = packages.into_iter().collect();
    let words = Access::Sealed.words();
    print::line(print::harmless(&format!(
        "  {}: {words}",
        packages.join(", ")
    )))
}
