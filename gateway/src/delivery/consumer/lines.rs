//! The file side of a consumer: lines that wait, and the writer they go to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    delivery::file::{FileError, FileSettings, Finished, Line, Writer},
    journal::{FilePart, Journal, JournalError},
    record::Seq,
};

/// Time between tries to write after a failure.
const BACKOFF: Duration = Duration::from_secs(2);

/// Lines that wait for the writer, in order of arrival.
pub(super) struct Lines {
    destination: Arc<str>,
    /// Away while a blocking call has it; lost if that call panicked.
    writer: Option<Writer>,
    waiting: BTreeMap<Seq, (Line, u32)>,
    retry_at: Option<Instant>,
    /// Settings of a new revision that the writer does not have yet.
    new_settings: Option<FileSettings>,
}

/// What was written and has to be settled.
pub(super) struct Written {
    /// Positions and the revision that made their lines.
    pub(super) lines: Vec<(Seq, u32)>,
    pub(super) parts: Vec<FilePart>,
    /// Why a part that is due could not be finished.
    pub(super) unfinished: Option<FileError>,
}

/// What came of a try to write.
pub(super) enum Wrote {
    Done(Written),
    Failed(FileError),
    /// The blocking call was lost, and the writer with it.
    Lost,
}

impl Lines {
    pub(super) fn new(
        destination: Arc<str>,
        settings: &FileSettings,
        parts: Vec<FilePart>,
    ) -> Self {
        Self {
            destination,
            writer: Some(Writer::new(settings.clone(), parts)),
            waiting: BTreeMap::new(),
            retry_at: None,
            new_settings: None,
        }
    }

    pub(super) fn add(&mut self, line: Line, revision: u32) {
        self.waiting.insert(line.seq, (line, revision));
    }

    /// When something has to be done although nothing happens.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        if self.retry_at.is_some() || self.new_settings.is_some() {
            return self.retry_at.or_else(|| Some(Instant::now()));
        }
        let due = self.writer.as_ref()?.next_finish()?;
        let wait = Duration::try_from(due.duration_since(Timestamp::now()));
        Some(Instant::now() + wait.unwrap_or_default())
    }

    /// Writes what waits, begins parts for it, or finishes the parts that are due:
    /// one of these at a time, since each has to be settled before the next. None
    /// where there is nothing to do now.
    pub(super) async fn write(
        &mut self,
        journal: &dyn Journal,
    ) -> Result<Option<Wrote>, JournalError> {
        if self.retry_at.is_some_and(|at| at > Instant::now()) {
            return Ok(None);
        }
        self.retry_at = None;
        let Some(mut writer) = self.writer.take() else {
            return Ok(Some(Wrote::Lost));
        };
        let Some(work) = self.work(&writer, journal).await? else {
            self.writer = Some(writer);
            return Ok(None);
        };
        let is_write = matches!(work, Work::Write(_));
        let blocking = tokio::task::spawn_blocking(move || {
            let done = work.run(&mut writer, Timestamp::now());
            (writer, done)
        });
        let Ok((writer, done)) = blocking.await else {
            return Ok(Some(Wrote::Lost));
        };
        self.writer = Some(writer);
        Ok(Some(match done {
            Ok(finished) => {
                if finished.failed.is_some() {
                    self.retry_at = Some(Instant::now() + BACKOFF);
                }
                let lines = if is_write {
                    self.take_waiting()
                } else {
                    Vec::new()
                };
                Wrote::Done(Written {
                    lines,
                    parts: finished.parts,
                    unfinished: finished.failed,
                })
            }
            Err(error) => {
                self.retry_at = Some(Instant::now() + BACKOFF);
                Wrote::Failed(error)
            }
        }))
    }

    async fn work(
        &mut self,
        writer: &Writer,
        journal: &dyn Journal,
    ) -> Result<Option<Work>, JournalError> {
        if let Some(settings) = self.new_settings.take() {
            return Ok(Some(Work::Reconfigure(settings)));
        }
        let lines = self.waiting.values().map(|(line, _)| line);
        let mut new: BTreeMap<&str, &Line> = BTreeMap::new();
        for line in lines.clone().filter(|line| !writer.knows(&line.path)) {
            new.entry(&line.path).or_insert(line);
        }
        if !new.is_empty() {
            let mut begin = Vec::new();
            for line in new.into_values() {
                let last = journal.last_part(&self.destination, &line.path).await?;
                begin.push((line.clone(), last));
            }
            return Ok(Some(Work::Begin(begin)));
        }
        if !self.waiting.is_empty() {
            return Ok(Some(Work::Write(lines.cloned().collect())));
        }
        let due = writer
            .next_finish()
            .is_some_and(|due| due <= Timestamp::now());
        Ok(due.then_some(Work::Finish))
    }

    fn take_waiting(&mut self) -> Vec<(Seq, u32)> {
        let waiting = std::mem::take(&mut self.waiting);
        waiting
            .into_iter()
            .map(|(seq, (_, revision))| (seq, revision))
            .collect()
    }

    /// Notes that what was written is settled.
    pub(super) fn commit(&mut self, parts: &[FilePart]) {
        if let Some(writer) = &mut self.writer {
            writer.commit(parts);
        }
    }

    /// Takes over the settings of a new revision.
    pub(super) fn reconfigure(&mut self, settings: &FileSettings) {
        self.new_settings = Some(settings.clone());
    }
}

/// What the writer is to do, on a thread that may block.
enum Work {
    Reconfigure(FileSettings),
    /// Parts for the first lines of paths, with the last part of each.
    Begin(Vec<(Line, Option<FilePart>)>),
    Write(Vec<Line>),
    Finish,
}

impl Work {
    fn run(self, writer: &mut Writer, now: Timestamp) -> Result<Finished, FileError> {
        Ok(match self {
            Self::Reconfigure(settings) => writer.reconfigure(settings),
            Self::Begin(first) => Finished::whole(writer.begin(&first, now)?),
            Self::Write(lines) => Finished::whole(writer.write(&lines)?),
            Self::Finish => writer.finish_due(now),
        })
    }
}
