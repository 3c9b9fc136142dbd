//! A tool that judges: found on the path, or missed loudly.

use std::{
    io::Write,
    process::{Command, Output, Stdio},
};

/// With the value `required`, a tool that is missing fails the test.
const JUDGES: &str = "CDR_GATEWAY_JUDGES";

/// A program that someone else wrote.
pub struct Tool {
    /// What is missing where it is not installed.
    name: &'static str,
    program: &'static str,
    /// Arguments with which it succeeds at once where it is installed.
    probe: &'static [&'static str],
    install: &'static str,
}

pub const JQ: Tool = Tool {
    name: "jq",
    program: "jq",
    probe: &["--version"],
    install: "apt-get install jq",
};

pub const GZIP: Tool = Tool {
    name: "gzip",
    program: "gzip",
    probe: &["--version"],
    install: "apt-get install gzip",
};

pub const SQLITE: Tool = Tool {
    name: "sqlite3",
    program: "sqlite3",
    probe: &["--version"],
    install: "apt-get install sqlite3",
};

pub const PROMTOOL: Tool = Tool {
    name: "promtool",
    program: "promtool",
    probe: &["--version"],
    install: "apt-get install prometheus",
};

pub const STANDARD_WEBHOOKS: Tool = Tool {
    name: "Python with standardwebhooks",
    program: "python3",
    probe: &["-c", "import standardwebhooks"],
    install: "make judges",
};

pub const OAUTHLIB: Tool = Tool {
    name: "Python with requests-oauthlib",
    program: "python3",
    probe: &["-c", "import requests_oauthlib"],
    install: "make judges",
};

pub const OPENSSL: Tool = Tool {
    name: "openssl",
    program: "openssl",
    probe: &["version"],
    install: "apt-get install openssl",
};

pub const CURL: Tool = Tool {
    name: "curl",
    program: "curl",
    probe: &["--version"],
    install: "apt-get install curl",
};

pub const ZSTD: Tool = Tool {
    name: "zstd",
    program: "zstd",
    probe: &["--version"],
    install: "apt-get install zstd",
};

pub const SHA256SUM: Tool = Tool {
    name: "sha256sum",
    program: "sha256sum",
    probe: &["--version"],
    install: "apt-get install coreutils",
};

pub const PYTHON: Tool = Tool {
    name: "Python",
    program: "python3",
    probe: &["--version"],
    install: "apt-get install python3",
};

pub const CRYPTOGRAPHY: Tool = Tool {
    name: "Python with cryptography",
    program: "python3",
    probe: &["-c", "import cryptography"],
    install: "make judges",
};

pub const MOTO: Tool = Tool {
    name: "Python with moto and boto3",
    program: "python3",
    probe: &["-c", "import boto3, moto.server"],
    install: "make judges",
};

pub const REGISTRY: Tool = Tool {
    name: "docker-registry",
    program: "docker-registry",
    probe: &["--version"],
    install: "apt-get install docker-registry",
};

impl Tool {
    /// Whether it can judge. Says so where it cannot.
    ///
    /// # Panics
    /// Where it is missing and required.
    pub fn is_here(&self) -> bool {
        let probe = Command::new(self.program)
            .args(self.probe)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        if probe.is_ok_and(|status| status.success()) {
            return true;
        }
        let missing = format!("no {} ({})", self.name, self.install);
        let required = std::env::var(JUDGES).is_ok_and(|value| value == "required");
        assert!(!required, "{missing}");
        // Past the capture of the test harness, which would swallow it.
        writeln!(std::io::stderr(), "skipped: {missing}").expect("a standard error");
        false
    }

    /// Runs one of the scripts beside this file.
    pub fn script(&self, name: &str) -> Command {
        let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/judges/");
        let mut command = Command::new(self.program);
        command.arg(format!("{directory}{name}"));
        command
    }

    /// Runs it with this on its standard input.
    pub fn run(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut process = Command::new(self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        let mut stdin = process.stdin.take().expect("a standard input");
        stdin.write_all(input).expect("a tool that reads");
        drop(stdin);
        process.wait_with_output().expect("the tool ends")
    }

    /// What it prints, given that it succeeds without a complaint.
    pub fn prints(&self, arguments: &[&str], input: &[u8]) -> String {
        let output = self.run(arguments, input);
        let complaints = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && complaints.is_empty(),
            "{} {arguments:?}: {}\n{complaints}",
            self.program,
            output.status
        );
        String::from_utf8(output.stdout).expect("text")
    }
}
