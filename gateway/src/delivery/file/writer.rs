//! The one writer of a file destination. Blocking: not for the async runtime.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    FileSettings,
    part::{Found, OpenPart},
};
use crate::{
    journal::FilePart,
    record::{ArrivalId, Seq},
};

/// One record to be written.
#[derive(Debug, Clone)]
pub struct Line {
    /// The arrival's position.
    pub seq: Seq,
    /// The arrival's id.
    pub id: ArrivalId,
    /// The rendered path.
    pub path: String,
    /// The record, as one JSON text.
    pub body: Bytes,
}

/// Why lines could not be written, or parts not be finished.
#[derive(Debug, thiserror::Error)]
#[error("cannot write below {base_dir}: {source}")]
pub struct FileError {
    /// The destination's base directory.
    pub base_dir: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What was done, to be settled and then [`Writer::commit`]ted.
#[derive(Debug, Default)]
pub struct Finished {
    /// The parts as they stand now.
    pub parts: Vec<FilePart>,
    /// The first failure, where others were done.
    pub failed: Option<FileError>,
}

impl Finished {
    /// All of it was done.
    #[must_use]
    pub fn whole(parts: Vec<FilePart>) -> Self {
        Self {
            parts,
            failed: None,
        }
    }
}

/// Files held open at once; the one used longest ago is closed, and opened again
/// when there is more for it.
const MAX_OPEN_FILES: usize = 256;

/// The open parts of a destination.
pub struct Writer {
    settings: FileSettings,
    open: BTreeMap<String, Slot>,
    uses: u64,
}

/// A part that the journal knows as open; its file is opened on first use, and
/// again after a failure.
struct Slot {
    committed: FilePart,
    file: Option<OpenPart>,
    used: u64,
}

impl Writer {
    /// A writer that goes on where the journal's parts end.
    #[must_use]
    pub fn new(settings: FileSettings, parts: Vec<FilePart>) -> Self {
        let slot = |part: FilePart| (part.path.clone(), Slot::new(part));
        Self {
            settings,
            open: parts.into_iter().map(slot).collect(),
            uses: 0,
        }
    }

    /// Takes over the settings of a new revision. Where the base directory is
    /// another one, open parts are finished in the old one.
    pub fn reconfigure(&mut self, settings: FileSettings) -> Finished {
        let finished = if settings.base_dir == self.settings.base_dir {
            Finished::default()
        } else {
            self.finish(|_| true)
        };
        self.settings = settings;
        finished
    }

    /// Whether a part of this path is open.
    #[must_use]
    pub fn knows(&self, path: &str) -> bool {
        self.open.contains_key(path)
    }

    /// Begins parts for the first lines of paths, given the last part of each.
    /// They have to be settled before they are written to, so that after a crash
    /// what stands in them is known to be the gateway's own. What already stands
    /// under a name is left alone: the next free number is taken.
    ///
    /// # Errors
    /// When the system refuses to look.
    pub fn begin(
        &mut self,
        first: &[(Line, Option<FilePart>)],
        now: Timestamp,
    ) -> Result<Vec<FilePart>, FileError> {
        let base_dir = &self.settings.base_dir;
        let parts = first.iter().map(|(line, last)| {
            let mut part = last.as_ref().map_or(1, |last| last.part + 1);
            while !OpenPart::is_free(base_dir, &line.path, part)? {
                part += 1;
            }
            Ok(FilePart {
                path: line.path.clone(),
                part,
                length: 0,
                records: 0,
                first: line.id,
                last: line.id,
                opened: now,
                finished: false,
            })
        });
        let parts: io::Result<Vec<_>> = parts.collect();
        parts.map_err(|source| self.failed(source))
    }

    /// Writes and syncs lines to parts that were begun. What it returns has to be
    /// settled together with their outcomes.
    ///
    /// # Errors
    /// When the system refuses; nothing counts as written then.
    pub fn write(&mut self, lines: &[Line]) -> Result<Vec<FilePart>, FileError> {
        let mut by_path: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in lines {
            by_path.entry(&line.path).or_default().push(line);
        }
        let base_dir = self.settings.base_dir.clone();
        let mut written = Vec::new();
        for (path, lines) in by_path {
            self.uses += 1;
            let uses = self.uses;
            let appended = match self.open.get_mut(path) {
                Some(slot) => slot.append(&base_dir, &lines, uses),
                None => Err(io::Error::other("a part was not begun")),
            };
            written.extend(appended.map_err(|source| self.failed(source))?);
            self.close_oldest();
        }
        Ok(written)
    }

    /// Notes what was settled: the parts' lengths from here on.
    pub fn commit(&mut self, parts: &[FilePart]) {
        for part in parts {
            match self.open.get_mut(&part.path) {
                Some(slot) if part.finished => {
                    if slot.committed.part == part.part {
                        self.open.remove(&part.path);
                    }
                }
                Some(slot) => slot.commit(part),
                None if part.finished => {}
                None => {
                    let slot = Slot::new(part.clone());
                    self.open.insert(part.path.clone(), slot);
                }
            }
        }
    }

    /// Finishes the parts that are large or old enough, each for itself.
    pub fn finish_due(&mut self, now: Timestamp) -> Finished {
        let settings = self.settings.clone();
        self.finish(|part| due(part, &settings) <= now)
    }

