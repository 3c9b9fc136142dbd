//! The one writer of a file destination. Blocking: not for the async runtime.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{FileSettings, part::OpenPart};
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

/// The open parts of a destination.
pub struct Writer {
    settings: FileSettings,
    open: BTreeMap<String, Slot>,
}

/// A part that the journal knows as open; its file is opened on first use, and
/// again after a failure.
struct Slot {
    committed: FilePart,
    file: Option<OpenPart>,
}

impl Writer {
    /// A writer that goes on where the journal's parts end.
    #[must_use]
    pub fn new(settings: FileSettings, parts: Vec<FilePart>) -> Self {
        let slot = |committed: FilePart| {
            let path = committed.path.clone();
            let file = None;
            (path, Slot { committed, file })
        };
        Self {
            settings,
            open: parts.into_iter().map(slot).collect(),
        }
    }

    /// Takes over the settings of a new revision. Open parts of another base
    /// directory are finished there first.
    ///
    /// # Errors
    /// When they cannot be finished.
    pub fn reconfigure(&mut self, settings: FileSettings) -> Result<Vec<FilePart>, FileError> {
        let mut finished = Vec::new();
        if settings.base_dir != self.settings.base_dir {
            finished = self.finish(|_| true)?;
        }
        self.settings = settings;
        Ok(finished)
    }

    /// Whether a part of this path is open.
    #[must_use]
    pub fn knows(&self, path: &str) -> bool {
        self.open.contains_key(path)
    }

    /// Begins a part of a path; the first if there was none before.
    pub fn begin(&mut self, line: &Line, last: Option<&FilePart>, now: Timestamp) {
        let committed = FilePart {
            path: line.path.clone(),
            part: last.map_or(1, |last| last.part + 1),
            length: 0,
            records: 0,
            first: line.id,
            last: line.id,
            opened: now,
            finished: false,
        };
        let slot = Slot {
            committed,
            file: None,
        };
        self.open.insert(line.path.clone(), slot);
    }

    /// Writes and syncs lines to parts that are open. What it returns has to be
    /// settled together with their outcomes, and then be [`Writer::commit`]ted.
    ///
    /// # Errors
    /// When the system refuses; nothing counts as written then.
    pub fn write(&mut self, lines: &[Line]) -> Result<Vec<FilePart>, FileError> {
        let mut by_path: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
        for line in lines {
            by_path.entry(&line.path).or_default().push(line);
        }
        let base_dir = self.settings.base_dir.clone();
        let written = by_path.into_iter().map(|(path, lines)| {
            let unknown = || io::Error::other("the part was not begun");
            let slot = self.open.get_mut(path).ok_or_else(unknown)?;
            slot.append(&base_dir, &lines)
        });
        let written: io::Result<Vec<_>> = written.collect();
        written.map_err(|source| self.failed(source))
    }

    /// Notes what was settled: the parts' lengths from here on.
    pub fn commit(&mut self, parts: &[FilePart]) {
        for part in parts {
            if part.finished {
                self.open.remove(&part.path);
            } else if let Some(slot) = self.open.get_mut(&part.path) {
                slot.committed.clone_from(part);
                if let Some(file) = &mut slot.file {
                    file.committed.clone_from(part);
                }
            }
        }
    }

    /// Finishes the parts that are large or old enough. What it returns has to
    /// be settled and committed.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn finish_due(&mut self, now: Timestamp) -> Result<Vec<FilePart>, FileError> {
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

