//! A part that the journal knows as open, or as one that waits sealed. Its file is
//! opened on first use, and again after a failure.

use std::{io, sync::Arc};

use super::{
    finish::{self, Found},
    frames::Frames,
    name::PartNames,
    part::{OpenPart, Opened},
    place::Place,
    writer::Line,
};
use crate::journal::{FilePart, PartStage, seal::PartKey};

/// A part that is not finished, and its place.
pub(super) struct Slot {
    /// As the journal knows it.
    pub(super) committed: FilePart,
    pub(super) place: Arc<Place>,
    pub(super) names: PartNames,
    /// Where it is sealed and the key is there.
    pub(super) key: Option<PartKey>,
    file: Option<OpenPart>,
    /// When it was used last, in uses of the writer.
    pub(super) used: u64,
}

/// What came of appending.
pub(super) enum Appended {
    /// The part with the lines.
    Written(FilePart),
    /// Something else took the part away. It is finished, its records were
    /// delivered; the lines are for the next one.
    GivenUp(FilePart),
}

impl Slot {
    pub(super) fn new(committed: FilePart, place: Arc<Place>, key: Option<PartKey>) -> Self {
        Self {
            names: names(&committed, &place),
            committed,
            place,
            key,
            file: None,
            used: 0,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.file.is_some()
    }

    /// Forgets the handle: the next use opens and cuts back again.
    pub(super) fn close(&mut self) {
        self.file = None;
    }

    /// Appends to the part.
    pub(super) fn append(&mut self, lines: &[&Line]) -> io::Result<Appended> {
        if self.file.is_none() {
            if !self.is_whole()? {
                return Ok(Appended::GivenUp(self.finished()));
            }
            match self.try_open()? {
                Opened::Ours(file) => self.file = Some(file),
                // Two destinations chose the same free name at the same time.
                Opened::Taken if self.committed.length == 0 => {
                    return Ok(Appended::GivenUp(self.finished()));
                }
                Opened::Taken => return Err(taken()),
            }
        }
        let block = self.block(lines);
        let bytes = match &mut self.file {
            Some(file) => file.append(&block)?,
            None => return Err(io::Error::other("a part is not open")),
        };
        Ok(Appended::Written(self.grown(lines, bytes)))
    }

    /// Lines as bytes, after the head where they are the first.
    fn block(&self, lines: &[&Line]) -> Vec<u8> {
        let layout = self.place.layout();
        let mut block = match self.committed.length {
            0 => layout.head(),
            _ => Vec::new(),
        };
        block.reserve(lines.iter().map(|line| line.body.len() + 1).sum());
        for line in lines {
            layout.push(&mut block, &line.body);
        }
        block
    }

    /// The part with these lines.
    fn grown(&self, lines: &[&Line], bytes: u64) -> FilePart {
        let mut part = self.committed.clone();
        if let (0, Some(first)) = (part.records, lines.first()) {
            part.first = first.id;
        }
        part.length += bytes;
        part.records += lines.len() as u64;
        if let Some(last) = lines.last() {
            part.last = last.id;
        }
        part
    }

    /// Looks for the part.
    pub(super) fn find(&self) -> io::Result<Found> {
        finish::find(&self.place, &self.names, &self.committed)
    }

    /// Whether the part can be written to. What an earlier try began to finish is
    /// finished.
    fn is_whole(&self) -> io::Result<bool> {
        let found = self.find()?;
        match found {
            Found::Packed => finish::finish_packed(&self.place, &self.names)?,
            Found::Gone => tracing::error!(
                part = self.committed.part,
                records = self.committed.records,
                "an open part was moved or changed by something else; it has no manifest"
            ),
            Found::Whole | Found::Renamed => {}
        }
        Ok(found == Found::Whole)
    }

    /// Finishes the part, from wherever an earlier try came to.
    pub(super) fn finish(&mut self) -> io::Result<FilePart> {
        if self.committed.records == 0 {
            self.close();
            finish::remove_empty(&self.place, &self.names)?;
        } else if self.file.is_some() || self.is_whole()? {
            let file = match self.file.take() {
                Some(file) => file,
                None => self.open()?,
            };
            finish::finish(file, &self.place, &self.names, &self.committed)?;
        }
        Ok(self.finished())
    }

    /// Ends the part so that it can be brought to an object store. A sealed one
    /// stays as it is: its finished form is made when it is brought.
    pub(super) fn hand_over(&mut self) -> io::Result<FilePart> {
        let is_sealed = self.committed.key_day.is_some();
        if self.committed.records == 0 || !is_sealed {
            return self.finish();
        }
        if self.file.is_none() && !self.is_whole()? {
            return Ok(self.finished());
        }
        self.close();
        Ok(self.committed.clone())
    }

    pub(super) fn open(&self) -> io::Result<OpenPart> {
        match self.try_open()? {
            Opened::Ours(file) => Ok(file),
            Opened::Taken => Err(taken()),
        }
    }

    fn try_open(&self) -> io::Result<Opened> {
        let frames = match (self.committed.key_day, &self.key) {
            (None, _) => None,
            (Some(_), Some(key)) => Some(Frames::new(key.clone(), &self.committed)),
            (Some(_), None) => {
                return Err(io::Error::other(
                    "the key that seals a part was dropped; move the part away to give it up",
                ));
            }
        };
        let length = self.committed.length;
        OpenPart::open(self.place.base_dir(), &self.names, length, frames)
    }

    fn finished(&self) -> FilePart {
        FilePart {
            stage: PartStage::Finished,
            key_day: None,
            length: self.content_length(),
            ..self.committed.clone()
        }
    }

    /// The committed length without what sealing added to it, as far as that is
    /// known.
    fn content_length(&self) -> u64 {
        let length = self.committed.length;
        if self.committed.key_day.is_none() || length == 0 {
            return length;
        }
        let told = finish::content_length(&self.place, &self.names, &self.committed);
        told.ok().flatten().unwrap_or(length)
    }
}

/// The names of a part in its place.
pub(super) fn names(part: &FilePart, place: &Place) -> PartNames {
    let sealed = part.key_day.is_some();
    PartNames::new(&part.path, part.part, place.layout().compress, sealed)
}

fn taken() -> io::Error {
    io::Error::new(
        io::ErrorKind::WouldBlock,
        "a part is written by another destination or process; give each its own path",
    )
}
