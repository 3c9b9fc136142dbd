//! Follows the files of lookup tables that say `refresh_s`: once one changed, its
//! new version is taken up without a reload.
//!
//! A new version makes a new revision, which differs from the one that runs in
//! that table alone: what an outcome says of its revision stays true, and chain
//! results of before are used no more.
//!
//! A file is looked at from outside ([`Stamp`]) and read once it stands still, away
//! from the async runtime. How it fails: what cannot be loaded is logged, counted,
//! raised and shown, once, and the old version goes on until the file changes
//! again.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    sync::watch,
    task::{JoinHandle, spawn_blocking},
    time::{Instant, sleep_until},
};

use super::{ReloadError, Runtime};
use crate::{
    alert::Event,
    config::{builtin, model, revision::Revision},
    plugin::{
        Table,
        table::{Stamp, TableError},
    },
};

/// How long a file that changed has to look the same before it is read: what is
/// still being written is not.
const STILL: Duration = Duration::from_secs(1);

/// Why the newest versions of tables are not used, by table.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<String, String>>);

impl Refusals {
    /// What is wrong with the newest version of a table, if anything is.
    #[must_use]
    pub fn of(&self, table: &str) -> Option<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(table).cloned()
    }

    fn set(&self, table: &str, refusal: Option<String>) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match refusal {
            Some(refusal) => all.insert(table.to_owned(), refusal),
            None => all.remove(table),
        };
    }

    fn retain(&self, is_kept: impl Fn(&str) -> bool) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|table, _| is_kept(table));
    }
}

/// Why a new version of a table is not taken up.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error("{error}; {}", error.remedy())]
    Table {
        #[from]
        error: TableError,
    },
    #[error(transparent)]
    Switch(#[from] ReloadError),
    #[error("loading it was interrupted")]
    Lost,
}

impl Refused {
    /// Whether the same file would be refused again.
    fn is_for_good(&self) -> bool {
        match self {
            Self::Table { .. } => true,
            Self::Switch(error) => matches!(
                error,
                ReloadError::Config(_) | ReloadError::PluginChanged(_)
            ),
            Self::Lost => false,
        }
    }
}

/// Starts the task. It ends when `stop` becomes true.
pub(super) fn start(runtime: Arc<Runtime>, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
    let mut follower = Follower {
        revision: runtime.fleet.watch(),
        runtime,
        followed: BTreeMap::new(),
    };
    tokio::spawn(async move {
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => {}
            () = follower.run() => {}
        }
    })
}

struct Follower {
    runtime: Arc<Runtime>,
    revision: watch::Receiver<Arc<Revision>>,
    followed: BTreeMap<String, Followed>,
}

/// A table that is followed.
struct Followed {
    /// The version that runs.
    table: Arc<Table>,
    settings: model::Table,
    /// How its files look when they hold that version.
    known: Stamp,
    /// How they looked when they were seen to have changed.
    changed: Option<Stamp>,
    /// How they looked when they were refused for good.
    refused: Option<Stamp>,
    /// Whether what they held last is not used, for good or for now.
    is_refused: bool,
    look_at: Instant,
}

impl Follower {
    async fn run(&mut self) {
        loop {
            let revision = self.revision.borrow_and_update().clone();
            self.adopt(&revision);
            let now = Instant::now();
            let due = self.followed.iter().find(|(_, one)| one.look_at <= now);
            if let Some(name) = due.map(|(name, _)| name.clone()) {
                self.look(&revision, &name).await;
                continue;
            }
            let wake = self.followed.values().map(|one| one.look_at).min();
            tokio::select! {
                () = sleep_until(wake.unwrap_or(now)), if wake.is_some() => {}
                changed = self.revision.changed() => if changed.is_err() { return },
            }
        }
    }

    /// Follows the tables of a revision; those that it shares with the one before
    /// as they stand.
    fn adopt(&mut self, revision: &Revision) {
        let mut before = std::mem::take(&mut self.followed);
        for (name, settings) in &revision.config.table {
            let Some(table) = revision.tables.get(name) else {
                continue;
            };
            if settings.refresh_s == 0 || builtin::name(&settings.file).is_some() {
                continue;
            }
            let kept = before
                .remove(name)
                .filter(|one| one.follows(table, settings));
            let followed = kept.unwrap_or_else(|| Followed::new(name, table, settings));
            self.followed.insert(name.clone(), followed);
        }
        let followed = &self.followed;
        let is_refused = |name: &str| followed.get(name).is_some_and(|one| one.is_refused);
        self.runtime.refusals.retain(is_refused);
    }