    /// When the next part is due to be finished; in the past where one is large
    /// enough.
    #[must_use]
    pub fn next_finish(&self) -> Option<Timestamp> {
        let parts = self.open.values().map(|slot| &slot.committed);
        let begun = parts.filter(|part| part.records > 0);
        begun.map(|part| due(part, &self.settings)).min()
    }

    fn finish(&mut self, is_due: impl Fn(&FilePart) -> bool) -> Finished {
        let base_dir = self.settings.base_dir.clone();
        let mut finished = Finished::default();
        let slots = self.open.values_mut();
        for slot in slots.filter(|slot| slot.committed.records > 0 && is_due(&slot.committed)) {
            match slot.finish(&base_dir) {
                Ok(part) => finished.parts.push(part),
                Err(source) => {
                    finished.failed.get_or_insert(FileError {
                        base_dir: base_dir.clone(),
                        source,
                    });
                }
            }
        }
        finished
    }

    /// Forgets the handles: the next use opens and cuts back again.
    fn failed(&mut self, source: io::Error) -> FileError {
        for slot in self.open.values_mut() {
            slot.file = None;
        }
        FileError {
            base_dir: self.settings.base_dir.clone(),
            source,
        }
    }

    fn close_oldest(&mut self) {
        let open = self.open.values_mut().filter(|slot| slot.file.is_some());
        let mut open: Vec<_> = open.collect();
        if open.len() > MAX_OPEN_FILES
            && let Some(oldest) = open.iter_mut().min_by_key(|slot| slot.used)
        {
            oldest.file = None;
        }
    }
}

/// When a part is to be finished: at once if it is large enough, or when it is
/// old enough.
fn due(part: &FilePart, settings: &FileSettings) -> Timestamp {
    if part.length >= settings.rotate_bytes {
        return part.opened;
    }
    let seconds = i64::try_from(settings.rotate_s).unwrap_or(i64::MAX);
    let age = SignedDuration::from_secs(seconds);
    part.opened.checked_add(age).unwrap_or(Timestamp::MAX)
}

impl Slot {
    fn new(committed: FilePart) -> Self {
        Self {
            committed,
            file: None,
            used: 0,
        }
    }

    fn commit(&mut self, part: &FilePart) {
        self.committed.clone_from(part);
        if let Some(file) = &mut self.file {
            file.committed.clone_from(part);
        }
    }

    /// Appends to the part. Where something else took it away, it is given up
    /// (its records were delivered) and the next one is begun.
    fn append(&mut self, base_dir: &Path, lines: &[&Line], used: u64) -> io::Result<Vec<FilePart>> {
        self.used = used;
        let mut parts = Vec::new();
        if self.file.is_none() && OpenPart::find(base_dir, &self.committed)? != Found::Whole {
            parts.push(self.give_up());
            while !OpenPart::is_free(base_dir, &self.committed.path, self.committed.part)? {
                self.committed.part += 1;
            }
        }
        let mut block = Vec::with_capacity(lines.iter().map(|line| line.body.len() + 1).sum());
        for line in lines {
            push_line(&mut block, &line.body);
        }
        self.file(base_dir)?.append(&block)?;
        let mut part = self.committed.clone();
        if let (0, Some(first)) = (part.records, lines.first()) {
            part.first = first.id;
        }
        part.length += block.len() as u64;
        part.records += lines.len() as u64;
        if let Some(last) = lines.last() {
            part.last = last.id;
        }
        parts.push(part);
        Ok(parts)
    }

    /// The part as finished, and this slot as the one after it.
    fn give_up(&mut self) -> FilePart {
        tracing::error!(
            part = self.committed.part,
            records = self.committed.records,
            "an open part was moved or changed by something else; going on with the next one"
        );
        let given_up = FilePart {
            finished: true,
            ..self.committed.clone()
        };
        self.committed = FilePart {
            part: given_up.part + 1,
            length: 0,
            records: 0,
            ..self.committed.clone()
        };
        given_up
    }

    fn finish(&mut self, base_dir: &Path) -> io::Result<FilePart> {
        if self.file.is_none() {
            let finished = FilePart {
                finished: true,
                ..self.committed.clone()
            };
            match OpenPart::find(base_dir, &self.committed)? {
                Found::Whole => {}
                Found::Renamed => return Ok(finished),
                Found::Gone => {
                    tracing::error!(
                        part = self.committed.part,
                        records = self.committed.records,
                        "an open part was moved or changed by something else; it has no manifest"
                    );
                    return Ok(finished);
                }
            }
        }
        self.file(base_dir)?;
        match self.file.take() {
            Some(file) => file.finish(),
            None => Err(io::Error::other("a part is not open")),
        }
    }

    fn file(&mut self, base_dir: &Path) -> io::Result<&mut OpenPart> {
        match &mut self.file {
            Some(file) => Ok(file),
            empty => {
                let opened = OpenPart::open(base_dir, self.committed.clone())?;
                Ok(empty.insert(opened))
            }
        }
    }
}

/// One record, one line: a document that came with line ends (JSON allows them
/// between tokens only) loses those.
fn push_line(block: &mut Vec<u8>, body: &[u8]) {
    block.extend(body.iter().filter(|byte| !matches!(byte, b'\n' | b'\r')));
    block.push(b'\n');
}

#[cfg(test)]
mod tests;
