//! The file side of a consumer: lines that wait, and the writer they go to.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::Timestamp;
use tokio::time::Instant;

use super::pause::Pause;
use crate::{
    delivery::file::{Done, FileError, FileSettings, Line, Why, Writer},
    journal::{
        FilePart, Journal, JournalError,
        seal::{Day, PartKey},
    },
    record::Seq,
};

/// Lines that are written without waiting for more.
const ENOUGH: usize = 128;

/// Lines that wait for the writer, in order of arrival.
pub(super) struct Lines {
    destination: Arc<str>,
    /// Away while a blocking call has it; lost if that call panicked.
    writer: Option<Writer>,
    waiting: BTreeMap<Seq, (Line, u32)>,
    /// Since when the first of them waits.
    since: Option<Instant>,
    /// How long it waits for company.
    linger: Duration,
    /// Whether they are not to wait for company any longer.
    is_hurried: bool,
    /// Whether none of them could be written, although they waited long enough:
    /// they wait for something else.
    is_stuck: bool,
    /// Whether that is a part to be finished, which failed just now.
    waits_for_room: bool,
    /// Paths that could not be written to; those of others go on.
    held: BTreeSet<String>,
    /// After that.
    writing: Pause<FileError>,
    /// After parts could not be finished. Lines go on to parts that are open.
    finishing: Pause<FileError>,
}

/// What was written and has to be settled.
pub(super) struct Written {
    /// Positions and the revision that made their lines.
    pub(super) lines: Vec<(Seq, u32)>,
    pub(super) parts: Vec<FilePart>,
}

/// What came of a try to write.
pub(super) enum Wrote {
    /// Some of it, or nothing: see [`Lines::trouble`].
    Done(Written),
    /// The blocking call was lost, and the writer with it.
    Lost,
}

impl Lines {
    pub(super) fn new(
        destination: Arc<str>,
        settings: &FileSettings,
        parts: Vec<FilePart>,
        linger: Duration,
    ) -> Self {
        Self {
            destination,
            writer: Some(Writer::new(settings.clone(), parts)),
            waiting: BTreeMap::new(),
            since: None,
            linger,
            is_hurried: false,
            is_stuck: false,
            waits_for_room: false,
            held: BTreeSet::new(),
            writing: Pause::default(),
            finishing: Pause::default(),
        }
    }

    pub(super) fn add(&mut self, line: Line, revision: u32) {
        self.waiting.insert(line.seq, (line, revision));
        self.since.get_or_insert_with(Instant::now);
        self.is_stuck = false;
    }

    /// Why lines wait or parts stay open, if they do.
    pub(super) fn trouble(&self) -> Option<&FileError> {
        self.writing.trouble().or_else(|| self.finishing.trouble())
    }

    /// How many parts are open.
    pub(super) fn parts(&self) -> usize {
        self.writer.as_ref().map_or(0, Writer::parts)
    }

