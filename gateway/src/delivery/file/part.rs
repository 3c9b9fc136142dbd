//! An open part: opened, cut back, appended to, read.
//!
//! The one place where the bytes of a part that is not finished are written and
//! read back.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Take, Write},
    path::Path,
};

use super::{directory::Directory, name::PartNames};

/// A part under way, locked for this process.
pub(super) struct OpenPart {
    file: File,
}

/// What came of opening a part.
pub(super) enum Opened {
    /// It is ours.
    Ours(OpenPart),
    /// Something else holds it: another destination or process.
    Taken,
}

impl OpenPart {
    /// Opens a part for this process alone and cuts it back to its committed
    /// length.
    pub(super) fn open(base_dir: &Path, names: &PartNames, length: u64) -> io::Result<Opened> {
        let directory = Directory::make(base_dir, &names.directory)?;
        let mut file = directory.open(&names.open)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(Opened::Taken),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        directory.sync()?;
        Ok(Opened::Ours(Self { file }))
    }

    /// Appends bytes and waits until they are on disk.
    pub(super) fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }

    /// The first bytes, from the beginning.
    pub(super) fn read(&mut self, length: u64) -> io::Result<Take<&mut File>> {
        self.file.seek(SeekFrom::Start(0))?;
        Ok((&mut self.file).take(length))
    }
}