    async fn look(&mut self, revision: &Arc<Revision>, name: &str) {
        let Some(followed) = self.followed.get_mut(name) else {
            return;
        };
        let path = PathBuf::from(&followed.settings.file);
        let Ok(stamp) = spawn_blocking(move || Stamp::of(&path)).await else {
            followed.rest();
            return;
        };
        if followed.known.holds(&stamp) {
            followed.settle(&self.runtime, name);
            return;
        }
        let is_refused = followed.refused.as_ref();
        if is_refused.is_some_and(|refused| refused.holds(&stamp)) {
            followed.rest();
            return;
        }
        let before = followed.changed.replace(stamp.clone());
        if before.is_none_or(|before| !before.looks_like(&stamp)) {
            followed.look_at = Instant::now() + STILL;
            return;
        }
        let outcome = match followed.load(&self.runtime, revision, name).await {
            Ok(outcome) => outcome,
            Err(refused) => {
                followed.refuse(&self.runtime, name, stamp, &refused);
                "refused"
            }
        };
        count(name, outcome, 1);
    }
}

impl Followed {
    fn new(name: &str, table: &Arc<Table>, settings: &model::Table) -> Self {
        // From zero on, so that the first one is seen as an increase.
        for outcome in ["switched", "unchanged", "refused"] {
            count(name, outcome, 0);
        }
        let mut followed = Self {
            table: table.clone(),
            settings: settings.clone(),
            known: table.stamp().clone(),
            changed: None,
            refused: None,
            is_refused: false,
            look_at: Instant::now(),
        };
        followed.rest();
        followed
    }

    fn follows(&self, table: &Arc<Table>, settings: &model::Table) -> bool {
        Arc::ptr_eq(&self.table, table) && self.settings == *settings
    }

    /// Until the next look.
    fn rest(&mut self) {
        self.look_at = Instant::now() + Duration::from_secs(self.settings.refresh_s);
    }

    /// What runs is what the file holds.
    fn settle(&mut self, runtime: &Runtime, name: &str) {
        (self.changed, self.refused, self.is_refused) = (None, None, false);
        runtime.refusals.set(name, None);
        self.rest();
    }

    /// Loads what the file holds now and switches to it, where it is another
    /// version.
    async fn load(
        &mut self,
        runtime: &Runtime,
        revision: &Arc<Revision>,
        name: &str,
    ) -> Result<&'static str, Refused> {
        let settings = self.settings.clone();
        let loaded = spawn_blocking(move || Table::load(&settings)).await;
        let table = loaded.map_err(|_| Refused::Lost)??;
        if table.digest() == self.table.digest() {
            self.known = table.stamp().clone();
            self.settle(runtime, name);
            return Ok("unchanged");
        }
        let table = Arc::new(table);
        let switched = runtime.refresh(revision, name, table.clone()).await?;
        let Some(number) = switched else {
            // A reload was faster; what it brought is followed next.
            return Ok("superseded");
        };
        tracing::info!(
            table = name,
            revision = number,
            keys = table.len(),
            version = table.digest(),
            "new version of a table taken up"
        );
        self.known = table.stamp().clone();
        self.table = table;
        self.settle(runtime, name);
        Ok("switched")
    }

    fn refuse(&mut self, runtime: &Runtime, name: &str, stamp: Stamp, refused: &Refused) {
        tracing::error!(table = name, error = %refused, "the new version of a table cannot be used; the old one goes on");
        runtime.refusals.set(name, Some(refused.to_string()));
        runtime.alerts.raise(Event::TableRefused {
            table: name.to_owned(),
        });
        self.changed = None;
        self.refused = refused.is_for_good().then_some(stamp);
        self.is_refused = true;
        self.rest();
    }
}

fn count(table: &str, outcome: &'static str, refreshes: u64) {
    let table = table.to_owned();
    metrics::counter!("cdr_gateway_table_refreshes_total", "table" => table, "outcome" => outcome)
        .increment(refreshes);
}
