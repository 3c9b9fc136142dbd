//! The files of a destination: written, finished on demand, and what is told of
//! them.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use tokio::{task::JoinError, time::Instant};

use super::{
    super::{
        Halt,
        command::Rotated,
        lines::{Lines, Written, Wrote},
        settling,
        uploads::{Brought, Uploads},
    },
    Session,
};
use crate::{
    alert::Event,
    delivery::file::{FileSettings, Line},
    journal::{Claim, FilePart, JournalError, PartStage},
};

/// What a destination of files has beyond others.
pub(super) struct Files {
    lines: Lines,
    /// Finished parts on their way to an object store.
    uploads: Uploads,
    /// Whether they fail, as far as it was told.
    fail: bool,
}

impl Files {
    pub(super) fn new(
        destination: &Arc<str>,
        settings: &FileSettings,
        claim: &Claim,
        linger: Duration,
    ) -> Self {
        let is_waiting = |part: &FilePart| part.stage == PartStage::Waiting;
        let (waiting, open) = claim.files.iter().cloned().partition(is_waiting);
        Self {
            lines: Lines::new(destination.clone(), settings, open, linger),
            uploads: Uploads::new(settings, waiting),
            fail: false,
        }
    }

    pub(super) fn reconfigure(&mut self, settings: &FileSettings, linger: Duration) {
        self.lines.reconfigure(settings, linger);
        self.uploads.reconfigure(settings);
    }

    /// When something has to be done although nothing happens.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        let times = [self.lines.wake_at(), self.uploads.wake_at()];
        times.into_iter().flatten().min()
    }

    /// Takes a line that is ready to be written.
    pub(super) fn add(&mut self, line: Line, revision: u32) {
        self.lines.add(line, revision);
    }

    /// Why lines or parts are not where they belong.
    fn trouble(&self) -> Option<String> {
        let uploads = self.uploads.trouble().map(ToString::to_string);
        self.lines_trouble().or(uploads)
    }

    /// Why they are not even written.
    fn lines_trouble(&self) -> Option<String> {
        self.lines.trouble().map(ToString::to_string)
    }
}

/// Waits for the upload under way; none where there is none.
pub(super) async fn brought(files: &mut Option<Files>) -> Option<Result<Brought, JoinError>> {
    files.as_mut()?.uploads.next().await
}

