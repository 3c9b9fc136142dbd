//! Finished parts on their way to an object store, one at a time. They wait for
//! ever: their records are delivered, and the spool holds them.
//!
//! Where the settings name no store any more, they stay: those in the clear are
//! where they belong, and sealed ones are finished here.

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
    delivery::file::{FileSettings, Place, Spooled, Upload, UploadError, upload},
    journal::{FilePart, Journal, PartStage},
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
    /// The same as finished.
    ended: Result<FilePart, UploadError>,
    /// Whether it was sent to a store, rather than finished here.
    pub(super) sent: bool,
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

    /// Takes over the settings of a new revision. What failed by the old ones is
    /// tried at once.
    pub(super) fn reconfigure(&mut self, settings: &FileSettings) {
        self.upload.clone_from(&settings.upload);
        self.place = settings.place.clone();
        self.pause = Pause::default();
        if self.upload.is_none() {
            self.failed.clear();
        }
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

    /// Starts the next part. Returns those that are finished although nothing is
    /// done with them: without a store, those in the clear.
    pub(super) fn start(&mut self, journal: &Arc<dyn Journal>) -> Vec<FilePart> {
        let stay = self.take_those_that_stay();
        if self.task.is_empty()
            && !self.pause.is_on()
            && let Some(part) = self.waiting.pop_front()
        {
            let place = self.place.for_part(&part);
            let (journal, upload) = (journal.clone(), self.upload.clone());
            self.task.spawn(bring(journal, upload, place, part));
        }
        stay
    }

    fn take_those_that_stay(&mut self) -> Vec<FilePart> {
        if self.upload.is_some() {
            return Vec::new();
        }
        let waiting = std::mem::take(&mut self.waiting).into_iter();
        let (sealed, plain) = waiting.partition::<Vec<_>, _>(|part| part.key_day.is_some());
        self.waiting = sealed.into();
        let plain = plain.into_iter();
        plain
            .map(|part| Spooled::new(part, self.place.clone(), None).finished())
            .collect()
    }

    /// Waits for the part under way; none where none is.
    pub(super) async fn next(&mut self) -> Option<Result<Brought, JoinError>> {
        self.task.join_next().await
    }

    /// The part as finished, or nothing if it has to wait.
    pub(super) fn take(&mut self, brought: Brought) -> Option<FilePart> {
        let Brought { part, ended, .. } = brought;
        self.pause.note(ended.is_err().then_some(()));
        let key = (part.path.clone(), part.part);
        match ended {
            Ok(finished) => {
                self.failed.remove(&key);
                Some(finished)
            }
            Err(error) => {
                self.failed.insert(key, error);
                // Behind the others, which may fare better.
                self.waiting.push_back(part);
                None
            }
        }
    }
}

async fn bring(
    journal: Arc<dyn Journal>,
    upload: Option<Arc<Upload>>,
    place: Arc<Place>,
    part: FilePart,
) -> Brought {
    let sent = upload.is_some();
    let ended = async {
        let key = match part.key_day {
            Some(day) => journal.part_key(day).await.map_err(UploadError::Key)?,
            None => None,
        };
        let spooled = Spooled::new(part.clone(), place, key);
        match upload {
            Some(upload) => upload.bring(spooled).await,
            None => upload::keep(spooled).await,
        }
    };
    let ended = ended.await;
    Brought { part, ended, sent }
}
