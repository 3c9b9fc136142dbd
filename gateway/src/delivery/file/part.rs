//! One part of a file: opened, appended to, cut back, finished.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, RenameFlags};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::name::PartNames;
use crate::journal::FilePart;

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

impl OpenPart {
    /// Opens a part and cuts it back to its committed length.
    pub(super) fn open(base_dir: &Path, committed: FilePart) -> io::Result<Self> {
        let names = PartNames::new(base_dir, &committed.path, committed.part);
        if let Some(directory) = names.open.parent() {
            fs::create_dir_all(directory)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&names.open)?;
        let length = file.metadata()?.len();
        if length < committed.length {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "{} has {length} bytes, but {} were committed: something else has changed it; move it away and note its records as lost",
                    names.open.display(),
                    committed.length
                ),
            ));
        }
        file.set_len(committed.length)?;
        file.seek(SeekFrom::End(0))?;
        sync_directory(&names.open)?;
        Ok(Self {
            file,
            names,
            committed,
        })
    }

    /// Whether the part got its final name, but the journal does not know yet:
    /// the process died between the two.
    pub(super) fn was_renamed(base_dir: &Path, committed: &FilePart) -> bool {
        let names = PartNames::new(base_dir, &committed.path, committed.part);
        committed.length > 0 && !names.open.exists() && names.finished.exists()
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
        rustix::fs::renameat_with(
            CWD,
            &self.names.open,
            CWD,
            &self.names.finished,
            RenameFlags::NOREPLACE,
        )?;
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

/// Writes a file so that it is either there and whole, or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".open");
    let temporary = PathBuf::from(temporary);
    let mut file = File::create(&temporary)?;
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
