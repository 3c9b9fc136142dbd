//! What a file destination wrote, read as it grows.

use std::{
    collections::HashMap,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;

use crate::seen::Seen;

/// Follows all files below a directory. No file may be renamed meanwhile, or it
/// is counted twice; parts are larger than what a run writes.
pub struct Files {
    base: PathBuf,
    seen: Arc<Seen>,
    read: HashMap<PathBuf, u64>,
}

impl Files {
    pub fn below(base: &Path, seen: Arc<Seen>) -> Self {
        Self {
            base: base.to_owned(),
            seen,
            read: HashMap::new(),
        }
    }

    /// Counts the lines that were added.
    pub fn follow(&mut self) -> Result<()> {
        let mut found = Vec::new();
        collect(&self.base, &mut found)?;
        for path in found {
            let read = self.read.entry(path.clone()).or_default();
            let mut file = File::open(&path)?;
            file.seek(SeekFrom::Start(*read))?;
            let mut added = Vec::new();
            file.read_to_end(&mut added)?;
            // The last line may be half written.
            let whole = memchr::memrchr(b'\n', &added).map_or(0, |at| at + 1);
            added.truncate(whole);
            self.seen.note(&added);
            *read += whole as u64;
        }
        Ok(())
    }
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) -> Result<()> {
    if !directory.exists() {
        return Ok(());
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}
