//! What `make soak` tells at its end.

use std::{fs::OpenOptions, io::Write};

/// The file that results are added to, as rows of a table.
const RESULTS: &str = "CDR_GATEWAY_SOAK_RESULTS";

/// Says that something was proven, with figures.
pub fn proven(what: &str, figures: &str) {
    tell(what, figures);
}

/// Says, as loudly, that something could not be proven here.
pub fn not_proven(what: &str, why: &str) {
    tell(what, &format!("**skipped**: {why}"));
}

fn tell(what: &str, told: &str) {
    // Past the capture of the test harness, which would swallow it.
    writeln!(std::io::stderr(), "{what}: {told}").expect("a standard error");
    let Some(results) = std::env::var_os(RESULTS) else {
        return;
    };
    let results = OpenOptions::new().append(true).create(true).open(results);
    writeln!(results.expect("a file"), "| {what} | {told} |").expect("a written row");
}
