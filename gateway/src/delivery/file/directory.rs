//! A directory below a base directory, reached name by name without following a
//! link, so that one that someone put there leads nowhere.
//!
//! The base directory itself is the operator's word and may be a link.

use std::{
    ffi::OsStr,
    fs::{DirBuilder, File},
    io::{self, Read, Write},
    os::{fd::OwnedFd, unix::fs::DirBuilderExt},
    path::Path,
};

use rustix::{
    fs::{AtFlags, CWD, FileType, Mode, OFlags, RenameFlags},
    io::Errno,
};

/// Files may hold numbers: they are for the gateway's user and group.
const FILE_MODE: Mode = Mode::from_raw_mode(0o640);
const DIRECTORY_MODE: u32 = 0o750;

const DIRECTORY: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

/// An open directory.
pub(super) struct Directory(OwnedFd);

impl Directory {
    /// Opens a directory and makes what is missing of it.
    pub(super) fn make(base_dir: &Path, below: &Path) -> io::Result<Self> {
        if !base_dir.is_dir() {
            let mut builder = DirBuilder::new();
            builder
                .recursive(true)
                .mode(DIRECTORY_MODE)
                .create(base_dir)?;
            if let Some(parent) = base_dir.parent().filter(|it| !it.as_os_str().is_empty()) {
                File::open(parent)?.sync_all()?;
            }
        }
        let mut directory = rustix::fs::openat(CWD, base_dir, DIRECTORY, Mode::empty())?;
        for name in below {
            match rustix::fs::mkdirat(&directory, name, Mode::from_raw_mode(DIRECTORY_MODE)) {
                Ok(()) => rustix::fs::fsync(&directory)?,
                Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            directory = step(&directory, name)?;
        }
        Ok(Self(directory))
    }

    /// Opens a directory, if it is there.
    pub(super) fn find(base_dir: &Path, below: &Path) -> io::Result<Option<Self>> {
        let mut directory = match rustix::fs::openat(CWD, base_dir, DIRECTORY, Mode::empty()) {
            Err(Errno::NOENT) => return Ok(None),
            opened => opened?,
        };
        for name in below {
            directory = match step(&directory, name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                found => found?,
            };
        }
        Ok(Some(Self(directory)))
    }

    /// The length of a file, if there is something of this name.
    pub(super) fn length(&self, name: &str) -> io::Result<Option<u64>> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile => {
                Ok(u64::try_from(stat.st_size).ok())
            }
            Ok(_) => Err(io::Error::other(
                "something else than a file stands under a part's name; move it away",
            )),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether there is anything of this name.
    pub(super) fn has(&self, name: &str) -> io::Result<bool> {
        match rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file to be read and written, and makes it where it is missing.
    pub(super) fn open(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OFlags::RDWR | OFlags::CREATE)
    }

    /// Reads a small file whole, if it is there.
    pub(super) fn read(&self, name: &str, max_bytes: u64) -> io::Result<Option<Vec<u8>>> {
        let file = match self.open_with(name, OFlags::RDONLY) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            opened => opened?,
        };
        let mut bytes = Vec::new();
        file.take(max_bytes).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }

    /// Opens a file to be read.
    pub(super) fn reader(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OFlags::RDONLY)
    }

    /// Writes a file from its beginning, whatever was in it, and waits until it is
    /// on disk.
    pub(super) fn write<T>(
        &self,
        name: &str,
        write: impl FnOnce(&mut File) -> io::Result<T>,
    ) -> io::Result<T> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC;
        let mut file = self.open_with(name, flags)?;
        let written = write(&mut file)?;
        file.sync_all()?;
        Ok(written)
    }

    /// Writes a file so that it is either there and whole, or as it was before.
    pub(super) fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let temporary = format!("{name}.open");
        self.write(&temporary, |file| file.write_all(bytes))?;
        rustix::fs::renameat(&self.0, &temporary, &self.0, name)?;
        Ok(())
    }

    /// Renames without ever replacing; where the file system cannot do that in one
    /// step, by a second link.
    pub(super) fn rename_to_free(&self, from: &str, to: &str) -> io::Result<()> {
        match rustix::fs::renameat_with(&self.0, from, &self.0, to, RenameFlags::NOREPLACE) {
            Err(Errno::INVAL | Errno::NOSYS) => {
                rustix::fs::linkat(&self.0, from, &self.0, to, AtFlags::empty())?;
                self.remove(from)
            }
            renamed => Ok(renamed?),
        }
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> io::Result<()> {
        match rustix::fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Makes new, renamed and removed entries durable.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::fsync(&self.0)?)
    }

    fn open_with(&self, name: &str, flags: OFlags) -> io::Result<File> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&self.0, name, flags, FILE_MODE);
        Ok(File::from(opened.map_err(no_link)?))
    }
}

fn step(directory: &OwnedFd, name: &OsStr) -> io::Result<OwnedFd> {
    let flags = DIRECTORY | OFlags::NOFOLLOW;
    rustix::fs::openat(directory, name, flags, Mode::empty()).map_err(no_link)
}

/// Linux says `ELOOP`, or of a directory `ENOTDIR`, where a link would have to be
/// followed. Names come from records and are not told.
fn no_link(error: Errno) -> io::Error {
    let said = io::Error::from(error);
    match error {
        Errno::LOOP | Errno::NOTDIR => io::Error::new(
            said.kind(),
            "a link, or something else than a directory, stands in the path; links below a base directory are not followed",
        ),
        _ => said,
    }
}
