//! What is measured, as a process: the gateway, or the floor.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{usage::Usage, work::Work};

/// Compiling the plugins may take as long, once.
const PATIENCE: Duration = Duration::from_mins(2);

/// Which of the two.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Floor,
    Gateway,
}

impl Kind {
    pub const ALL: [Self; 2] = [Self::Floor, Self::Gateway];

    pub fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Gateway => "gateway",
        }
    }
}

/// The two binaries.
pub struct Binaries {
    pub gateway: PathBuf,
    pub floor: PathBuf,
}

/// A running process in a directory of its own. It is killed when dropped.
pub struct Subject {
    process: Child,
    address: SocketAddr,
}

impl Subject {
    /// Starts it and waits until it listens. What it writes to files goes below
    /// `files` of the directory.
    pub fn start(
        kind: Kind,
        binaries: &Binaries,
        work: Work,
        directory: &Path,
        plugin_cache: &Path,
        urls: &[String],
    ) -> Result<Self> {
        let mut command = match kind {
            Kind::Floor => floor(&binaries.floor, work, directory, urls)?,
            Kind::Gateway => {
                let config = directory.join("gateway.toml");
                fs::write(&config, work.configuration(directory, plugin_cache, urls))?;
                let mut command = Command::new(&binaries.gateway);
                command.arg("run").arg("--config").arg(config);
                command
            }
        };
        let mut process = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let log = process.stderr.take().context("a process without a log")?;
        match listening(log) {
            Ok(address) => Ok(Self { process, address }),
            Err(error) => {
                let _ = process.kill();
                let _ = process.wait();
                Err(error.context(format!("the {} does not run", kind.name())))
            }
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn usage(&self) -> Result<Usage> {
        Usage::of(self.process.id())
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn floor(binary: &Path, work: Work, directory: &Path, urls: &[String]) -> Result<Command> {
    let files = directory.join("files");
    fs::create_dir_all(&files)?;
    let mut command = Command::new(binary);
    command
        .arg("--journal")
        .arg(directory.join("journal.db"))
        .arg("--file")
        .arg(files.join("archive.ndjson"))
        .arg("--batch")
        .arg(work.batch().to_string());
    for url in urls {
        command.arg("--to").arg(url);
    }
    Ok(command)
}

/// The address that the first line about it names. The rest of the log is read
/// and dropped, so that the process never waits for a reader.
fn listening(log: impl std::io::Read + Send + 'static) -> Result<SocketAddr> {
    let (lines, read) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let _ = lines.send(line);
        }
    });
    let mut log = String::new();
    loop {
        let Ok(line) = read.recv_timeout(PATIENCE) else {
            bail!("it does not listen; its log:\n{log}");
        };
        if let Some(address) = address(&line) {
            return Ok(address);
        }
        log.push_str(&line);
        log.push('\n');
    }
}

fn address(line: &str) -> Option<SocketAddr> {
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line.get("ingest")?.as_str()?.parse().ok()
}

/// Recounts the books of a gateway that has ended.
pub fn verify_books(binaries: &Binaries, directory: &Path) -> Result<()> {
    let output = Command::new(&binaries.gateway)
        .args(["balance", "--verify", "--journal"])
        .arg(directory.join("journal.db"))
        .output()?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stdout);
        bail!("the books do not balance:\n{told}");
    }
    Ok(())
}
