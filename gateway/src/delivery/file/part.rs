//! One part of a file: opened, appended to, cut back, finished.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::{
    fs::{CWD, RenameFlags},
    io::Errno,
};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::name::PartNames;
use crate::journal::FilePart;

/// Files may hold numbers: they are for the gateway's user and group.
const FILE_MODE: u32 = 0o640;
const DIRECTORY_MODE: u32 = 0o750;

/// A part under way.
pub(super) struct OpenPart {
    file: File,
    names: PartNames,
    /// As the journal knows it.
    pub(super) committed: FilePart,
}

/// What stands beside a finished part, so that whoever collects it can tell
/// that it is whole.
#[derive(Serialize)]
struct Manifest<'a> {
    file: &'a str,
    records: u64,
    bytes: u64,
    first_id: String,
    last_id: String,
    sha256: String,
}

/// What stands where a part should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// The part, as long as was committed or longer.
    Whole,
    /// It got its final name, but the journal does not know yet: the process died
    /// between the two.
    Renamed,
    /// It is gone or too short: something else moved or changed it.
    Gone,
}

impl OpenPart {
    /// Looks for a part that the journal knows.
    pub(super) fn find(base_dir: &Path, committed: &FilePart) -> io::Result<Found> {
        let names = PartNames::new(base_dir, &committed.path, committed.part);
        match fs::metadata(&names.open) {
            Ok(file) if file.len() >= committed.length => Ok(Found::Whole),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Err(_) if committed.length == 0 => Ok(Found::Whole),
            Err(_) if names.finished.try_exists()? => Ok(Found::Renamed),
            Ok(_) | Err(_) => Ok(Found::Gone),
        }
    }

    /// Whether a part's names are free.
    pub(super) fn is_free(base_dir: &Path, path: &str, part: u32) -> io::Result<bool> {
        let names = PartNames::new(base_dir, path, part);
        Ok(!names.open.try_exists()? && !names.finished.try_exists()?)
    }

    /// Opens a part for this process alone and cuts it back to its committed
    /// length.
    pub(super) fn open(base_dir: &Path, committed: FilePart) -> io::Result<Self> {
        let names = PartNames::new(base_dir, &committed.path, committed.part);
        if let Some(directory) = names.open.parent() {
            DirBuilder::new()
                .recursive(true)
                .mode(DIRECTORY_MODE)
                .create(directory)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(FILE_MODE)
            .open(&names.open)?;
        file.try_lock().map_err(|_| {
            let message =
                "a part is written by another destination or process; give each its own path";
            io::Error::new(io::ErrorKind::WouldBlock, message)
        })?;
        file.set_len(committed.length)?;
        file.seek(SeekFrom::End(0))?;
        sync_directory(&names.open)?;
        Ok(Self {
            file,
            names,
            committed,
        })
    }

    /// Appends lines and waits until they are on disk.
    pub(super) fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        self.file.write_all(lines)?;
        self.file.sync_data()
    }

    /// Writes the manifest and gives the part its final name.
    pub(super) fn finish(mut self) -> io::Result<FilePart> {
        let sha256 = self.digest()?;
        self.file.sync_all()?;
        let file = self.names.finished.file_name().unwrap_or_default();
        let manifest = Manifest {
            file: &file.to_string_lossy(),
            records: self.committed.records,
            bytes: self.committed.length,
            first_id: self.committed.first.to_string(),
            last_id: self.committed.last.to_string(),
            sha256,
        };
        write_whole(&self.names.manifest, &serde_json::to_vec(&manifest)?)?;
        // Never replaces: what is there under this name is someone's data.
        rename_to_free(&self.names.open, &self.names.finished)?;
        sync_directory(&self.names.finished)?;
        Ok(FilePart {
            finished: true,
            ..self.committed
        })
    }

    fn digest(&mut self) -> io::Result<String> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut hash = Sha256::new();
        let mut block = vec![0; 64 * 1024];
        loop {
            match self.file.read(&mut block)? {
                0 => return Ok(format!("{:x}", hash.finalize())),
                read => hash.update(&block[..read]),
            }
        }
    }
}

/// Renames without ever replacing; where the file system cannot do that in one
/// step, by a second link.
fn rename_to_free(from: &Path, to: &Path) -> io::Result<()> {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        renamed => Ok(renamed?),
    }
}

/// Writes a file so that it is either there and whole, or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".open");
    let temporary = PathBuf::from(temporary);
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(FILE_MODE)
        .open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&temporary, path)
}

/// Makes a new or renamed entry durable.
fn sync_directory(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}
