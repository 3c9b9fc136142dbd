//! The one writer of a file destination. Blocking: not for the async runtime.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::{
    FileSettings, finish,
    place::Place,
    slot::{self, Appended, Slot},
};
use crate::{
    journal::{
        FilePart, PartStage,
        seal::{Day, PartKey},
    },
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
    /// Where it belongs, and the layout that it was made for.
    pub place: Arc<Place>,
    /// The record as the layout has it.
    pub body: Bytes,
}

/// Why lines could not be written, or parts not be finished.
#[derive(Debug, thiserror::Error)]
#[error("cannot write below {base_dir}: {source}")]
pub struct FileError {
    /// The base directory.
    pub base_dir: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What was done, to be settled and then [`Writer::commit`]ted.
#[derive(Debug, Default)]
pub struct Done {
    /// The parts as they stand now.
    pub parts: Vec<FilePart>,
    /// The lines that were written.
    pub lines: Vec<Seq>,
    /// The first failure, where others were done.
    pub failed: Option<FileError>,
    /// The paths that could not be written to.
    pub refused: Vec<String>,
}

/// Why parts are finished; the word for it in metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// They are large or old enough, or the settings are others now.
    Due,
    /// Someone asked for it.
    Asked,
    /// Others have to be begun: so many of those begun first.
    Room(usize),
}

impl Why {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Asked => "asked",
            Self::Room(_) => "room",
        }
    }
}

/// The open parts of a destination.
pub struct Writer {
    settings: FileSettings,
    /// By path; more than one of a path where settings changed on the way.
    open: BTreeMap<String, Vec<Slot>>,
    /// Those of sealed parts that are open.
    keys: BTreeMap<Day, PartKey>,
    uses: u64,
}

impl Writer {
    /// A writer that goes on where the journal's parts end.
    #[must_use]
    pub fn new(settings: FileSettings, parts: Vec<FilePart>) -> Self {
        let mut writer = Self {
            settings,
            open: BTreeMap::new(),
            keys: BTreeMap::new(),
            uses: 0,
        };
        for mut part in parts {
            writer.settings.place.adopt(&mut part);
            writer.insert(part);
        }
        writer
    }

    /// Takes over the settings of a new revision. Parts whose directory or layout
    /// is another one are due from now on, where and as they were begun.
    pub fn reconfigure(&mut self, settings: FileSettings) {
        for slot in self.open.values_mut().flatten() {
            if settings.place.is_of(&slot.committed) {
                slot.place = settings.place.clone();
            }
        }
        self.settings = settings;
    }

    /// How many parts are under way.
    #[must_use]
    pub fn parts(&self) -> usize {
        self.open.values().map(Vec::len).sum()
    }

    /// How many more parts may be begun.
    #[must_use]
    pub fn room(&self) -> usize {
        self.settings.max_parts.saturating_sub(self.parts())
    }

    /// Whether a part that this line belongs to is open.
    #[must_use]
    pub fn knows(&self, line: &Line) -> bool {
        self.of(line).is_some()
    }

    /// The days whose keys seal open parts and are not here yet. Such a part is
    /// neither written to nor finished before.
    #[must_use]
    pub fn missing_keys(&self) -> BTreeSet<Day> {
        let slots = self.open.values().flatten();
        let keyless = slots.filter(|slot| slot.key.is_none());
        keyless.filter_map(|slot| slot.committed.key_day).collect()
    }

    /// Takes the key of open parts.
    pub fn take_key(&mut self, key: &PartKey) {
        let slots = self.open.values_mut().flatten();
        for slot in slots.filter(|slot| slot.committed.key_day == Some(key.day())) {
            slot.key = Some(key.clone());
        }
        self.keys.insert(key.day(), key.clone());
    }

    /// Begins parts for the first lines of paths, given the last part of each, and
    /// the key that seals them, where they are to be sealed.
    /// They have to be settled before they are written to, so that after a crash
    /// what stands in them is known to be the gateway's own. What already stands
    /// under a name is left alone: the next free number is taken.
    pub fn begin(
        &mut self,
        first: &[(Line, Option<FilePart>)],
        key: Option<&PartKey>,
        now: Timestamp,
    ) -> Done {
        if let Some(key) = key {
            self.take_key(key);
        }
        let mut done = Done::default();
        for (line, last) in first {
            let number = last.as_ref().map_or(1, |last| last.part + 1);
            match begin(line, number, key.map(PartKey::day), now) {
                Ok(part) => done.parts.push(part),
                Err(source) => done.fail(&line.path, &line.place, source),
            }
        }
        done
    }

