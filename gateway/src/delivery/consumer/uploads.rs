//! Finished parts on their way to an object store, one at a time. They wait for
//! ever: their records are delivered, and the spool holds them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use tokio::{
    task::{JoinError, JoinSet},
    time::Instant,
};

use super::pause::Pause;
use crate::{
    delivery::file::{FileSettings, Place, Upload, UploadError},
    journal::{FilePart, PartStage},
};

/// Parts that wait, and the one under way.
pub(super) struct Uploads {
    upload: Option<Arc<Upload>>,
    place: Arc<Place>,
    waiting: VecDeque<FilePart>,
    task: JoinSet<Brought>,
    /// Why parts did not get there, by path and number. Success of others does not
    /// make up for it.
    failed: BTreeMap<(String, u32), UploadError>,
    pause: Pause<()>,
}

/// A part that was tried.
pub(super) struct Brought {
    part: FilePart,
    failed: Option<UploadError>,
}

impl Uploads {
    pub(super) fn new(settings: &FileSettings, waiting: Vec<FilePart>) -> Self {
        Self {
            upload: settings.upload.clone(),
            place: settings.place.clone(),
            waiting: waiting.into(),
            task: JoinSet::new(),
            failed: BTreeMap::new(),
            pause: Pause::default(),
        }
    }

    /// Takes over the settings of a new revision.
    pub(super) fn reconfigure(&mut self, settings: &FileSettings) {
        self.upload.clone_from(&settings.upload);
        self.place = settings.place.clone();
    }

    /// Parts that were settled as waiting.
    pub(super) fn add(&mut self, parts: &[FilePart]) {
        let waiting = parts.iter().filter(|it| it.stage == PartStage::Waiting);
        self.waiting.extend(waiting.cloned());
    }

    /// How many parts wait or are under way.
    pub(super) fn count(&self) -> usize {
        self.waiting.len() + self.task.len()
    }

    /// Why a part waits, if one failed.
    pub(super) fn trouble(&self) -> Option<&UploadError> {
        self.failed.values().next()
    }

    /// When something has to be done although nothing happens.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        self.pause.until().filter(|_| self.task.is_empty())
    }

    /// Starts the next part. Without an object store to bring them to, those that
    /// wait are where they belong: they are returned as finished.
    pub(super) fn start(&mut self) -> Vec<FilePart> {
        let Some(upload) = self.upload.clone() else {
            self.pause.note(None);
            self.failed.clear();
            return self.waiting.drain(..).map(finished).collect();
        };
        if self.task.is_empty()
            && !self.pause.is_on()
            && let Some(part) = self.waiting.pop_front()
        {
            let place = self.place.for_part(&part);
            self.task.spawn(async move {
                let failed = upload.bring(&part, &place).await.err();
                Brought { part, failed }
            });
        }
        Vec::new()
    }

    /// Waits for the part under way; none where none is.
    pub(super) async fn next(&mut self) -> Option<Result<Brought, JoinError>> {
        self.task.join_next().await
    }

    /// The part as finished, or nothing if it has to wait.
    pub(super) fn take(&mut self, brought: Brought) -> Option<FilePart> {
        let Brought { part, failed } = brought;
        self.pause.note(failed.is_some().then_some(()));
        let key = (part.path.clone(), part.part);
        let Some(error) = failed else {
            self.failed.remove(&key);
            return Some(finished(part));
        };
        self.failed.insert(key, error);
        // Behind the others, which may fare better.
        self.waiting.push_back(part);
        None
    }
}

fn finished(part: FilePart) -> FilePart {
    FilePart {
        stage: PartStage::Finished,
        layout: String::new(),
        ..part
    }
}
