//! The file side of a consumer: lines that wait, and the writer they go to.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{
    delivery::file::{FileError, FileSettings, Line, Writer},
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
}

/// What was written and has to be settled.
pub(super) struct Written {
    /// Positions and the revision that made their lines.
    pub(super) lines: Vec<(Seq, u32)>,
    pub(super) parts: Vec<FilePart>,
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
        }
    }

    pub(super) fn add(&mut self, line: Line, revision: u32) {
        self.waiting.insert(line.seq, (line, revision));
    }

    /// When something has to be done although nothing happens.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        if self.retry_at.is_some() {
            return self.retry_at;
        }
        let due = self.writer.as_ref()?.next_finish()?;
        let wait = Duration::try_from(due.duration_since(Timestamp::now()));
        Some(Instant::now() + wait.unwrap_or_default())
    }

    /// Writes what waits, and finishes the parts that are due. None where there
    /// is nothing to do now.
    pub(super) async fn write(
        &mut self,
        journal: &dyn Journal,
    ) -> Result<Option<Wrote>, JournalError> {
        if self.retry_at.is_some_and(|at| at > Instant::now()) {
            return Ok(None);
        }
        self.retry_at = None;
        let now = Timestamp::now();
        let lines: Vec<Line> = self
            .waiting
            .values()
            .map(|(line, _)| line.clone())
            .collect();
        let Some(mut writer) = self.writer.take() else {
            return Ok(Some(Wrote::Lost));
        };
        if lines.is_empty() && writer.next_finish().is_none_or(|due| due > now) {
            self.writer = Some(writer);
            return Ok(None);
        }
        for line in &lines {
            if !writer.knows(&line.path) {
                let last = journal.last_part(&self.destination, &line.path).await?;
                writer.begin(line, last.as_ref(), now);
            }
        }
        let blocking = tokio::task::spawn_blocking(move || {
            let parts = write_and_finish(&mut writer, &lines, now);
            (writer, parts)
        });
        let Ok((writer, parts)) = blocking.await else {
            return Ok(Some(Wrote::Lost));
        };
        self.writer = Some(writer);
        Ok(Some(match parts {
            Ok(parts) => Wrote::Done(Written {
                lines: self.take_waiting(),
                parts,
            }),
            Err(error) => {
                self.retry_at = Some(Instant::now() + BACKOFF);
                Wrote::Failed(error)
            }
        }))
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
    pub(super) fn reconfigure(
        &mut self,
        settings: &FileSettings,
    ) -> Result<Vec<FilePart>, FileError> {
        match &mut self.writer {
            Some(writer) => writer.reconfigure(settings.clone()),
            None => Ok(Vec::new()),
        }
    }
}

/// Lines go to open parts first, so that a part is only finished with what is
/// settled: what is due after this write is finished by the next.
fn write_and_finish(
    writer: &mut Writer,
    lines: &[Line],
    now: Timestamp,
) -> Result<Vec<FilePart>, FileError> {
    if lines.is_empty() {
        writer.finish_due(now)
    } else {
        writer.write(lines)
    }
}