impl Session<'_> {
    /// Writes lines that wait or finishes parts that are due, and takes what was
    /// done into the next settlement. False if the writer was lost.
    pub(super) async fn write_lines(&mut self) -> Result<bool, JournalError> {
        let wrote = self.write().await?;
        Ok(wrote.is_none_or(|wrote| self.take_written(wrote).is_some()))
    }

    /// Writes all lines that wait, and finishes what is due, as far as that can be done
    /// now, and settles it step by step. What stands in the way of some is in no
    /// other's way. False if the writer was lost.
    pub(super) async fn write_out(&mut self) -> Result<bool, JournalError> {
        if let Some(files) = &mut self.files {
            files.lines.ripen();
        }
        while let Some(wrote) = self.write().await? {
            if self.take_written(wrote).is_none() {
                return Ok(false);
            }
            if !self.settlement.is_empty() {
                self.settle().await?;
            }
        }
        Ok(true)
    }

    async fn write(&mut self) -> Result<Option<Wrote>, JournalError> {
        let Some(files) = &mut self.files else {
            return Ok(None);
        };
        let journal = self.consumer.context.journal.clone();
        files.lines.write(&*journal).await
    }

    /// Starts the next upload, where it is time for one.
    pub(super) fn start_upload(&mut self) {
        let Some(files) = &mut self.files else { return };
        let stay = files.uploads.start(&self.consumer.context.journal);
        if !stay.is_empty() {
            self.settlement.files.extend(stay);
            self.show_trouble();
        }
    }

    /// Takes an upload that ended into the next settlement.
    pub(super) fn take_brought(&mut self, brought: Brought) {
        let Some(files) = &mut self.files else { return };
        let sent = brought.sent;
        let finished = files.uploads.take(brought);
        if sent {
            let outcome = if finished.is_some() { "done" } else { "failed" };
            let destination = self.destination.name.to_string();
            metrics::counter!("cdr_gateway_file_uploads_total", "destination" => destination, "outcome" => outcome)
                .increment(1);
        }
        self.settlement.files.extend(finished);
        self.show_trouble();
    }

    /// Finishes all parts that hold records, with those that wait to be written. None if
    /// the writer was lost.
    pub(super) async fn rotate(&mut self) -> Result<Option<Rotated>, JournalError> {
        if !self.write_out().await? {
            return Ok(None);
        }
        let Some(files) = &mut self.files else {
            return Ok(Some(Rotated::default()));
        };
        let journal = self.consumer.context.journal.clone();
        let wrote = files.lines.rotate(&*journal).await?;
        let Some(parts) = self.take_written(wrote) else {
            return Ok(None);
        };
        let failed = self.files.as_ref().and_then(Files::lines_trouble);
        if !self.settlement.is_empty() {
            self.settle().await?;
        }
        Ok(Some(Rotated { parts, failed }))
    }

    /// How many parts were finished; none if the writer was lost.
    fn take_written(&mut self, wrote: Wrote) -> Option<usize> {
        let Wrote::Done(Written { lines, parts }) = wrote else {
            return None;
        };
        for (seq, revision) in lines {
            settling::written(&mut self.settlement, seq, revision);
        }
        let finished = parts.iter().filter(|part| part.stage != PartStage::Open);
        let finished = finished.count();
        self.settlement.files.extend(parts);
        if self.files.as_ref().and_then(Files::lines_trouble).is_some() {
            let destination = self.destination.name.to_string();
            metrics::counter!("cdr_gateway_file_errors_total", "destination" => destination)
                .increment(1);
        }
        self.show_trouble();
        Some(finished)
    }

    /// Says once that files fail, and once that they do not any more; the status
    /// has the newest error.
    fn show_trouble(&mut self) {
        let Some(files) = &mut self.files else { return };
        let trouble = files.trouble();
        let failed = std::mem::replace(&mut files.fail, trouble.is_some());
        let destination = &*self.destination.name;
        match &trouble {
            Some(error) if !failed => {
                tracing::error!(destination, %error, "files cannot be written, finished or uploaded; trying again until they can");
                self.tell(|destination| Event::FilesFailing { destination });
            }
            None if failed => {
                tracing::info!(
                    destination,
                    "files are written, finished and uploaded again"
                );
                self.tell(|destination| Event::FilesWorking { destination });
            }
            _ => {}
        }
        self.consumer.status.update(|status| match trouble {
            Some(error) => status.halt_by_files(Timestamp::now(), error),
            None => status.end(|halt| matches!(halt, Halt::FileError { .. })),
        });
        self.gauge_files();
    }

    /// Notes what was settled.
    pub(super) fn parts_settled(&mut self, parts: &[FilePart]) {
        if let Some(files) = &mut self.files
            && !parts.is_empty()
        {
            files.lines.commit(parts);
            files.uploads.add(parts);
            self.gauge_files();
        }
    }

    /// Shows how files stand, from the first moment on: what is counted starts at
    /// zero, so that the first increase is seen.
    pub(super) fn show_files(&self) {
        if self.files.is_none() {
            return;
        }
        let destination = self.destination.name.to_string();
        for why in ["due", "asked", "room"] {
            metrics::counter!("cdr_gateway_file_parts_finished_total", "destination" => destination.clone(), "why" => why)
                .increment(0);
        }
        for outcome in ["done", "failed"] {
            metrics::counter!("cdr_gateway_file_uploads_total", "destination" => destination.clone(), "outcome" => outcome)
                .increment(0);
        }
        metrics::counter!("cdr_gateway_file_errors_total", "destination" => destination)
            .increment(0);
        self.gauge_files();
    }

    fn gauge_files(&self) {
        let Some(files) = &self.files else { return };
        let destination = self.destination.name.to_string();
        let failing = f64::from(u8::from(files.fail));
        metrics::gauge!("cdr_gateway_files_failing", "destination" => destination.clone())
            .set(failing);
        let parts = u32::try_from(files.lines.parts()).unwrap_or(u32::MAX);
        metrics::gauge!("cdr_gateway_file_parts_open", "destination" => destination.clone())
            .set(parts);
        let waiting = u32::try_from(files.uploads.count()).unwrap_or(u32::MAX);
        metrics::gauge!("cdr_gateway_file_parts_waiting", "destination" => destination)
            .set(waiting);
    }
}