    /// Writes and syncs lines to parts that were begun, each path for itself. Lines
    /// of a part that something else took away are not among those that were
    /// written: their next part has to be begun.
    pub fn write<'a>(&mut self, lines: impl IntoIterator<Item = &'a Line>) -> Done {
        let mut by_part: BTreeMap<(&str, u32), Vec<&Line>> = BTreeMap::new();
        for line in lines {
            if let Some(slot) = self.of(line) {
                let key = (line.path.as_str(), slot.committed.part);
                by_part.entry(key).or_default().push(line);
            }
        }
        let settings = self.settings.clone();
        let mut done = Done::default();
        for ((path, part), lines) in by_part {
            self.uses += 1;
            let uses = self.uses;
            if let Some(slot) = self.slot(path, part) {
                slot.used = uses;
                done.append(&settings, slot, &lines);
            }
            self.close_oldest();
        }
        done
    }

    /// Notes what was settled: the parts' lengths from here on.
    pub fn commit(&mut self, parts: &[FilePart]) {
        for part in parts {
            if part.stage != PartStage::Open {
                self.remove(part);
            } else if let Some(slot) = self.slot(&part.path, part.part) {
                slot.committed.clone_from(part);
            } else {
                self.insert(part.clone());
            }
        }
    }

    /// Finishes parts, each for itself.
    pub fn finish(&mut self, why: Why, now: Timestamp) -> Done {
        let settings = self.settings.clone();
        let mut slots: Vec<_> = self.open.values_mut().flatten().collect();
        match why {
            Why::Due => slots.retain(|slot| due(slot, &settings).is_some_and(|due| due <= now)),
            // A sealed one keeps the key of its day, even while it is empty.
            Why::Asked => {
                slots.retain(|slot| slot.committed.records > 0 || slot.committed.key_day.is_some());
            }
            Why::Room(count) => {
                slots.sort_by_key(|slot| slot.committed.opened);
                slots.truncate(count);
            }
        }
        let mut done = Done::default();
        for slot in slots {
            let ended = match &settings.upload {
                Some(_) => slot.hand_over(),
                None => slot.finish(),
            };
            match ended {
                Ok(part) => done.parts.push(settings.finished(part)),
                Err(source) => {
                    slot.close();
                    done.fail(&slot.committed.path, &slot.place, source);
                }
            }
        }
        done
    }

    /// When the next part is due to be finished; in the past where one is large
    /// enough.
    #[must_use]
    pub fn next_finish(&self) -> Option<Timestamp> {
        let slots = self.open.values().flatten();
        slots.filter_map(|slot| due(slot, &self.settings)).min()
    }

    /// The open part that a line belongs to: the newest of its path and place.
    fn of(&self, line: &Line) -> Option<&Slot> {
        let mut parts = self.open.get(&line.path)?.iter().rev();
        parts
            .find(|slot| Arc::ptr_eq(&slot.place, &line.place) || line.place.is_of(&slot.committed))
    }

    fn slot(&mut self, path: &str, part: u32) -> Option<&mut Slot> {
        let mut slots = self.open.get_mut(path)?.iter_mut();
        slots.find(|slot| slot.committed.part == part)
    }

    fn insert(&mut self, part: FilePart) {
        let place = self.settings.place.for_part(&part);
        let key = part.key_day.and_then(|day| self.keys.get(&day)).cloned();
        let parts = self.open.entry(part.path.clone()).or_default();
        parts.push(Slot::new(part, place, key));
    }

    fn remove(&mut self, part: &FilePart) {
        if let Some(slots) = self.open.get_mut(&part.path) {
            slots.retain(|slot| slot.committed.part != part.part);
            if slots.is_empty() {
                self.open.remove(&part.path);
            }
        }
        let slots = self.open.values().flatten();
        let used: BTreeSet<_> = slots.filter_map(|slot| slot.committed.key_day).collect();
        self.keys.retain(|day, _| used.contains(day));
    }

    fn close_oldest(&mut self) {
        let slots = self.open.values_mut().flatten();
        let mut open: Vec<_> = slots.filter(|slot| slot.is_open()).collect();
        if open.len() > self.settings.max_open
            && let Some(oldest) = open.iter_mut().min_by_key(|slot| slot.used)
        {
            oldest.close();
        }
    }
}

impl FileSettings {
    /// A part that is complete: it waits where it is to be brought elsewhere.
    fn finished(&self, mut part: FilePart) -> FilePart {
        if self.upload.is_some() && part.records > 0 {
            part.stage = PartStage::Waiting;
        } else {
            part.layout.clear();
        }
        part
    }
}

impl Done {
    fn append(&mut self, settings: &FileSettings, slot: &mut Slot, lines: &[&Line]) {
        match slot.append(lines) {
            Ok(Appended::Written(part)) => {
                self.parts.push(part);
                self.lines.extend(lines.iter().map(|line| line.seq));
            }
            Ok(Appended::GivenUp(part)) => self.parts.push(settings.finished(part)),
            Err(source) => {
                // What it wrote of them is cut off when it is opened again.
                slot.close();
                self.fail(&slot.committed.path, &slot.place, source);
            }
        }
    }

    fn fail(&mut self, path: &str, place: &Place, source: io::Error) {
        self.refused.push(path.to_owned());
        let base_dir = place.base_dir().to_owned();
        self.failed.get_or_insert(FileError { base_dir, source });
    }
}

/// When a part is to be finished: at once if it is large enough or of other
/// settings, or when it is old enough. An empty one waits for its lines.
fn due(slot: &Slot, settings: &FileSettings) -> Option<Timestamp> {
    let part = &slot.committed;
    if !Arc::ptr_eq(&slot.place, &settings.place) {
        return Some(part.opened);
    }
    if part.records == 0 {
        return None;
    }
    if part.length >= settings.rotate_bytes {
        return Some(part.opened);
    }
    let seconds = i64::try_from(settings.rotate_s).unwrap_or(i64::MAX);
    let age = SignedDuration::from_secs(seconds);
    Some(part.opened.checked_add(age).unwrap_or(Timestamp::MAX))
}

fn begin(line: &Line, number: u32, key_day: Option<Day>, now: Timestamp) -> io::Result<FilePart> {
    let mut part = FilePart {
        path: line.path.clone(),
        part: number,
        length: 0,
        records: 0,
        first: line.id,
        last: line.id,
        opened: now,
        base_dir: String::new(),
        layout: String::new(),
        key_day,
        stage: PartStage::Open,
    };
    line.place.mark(&mut part);
    while !finish::is_free(&line.place, &slot::names(&part, &line.place))? {
        part.part += 1;
    }
    Ok(part)
}

#[cfg(test)]
mod tests;
