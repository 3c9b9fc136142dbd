//! `cdr-gateway plugin`: what an author of plugins meets, without a gateway.

mod bench;
mod folder;
mod inspect;
mod test;

use std::{path::Path, process::Output};

use crate::harness::command;

/// Runs `cdr-gateway plugin` in a folder.
fn plugin(folder: &Path, arguments: &[&str]) -> Output {
    command()
        .current_dir(folder)
        // Compiled once for all tests.
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .arg("plugin")
        .args(arguments)
        .output()
        .expect("the binary runs")
}

/// What it printed, with an assertion on how it ended.
fn printed(output: &Output, code: i32) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{out}{error}");
    format!("{out}{error}")
}