    /// When something has to be done although nothing happens.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let writing = self.writing.until().filter(|_| !self.waiting.is_empty());
        let ripe = self.ripe_at().filter(|_| !self.is_stuck);
        let due = self.writer.as_ref()?.next_finish().map(instant);
        let finishing = due.map(|due| self.finishing.until().map_or(due, |until| until.max(due)));
        let room = self.finishing.until().filter(|_| self.waits_for_room);
        [writing, ripe, finishing, room].into_iter().flatten().min()
    }

    /// When the lines that wait are written.
    fn ripe_at(&self) -> Option<Instant> {
        let since = self.since?;
        let is_enough = self.is_hurried || self.waiting.len() >= ENOUGH;
        Some(if is_enough {
            since
        } else {
            since + self.linger
        })
    }

    fn is_ripe(&self) -> bool {
        self.ripe_at().is_some_and(|at| at <= Instant::now())
    }

    /// Has what waits written without waiting for more.
    pub(super) fn ripen(&mut self) {
        self.is_hurried = true;
    }

    /// Writes what waits, begins parts for it, or finishes parts: one of these at
    /// a time, since each has to be settled before the next. None where there is
    /// nothing to do now.
    pub(super) async fn write(
        &mut self,
        journal: &dyn Journal,
    ) -> Result<Option<Wrote>, JournalError> {
        if !self.writing.is_on() {
            self.held.clear();
        }
        self.find_keys(journal).await?;
        let Some(writer) = &self.writer else {
            return Ok(Some(Wrote::Lost));
        };
        let is_ripe = self.is_ripe();
        let work = self.work(writer, journal, is_ripe).await?;
        self.is_stuck = is_ripe && work.is_none();
        self.waits_for_room = self.is_stuck && self.unheld().next().is_some();
        match work {
            Some(work) => Ok(Some(self.run(work).await)),
            None => Ok(None),
        }
    }

    /// Finishes all parts that hold records, whatever their size and age.
    pub(super) async fn rotate(&mut self, journal: &dyn Journal) -> Result<Wrote, JournalError> {
        self.find_keys(journal).await?;
        Ok(self.run(Work::Finish(Why::Asked)).await)
    }

    /// Gives the writer the keys of sealed parts that were open before it came.
    async fn find_keys(&mut self, journal: &dyn Journal) -> Result<(), JournalError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        for day in writer.missing_keys() {
            if let Some(key) = journal.part_key(day).await? {
                writer.take_key(&key);
            }
        }
        Ok(())
    }

    async fn work(
        &self,
        writer: &Writer,
        journal: &dyn Journal,
        is_ripe: bool,
    ) -> Result<Option<Work>, JournalError> {
        if is_ripe && self.unheld().next().is_some() {
            let new = first_of_parts(self.unheld().filter(|line| !writer.knows(line)));
            let room = writer.room();
            if !new.is_empty() && room > 0 {
                let begin = self.with_last_parts(new, room, journal).await?;
                let key = journal.key_for_parts(Day::of(Timestamp::now())).await?;
                return Ok(Some(Work::Begin(begin, key)));
            }
            let known = self.unheld().filter(|line| writer.knows(line));
            let known: Vec<_> = known.cloned().collect();
            if !known.is_empty() {
                return Ok(Some(Work::Write(known)));
            }
            if !self.finishing.is_on() {
                return Ok(Some(Work::Finish(Why::Room(new.len()))));
            }
        }
        let due = writer.next_finish().filter(|_| !self.finishing.is_on());
        let due = due.is_some_and(|due| due <= Timestamp::now());
        Ok(due.then_some(Work::Finish(Why::Due)))
    }

    /// The lines that wait, but for those of paths that could not be written to.
    fn unheld(&self) -> impl Iterator<Item = &Line> {
        let waiting = self.waiting.values().map(|(line, _)| line);
        waiting.filter(|line| !self.held.contains(&line.path))
    }

    async fn with_last_parts(
        &self,
        new: Vec<&Line>,
        room: usize,
        journal: &dyn Journal,
    ) -> Result<Vec<(Line, Option<FilePart>)>, JournalError> {
        let mut begin = Vec::new();
        for line in new.into_iter().take(room) {
            let last = journal.last_part(&self.destination, &line.path).await?;
            begin.push((line.clone(), last));
        }
        Ok(begin)
    }

    /// Has the writer do something, on a thread that may block.
    async fn run(&mut self, work: Work) -> Wrote {
        let Some(mut writer) = self.writer.take() else {
            return Wrote::Lost;
        };
        let finishing = work.finishing();
        let blocking = tokio::task::spawn_blocking(move || {
            let done = work.run(&mut writer, Timestamp::now());
            (writer, done)
        });
        let Ok((writer, done)) = blocking.await else {
            return Wrote::Lost;
        };
        self.writer = Some(writer);
        if let Some(why) = finishing {
            self.count(why, &done.parts);
            self.finishing.note(done.failed);
        } else {
            self.held.extend(done.refused);
            if done.failed.is_some() || self.held.is_empty() {
                self.writing.note(done.failed);
            }
        }
        Wrote::Done(Written {
            lines: self.take(&done.lines),
            parts: done.parts,
        })
    }

    fn count(&self, why: Why, parts: &[FilePart]) {
        let destination = self.destination.to_string();
        metrics::counter!("cdr_gateway_file_parts_finished_total", "destination" => destination, "why" => why.as_str())
            .increment(parts.len() as u64);
    }

    fn take(&mut self, written: &[Seq]) -> Vec<(Seq, u32)> {
        let written = written.iter();
        let revision = |seq: &Seq| Some((*seq, self.waiting.remove(seq)?.1));
        let taken = written.filter_map(revision).collect();
        if self.waiting.is_empty() {
            self.since = None;
            self.is_hurried = false;
        }
        taken
    }

    /// Notes that what was written is settled.
    pub(super) fn commit(&mut self, parts: &[FilePart]) {
        if let Some(writer) = &mut self.writer {
            writer.commit(parts);
        }
    }

    /// Takes over the settings of a new revision.
    pub(super) fn reconfigure(&mut self, settings: &FileSettings, linger: Duration) {
        self.linger = linger;
        if let Some(writer) = &mut self.writer {
            writer.reconfigure(settings.clone());
        }
    }
}

/// The first line of each part that has to be begun.
fn first_of_parts<'a>(lines: impl Iterator<Item = &'a Line>) -> Vec<&'a Line> {
    let mut paths = BTreeSet::new();
    lines.filter(|line| paths.insert(&line.path)).collect()
}

fn instant(at: Timestamp) -> Instant {
    let wait = std::time::Duration::try_from(at.duration_since(Timestamp::now()));
    Instant::now() + wait.unwrap_or_default()
}

/// What the writer is to do.
enum Work {
    /// Parts for the first lines of paths, with the last part of each, and the key
    /// that seals them.
    Begin(Vec<(Line, Option<FilePart>)>, Option<PartKey>),
    Write(Vec<Line>),
    Finish(Why),
}

impl Work {
    fn finishing(&self) -> Option<Why> {
        match self {
            Self::Finish(why) => Some(*why),
            Self::Begin(..) | Self::Write(_) => None,
        }
    }

    fn run(self, writer: &mut Writer, now: Timestamp) -> Done {
        match self {
            Self::Begin(first, key) => writer.begin(&first, key.as_ref(), now),
            Self::Write(lines) => writer.write(&lines),
            Self::Finish(why) => writer.finish(why, now),
        }
    }
}
