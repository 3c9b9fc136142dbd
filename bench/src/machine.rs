//! What the figures were found on, and of what.

use std::{fs, path::Path, process::Command};

/// One paragraph for the head of the results.
pub fn described(gateway: &Path) -> String {
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d");
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "On {date}, on {} ({} cores, {}, Linux {}); {}, {}, SQLite {}.",
        processor().unwrap_or_else(|| "an unknown processor".to_owned()),
        std::thread::available_parallelism().map_or(0, usize::from),
        std::env::consts::ARCH,
        release.trim(),
        said_by(gateway),
        said_by(Path::new("rustc")),
        rusqlite::version(),
    )
}

fn processor() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said_by(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output();
    output.map_or_else(
        |_| format!("{} of an unknown version", program.display()),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
