//! Parts that wait for an object store: what is to be brought, what is left of
//! them here afterwards, and what becomes of them where there is no store any more.
//!
//! A part that was begun in the clear is finished: file and manifest stand under
//! their final names. One that was sealed stays as it was while it was open: its
//! finished form is made anew, in memory, whenever it is to be sent, so that it is
//! never in the clear on this disk, however long the store is away.
//!
//! Each step can be the last before a crash. A part is here until it was brought
//! and settled; then nothing of it is, also not what a crash left of finishing it
//! here at a time without a store.
//!
//! How it fails: like the finish of a part. It waits, loudly.

use std::{
    io::{self, Read},
    path::Path,
    sync::Arc,
};

use bytes::Bytes;

use super::{
    directory::Directory,
    finish::{self, Found},
    manifest::{self, Manifest, Seal},
    name::PartNames,
    place::Place,
    slot::Slot,
};
use crate::journal::{FilePart, PartStage, seal::PartKey};

/// A part that waits.
pub struct Spooled(Slot);

/// A file, whole.
pub(super) struct Content {
    pub(super) bytes: Bytes,
    pub(super) sha256: String,
}

/// A finished part and its manifest.
pub(super) struct FinishedFile {
    pub(super) part: Content,
    /// Removed before the part is, so that without one it has been brought on.
    pub(super) manifest: Option<Content>,
}

impl Spooled {
    /// A part in its place, with the key that seals it, as far as it is there.
    #[must_use]
    pub fn new(part: FilePart, place: Arc<Place>, key: Option<PartKey>) -> Self {
        Self(Slot::new(part, place, key))
    }

    /// As the journal knows it.
    pub(super) fn part(&self) -> &FilePart {
        &self.0.committed
    }

    pub(super) fn names(&self) -> &PartNames {
        &self.0.names
    }

    pub(super) fn base_dir(&self) -> &Path {
        self.0.place.base_dir()
    }

    /// Whether its finished form has to be made first.
    pub(super) fn is_sealed(&self) -> bool {
        self.part().key_day.is_some()
    }

    /// What is to be brought; `None` where it is not here any more.
    pub(super) fn read(&mut self) -> io::Result<Option<FinishedFile>> {
        if self.is_sealed() {
            match self.0.find()? {
                Found::Whole => return self.unseal().map(Some),
                Found::Packed => finish::finish_packed(&self.0.place, &self.0.names)?,
                Found::Renamed => {}
                Found::Gone => return Ok(None),
            }
        }
        self.read_finished()
    }

    /// The finished form of a sealed part.
    fn unseal(&mut self) -> io::Result<FinishedFile> {
        let mut open = self.0.open()?;
        let (part, names, layout) = (self.part(), self.names(), self.0.place.layout());
        let tail = layout.tail(part);
        let content = open.read(part.length)?.chain(&tail[..]);
        let mut bytes = Vec::new();
        let (seal, uncompressed) = finish::pack(content, layout.compress, &mut bytes)?;
        let manifest = Manifest::new(&names.finished, part, seal.clone(), uncompressed);
        let length = manifest.content_bytes().saturating_sub(tail.len() as u64);
        let file = FinishedFile {
            part: Content {
                bytes: bytes.into(),
                sha256: seal.sha256,
            },
            manifest: Some(Content::new(serde_json::to_vec(&manifest)?)?),
        };
        // From here on it is told of as any finished part.
        self.0.committed.length = length;
        Ok(file)
    }

    fn read_finished(&self) -> io::Result<Option<FinishedFile>> {
        let names = self.names();
        let Some(directory) = Directory::find(self.base_dir(), &names.directory)? else {
            return Ok(None);
        };
        let Some(bytes) = directory.read(&names.finished, u64::MAX)? else {
            return Ok(None);
        };
        let manifest = directory.read(&names.manifest, manifest::MAX_BYTES)?;
        Ok(Some(FinishedFile {
            part: Content::new(bytes)?,
            manifest: manifest.map(Content::new).transpose()?,
        }))
    }

    /// Removes everything of it.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        let names = self.names();
        let Some(directory) = Directory::find(self.base_dir(), &names.directory)? else {
            return Ok(());
        };
        for name in names
            .packed
            .iter()
            .chain([&names.manifest, &names.finished, &names.open])
        {
            directory.remove(name)?;
        }
        directory.sync()
    }

    /// Finishes it here, where it stays.
    pub(super) fn stay(&mut self) -> io::Result<()> {
        if self.is_sealed() {
            self.0.committed = self.0.finish()?;
        }
        Ok(())
    }

    /// The part as one that is complete and in its place.
    #[must_use]
    pub fn finished(self) -> FilePart {
        FilePart {
            stage: PartStage::Finished,
            layout: String::new(),
            key_day: None,
            ..self.0.committed
        }
    }
}

impl Content {
    fn new(bytes: Vec<u8>) -> io::Result<Self> {
        Ok(Self {
            sha256: Seal::of(&*bytes)?.sha256,
            bytes: bytes.into(),
        })
    }
}
