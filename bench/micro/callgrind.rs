//! Instructions of a work, as Callgrind counts them.

use std::process::Command;

use crate::work::Work;

/// Instructions of doing a work once.
pub fn count(work: &Work) -> u64 {
    if work.is_shared {
        // Whatever it takes to start and end cancels out.
        let once = collected(work, work.counted, &[]);
        let twice = collected(work, work.counted * 2, &[]);
        return twice.saturating_sub(once) / work.counted;
    }
    let measured = ["--toggle-collect=*micro_measured*", "--collect-atstart=no"];
    collected(work, work.counted, &measured) / work.counted
}

fn collected(work: &Work, times: u64, arguments: &[&str]) -> u64 {
    let program = std::env::current_exe().expect("a program");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .args(arguments)
        .arg(program)
        .args(["once", work.name, &times.to_string()])
        .output()
        .expect("valgrind (apt-get install valgrind)");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {said}", work.name);
    let collected = said
        .lines()
        .find_map(|line| line.split_once("Collected : "))
        .and_then(|(_, count)| count.trim().parse().ok());
    collected.unwrap_or_else(|| panic!("{}: {said}", work.name))
}
