//! An open part: opened, cut back, appended to, read.
//!
//! The one place where the bytes of a part that is not finished are written and
//! read back, in frames where the part is sealed.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    path::Path,
};

use super::{directory::Directory, frames::Frames, name::PartNames};

/// A part under way, locked for this process.
pub(super) struct OpenPart {
    file: File,
    length: u64,
    /// Where it is sealed.
    frames: Option<Frames>,
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
    pub(super) fn open(
        base_dir: &Path,
        names: &PartNames,
        length: u64,
        frames: Option<Frames>,
    ) -> io::Result<Opened> {
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
        Ok(Opened::Ours(Self {
            file,
            length,
            frames,
        }))
    }

    /// Appends a block and waits until it is on disk. Returns by how many bytes the
    /// part has grown.
    pub(super) fn append(&mut self, block: &[u8]) -> io::Result<u64> {
        let grown = match &self.frames {
            Some(frames) => self.write(&frames.seal(self.length, block)?)?,
            None => self.write(block)?,
        };
        self.length += grown;
        Ok(grown)
    }

    fn write(&self, bytes: &[u8]) -> io::Result<u64> {
        (&self.file).write_all(bytes)?;
        self.file.sync_data()?;
        Ok(bytes.len() as u64)
    }

    /// What the first bytes hold, from the beginning.
    pub(super) fn read(&mut self, length: u64) -> io::Result<Box<dyn Read + '_>> {
        self.file.seek(SeekFrom::Start(0))?;
        let bytes = (&self.file).take(length);
        Ok(match &self.frames {
            Some(frames) => Box::new(frames.clone().open(bytes, length)),
            None => Box::new(bytes),
        })
    }
}