    fn finish(&mut self, is_due: impl Fn(&FilePart) -> bool) -> Result<Vec<FilePart>, FileError> {
        let base_dir = self.settings.base_dir.clone();
        let due = self.open.values_mut();
        let due = due.filter(|slot| slot.committed.records > 0 && is_due(&slot.committed));
        let finished: io::Result<Vec<_>> = due.map(|slot| slot.finish(&base_dir)).collect();
        finished.map_err(|source| self.failed(source))
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
    fn append(&mut self, base_dir: &Path, lines: &[&Line]) -> io::Result<FilePart> {
        let mut block = Vec::with_capacity(lines.iter().map(|line| line.body.len() + 1).sum());
        for line in lines {
            push_line(&mut block, &line.body);
        }
        self.file(base_dir)?.append(&block)?;
        let mut part = self.committed.clone();
        part.length += block.len() as u64;
        part.records += lines.len() as u64;
        if let Some(last) = lines.last() {
            part.last = last.id;
        }
        Ok(part)
    }

    fn finish(&mut self, base_dir: &Path) -> io::Result<FilePart> {
        if self.file.is_none() && OpenPart::was_renamed(base_dir, &self.committed) {
            return Ok(FilePart {
                finished: true,
                ..self.committed.clone()
            });
        }
        self.file(base_dir)?;
        match self.file.take() {
            Some(file) => file.finish(),
            None => Err(io::Error::other("the part is not open")),
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
mod tests {
    use super::*;
    use crate::delivery::template::PathTemplate;

    fn settings(base_dir: &Path, rotate_bytes: u64) -> FileSettings {
        FileSettings {
            path: PathTemplate::parse("a/{source}.ndjson").unwrap(),
            base_dir: base_dir.to_owned(),
            rotate_bytes,
            rotate_s: 60,
        }
    }

    fn line(seq: u64, body: &'static str) -> Line {
        Line {
            seq: Seq(seq),
            id: ArrivalId(uuid::Uuid::from_u128(seq.into())),
            path: "a/tccc.ndjson".into(),
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn begun(base_dir: &Path, rotate_bytes: u64) -> Writer {
        let mut writer = Writer::new(settings(base_dir, rotate_bytes), Vec::new());
        writer.begin(&line(1, ""), None, Timestamp::UNIX_EPOCH);
        writer
    }

    #[test]
    fn a_crash_before_the_settlement_leaves_no_trace() {
        let base = tempfile::tempdir().unwrap();
        let mut writer = begun(base.path(), 1 << 20);
        let parts = writer.write(&[line(1, "{\"a\":1}")]).unwrap();
        writer.commit(&parts);
        writer.write(&[line(2, "{\"a\":2}")]).unwrap();
        drop(writer);

        let mut again = Writer::new(settings(base.path(), 1 << 20), parts);
        let parts = again.write(&[line(2, "{\"b\":2}")]).unwrap();
        again.commit(&parts);
        let text = std::fs::read_to_string(base.path().join("a/tccc.1.ndjson.open")).unwrap();
        assert_eq!(text, "{\"a\":1}\n{\"b\":2}\n");
        assert_eq!((parts[0].records, parts[0].length), (2, 16));
    }

    #[test]
    fn a_part_is_finished_by_size_and_by_time_and_replaces_nothing() {
        let base = tempfile::tempdir().unwrap();
        let at = |second| Timestamp::from_second(second).unwrap();
        for (rotate_bytes, now, expected) in [(8, 0, 1), (9, 59, 0), (9, 60, 1)] {
            let base = tempfile::tempdir().unwrap();
            let mut writer = begun(base.path(), rotate_bytes);
            let parts = writer.write(&[line(1, "{\"a\":1}")]).unwrap();
            writer.commit(&parts);
            let finished = writer.finish_due(at(now)).unwrap();
            assert_eq!(finished.len(), expected, "{rotate_bytes} bytes, {now} s");
        }

        let taken = base.path().join("a/tccc.1.ndjson");
        std::fs::create_dir_all(base.path().join("a")).unwrap();
        std::fs::write(&taken, "someone's").unwrap();
        let mut writer = begun(base.path(), 1);
        let parts = writer.write(&[line(1, "{\"a\":1}")]).unwrap();
        writer.commit(&parts);
        assert!(writer.finish_due(at(0)).is_err());
        assert_eq!(std::fs::read_to_string(taken).unwrap(), "someone's");
    }

    #[test]
    fn a_finished_part_has_a_manifest_that_proves_it() {
        let base = tempfile::tempdir().unwrap();
        let mut writer = begun(base.path(), 1);
        let parts = writer
            .write(&[line(1, "{\n\"a\":1}"), line(2, "{}")])
            .unwrap();
        writer.commit(&parts);
        let finished = writer.finish_due(Timestamp::UNIX_EPOCH).unwrap();
        writer.commit(&finished);
        assert!(!writer.knows("a/tccc.ndjson"));

        let text = std::fs::read(base.path().join("a/tccc.1.ndjson")).unwrap();
        assert_eq!(text, b"{\"a\":1}\n{}\n");
        let manifest = base.path().join("a/tccc.1.ndjson.manifest.json");
        let manifest: serde_json::Value =
            serde_json::from_slice(&std::fs::read(manifest).unwrap()).unwrap();
        assert_eq!(manifest["records"], 2);
        assert_eq!(manifest["bytes"], 11);
        let sha256 = format!("{:x}", <sha2::Sha256 as sha2::Digest>::digest(&text));
        assert_eq!(manifest["sha256"], sha256);
    }

    #[test]
    fn a_crash_between_rename_and_settlement_is_noticed() {
        let base = tempfile::tempdir().unwrap();
        let mut writer = begun(base.path(), 1);
        let parts = writer.write(&[line(1, "{}")]).unwrap();
        writer.commit(&parts);
        writer.finish_due(Timestamp::UNIX_EPOCH).unwrap();

        let mut again = Writer::new(settings(base.path(), 1), parts);
        let finished = again.finish_due(Timestamp::UNIX_EPOCH).unwrap();
        assert!(finished[0].finished);
    }
}
