//! One run: a subject is started, warmed up, loaded, watched until every record
//! has arrived everywhere, and put to the proof.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use tempfile::TempDir;

use crate::{
    disk,
    figures::{Figures, Observed},
    files::Files,
    load::{Load, Pace},
    receiver::Receiver,
    seen::Seen,
    subject::{self, Binaries, Kind, Subject},
    work::Work,
};

/// Before anything is measured: code paths, connections and instances are warm.
const WARM_UP: u64 = 500;

/// Without any progress for so long, records are taken to be lost.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks at what has arrived.
const LOOK: Duration = Duration::from_millis(20);

/// What is settled and written after the last arrival belongs to the run.
const SETTLE: Duration = Duration::from_millis(500);

/// What all runs share.
pub struct Bench {
    pub binaries: Binaries,
    /// On the disk that is measured.
    pub directory: PathBuf,
    pub connections: usize,
    pub records: u64,
}

impl Bench {
    pub async fn run(&self, kind: Kind, work: Work, pace: Pace) -> Result<Figures> {
        let directory = TempDir::new_in(&self.directory)?;
        let (mut destinations, urls) = self.destinations(work, directory.path()).await?;
        let syncs = disk::sync_times(directory.path())?;
        let cache = self.directory.join("plugin-cache");
        let subject = Subject::start(kind, &self.binaries, work, directory.path(), &cache, &urls)?;

        let mut load = Load {
            to: subject.address(),
            connections: self.connections,
            pace: Pace::Saturated,
            first: 0,
            records: WARM_UP,
        };
        let warm = load.run().await?;
        destinations.wait_for(&warm.acknowledged).await?;

        let before = subject.usage()?;
        let begun = Instant::now();
        load.first = WARM_UP;
        load.records = self.records;
        load.pace = pace;
        let answers = load.run().await?;
        destinations.wait_for(&answers.acknowledged).await?;
        let through = begun.elapsed();
        tokio::time::sleep(SETTLE).await;
        let after = subject.usage()?;

        drop(subject);
        if kind == Kind::Gateway {
            subject::verify_books(&self.binaries, directory.path())?;
        }
        let observed = Observed {
            answers,
            syncs,
            before,
            after,
            through,
            repeated: destinations.repeated(),
        };
        Ok(observed.figures())
    }

    async fn destinations(
        &self,
        work: Work,
        directory: &Path,
    ) -> Result<(Destinations, Vec<String>)> {
        let all = WARM_UP + self.records;
        let mut destinations = Destinations::with_files(&directory.join("files"), all);
        let mut urls = Vec::new();
        for name in work.receivers() {
            let seen = Arc::new(Seen::new(name, all));
            let receiver = Receiver::start(seen.clone()).await?;
            urls.push(receiver.url());
            destinations.receivers.push(receiver);
            destinations.seen.push(seen);
        }
        Ok((destinations, urls))
    }
}

/// Everywhere that a record has to arrive.
struct Destinations {
    receivers: Vec<Receiver>,
    files: Files,
    seen: Vec<Arc<Seen>>,
}

impl Destinations {
    fn with_files(base: &Path, records: u64) -> Self {
        let archive = Arc::new(Seen::new("archive", records));
        Self {
            receivers: Vec::new(),
            files: Files::below(base, archive.clone()),
            seen: vec![archive],
        }
    }

    /// The verifier: returns once each of these records is at every destination,
    /// and fails if some do not come.
    async fn wait_for(&mut self, acknowledged: &[u64]) -> Result<()> {
        let mut fewest = usize::MAX;
        let mut progress = Instant::now();
        loop {
            self.files.follow()?;
            let missing: usize = self.seen.iter().map(|at| at.missing(acknowledged)).sum();
            if missing == 0 {
                return Ok(());
            }
            if missing < fewest {
                fewest = missing;
                progress = Instant::now();
            }
            if progress.elapsed() > PATIENCE {
                bail!(
                    "acknowledged records are missing: {}",
                    self.told(acknowledged)
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn told(&self, acknowledged: &[u64]) -> String {
        let at = |seen: &Arc<Seen>| format!("{} at {}", seen.missing(acknowledged), seen.name());
        self.seen.iter().map(at).collect::<Vec<_>>().join(", ")
    }

    fn repeated(&self) -> usize {
        self.seen.iter().map(|at| at.repeated()).sum()
    }
}
