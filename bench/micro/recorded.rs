//! Instructions on record, and the machine that they were counted on.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    fs,
    process::Command,
};

use serde::Deserialize;

use crate::{callgrind, work::Work};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../bench/instructions.toml");

/// What is on record.
#[derive(Deserialize)]
pub struct Recorded {
    pub machine: Machine,
    pub instructions: BTreeMap<String, u64>,
}

/// What counts depend on, beside the code.
#[derive(PartialEq, Eq, Deserialize)]
pub struct Machine {
    /// Libraries choose their code by what the processor can do.
    cpu: String,
    rustc: String,
    valgrind: String,
    /// How the gateway's own crate is compiled; its dependencies as in
    /// `[profile.dev]`.
    profile: String,
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            cpu,
            rustc,
            valgrind,
            profile,
        } = self;
        write!(f, "{cpu}, {rustc}, {valgrind}, {profile}")
    }
}

impl Machine {
    pub fn here() -> Self {
        let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpus
            .lines()
            .find_map(|line| line.strip_prefix("model name"));
        let cpu = model.map(|model| model.trim_start_matches(['\t', ':', ' ']));
        Self {
            cpu: cpu.unwrap_or(std::env::consts::ARCH).to_owned(),
            rustc: version("rustc"),
            valgrind: version("valgrind"),
            profile: env_or("MICRO_PROFILE", "unknown"),
        }
    }
}

fn env_or(name: &str, or: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| or.to_owned())
}

fn version(tool: &str) -> String {
    let output = Command::new(tool).arg("--version").output();
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    said.unwrap_or_default()
}

impl Recorded {
    /// Counts works.
    pub fn of<'w>(works: impl Iterator<Item = &'w Work>) -> Self {
        let count = |work: &Work| {
            let count = callgrind::count(work);
            println!("{:<28} {count:>14}", work.name);
            (work.name.to_owned(), count)
        };
        Self {
            machine: Machine::here(),
            instructions: works.map(count).collect(),
        }
    }

    pub fn read() -> Self {
        let text = fs::read_to_string(PATH).expect("bench/instructions.toml");
        toml::from_str(&text).expect("bench/instructions.toml as `make bench-record` writes it")
    }

    pub fn write(&self) {
        let mut text = String::from(
            "# Instructions of doing each work once, as Callgrind counts them.\n# Written by `make bench-record`; `make bench-check` compares.\n\n[machine]\n",
        );
        let Machine {
            cpu,
            rustc,
            valgrind,
            profile,
        } = &self.machine;
        for (key, value) in [
            ("cpu", cpu),
            ("rustc", rustc),
            ("valgrind", valgrind),
            ("profile", profile),
        ] {
            writeln!(text, "{key} = {value:?}").unwrap();
        }
        text.push_str("\n[instructions]\n");
        for (name, count) in &self.instructions {
            writeln!(text, "{name:?} = {count}").unwrap();
        }
        fs::write(PATH, text).expect("bench/instructions.toml");
    }
}
