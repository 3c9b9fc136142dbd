//! The disk's own time for what an acknowledgement waits for.

use std::{fs::OpenOptions, io::Write, path::Path, time::Instant};

use anyhow::Result;

use crate::latency::Latencies;

const SYNCS: usize = 300;

/// About what a small commit appends to a log.
const BYTES: [u8; 8192] = [0; 8192];

/// Times appends with `fdatasync`, on the file system of this directory, while
/// nothing else of the run is under way.
pub fn sync_times(directory: &Path) -> Result<Latencies> {
    let path = directory.join("sync");
    let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
    let mut times = Latencies::new();
    for _ in 0..SYNCS {
        let begun = Instant::now();
        file.write_all(&BYTES)?;
        file.sync_data()?;
        times.add(begun.elapsed());
    }
    std::fs::remove_file(path)?;
    Ok(times)
}
