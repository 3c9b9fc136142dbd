//! Switching to another configuration while running.

use std::{sync::Arc, time::Duration};

use serde::Serialize;

use super::{
    Runtime, limits,
    masters::masters,
    removal::{self, Removal},
    retention,
    sources::{SourcesError, sources},
    stages::{self, StageRemoval},
};
use crate::{
    alert::{Event, Problem},
    config::{
        self, Loaded,
        compile::{compile, compile_with, tidy},
        diagnostic::{Diagnostic, Diagnostics},
        model::Config,
        revision::{Draft, Revision},
    },
    journal::{
        Journal, JournalError, Retire,
        seal::{BadMasterKey, Masters},
    },
    plugin::Table,
};

/// Time after which the journal is asked again when its queue was full.
const BUSY_BACKOFF: Duration = Duration::from_millis(50);

/// A reload that took place.
#[derive(Debug, Clone, Serialize)]
pub struct Reloaded {
    /// The revision that runs now.
    pub revision: u32,
    /// Its digest.
    pub digest: String,
    /// Whether it is another one than before.
    pub changed: bool,
    /// What is probably not meant.
    pub warnings: Vec<Diagnostic>,
}

/// Why a reload did not take place. The old revision goes on, but for the one
/// error that says otherwise.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] Diagnostics),
    /// Keys changed that only a restart can change.
    #[error("only a restart can change {0}; restart the gateway, or take the change back")]
    NeedsRestart(String),
    /// A destination would go missing with deliveries that are not settled.
    #[error(transparent)]
    Removal(#[from] Removal),
    /// A stage would go missing that remembers or waits for something.
    #[error(transparent)]
    StageRemoval(#[from] StageRemoval),
    /// The journal cannot take the new revision.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The new revision runs, but what a destination was called before, or that
    /// it is retired, could not be noted.
    #[error(
        "the new revision runs, but renamed or retired destinations are not carried over: {0}; reload again"
    )]
    NotCarriedOver(JournalError),
    /// The sources contradict each other.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// A master key of the journal is none.
    #[error("journal.encryption: {0}")]
    MasterKey(#[from] BadMasterKey),
    /// The component of a plugin is another one than when the configuration was
    /// loaded.
    #[error(
        "the component of plugin {0} changed since the configuration was loaded; reload to take it up"
    )]
    PluginChanged(String),
    /// A task of the reload was lost.
    #[error("the reload was interrupted")]
    Lost,
}

/// Problems that one alert lists at most.
const MAX_PROBLEMS: usize = 10;

impl ReloadError {
    /// What is wrong, for an alert: places and texts, no lines of the file.
    fn problems(&self) -> Vec<Problem> {
        let Self::Config(found) = self else {
            return vec![Problem {
                code: None,
                place: None,
                message: self.to_string(),
            }];
        };
        let errors = found.errors.iter().take(MAX_PROBLEMS);
        let problem = |error: &Diagnostic| Problem {
            code: Some(error.code.as_str()),
            place: Some(error.location.to_string()),
            message: error.message.clone(),
        };
        errors.map(problem).collect()
    }
}

impl Runtime {
    /// Loads the configuration anew and switches to it.
    ///
    /// # Errors
    /// With what is wrong; then nothing has changed, unless it is
    /// [`ReloadError::NotCarriedOver`].
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        let mut loaded = self.loaded.lock().await;
        let result = self.load(&mut loaded).await;
        let outcome = if result.is_ok() {
            "switched"
        } else {
            "refused"
        };
        metrics::counter!("cdr_gateway_reloads_total", "outcome" => outcome).increment(1);
        match &result {
            Ok(reloaded) => tracing::info!(
                revision = reloaded.revision,
                changed = reloaded.changed,
                "configuration reloaded"
            ),
            Err(error @ ReloadError::NotCarriedOver(_)) => {
                tracing::error!(%error, "reload incomplete");
            }
            Err(error) => {
                tracing::error!(%error, "reload refused; the old revision goes on");
                let problems = error.problems();
                self.alerts.raise(Event::ReloadRefused { problems });
            }
        }
        result
    }

    /// Switches to another version of a table, and else to what runs. Returns the
    /// number of the revision; none where `base` does not run any more.
    ///
    /// # Errors
    /// With what is wrong, as [`Runtime::reload`].
    pub(super) async fn refresh(
        &self,
        base: &Arc<Revision>,
        name: &str,
        table: Arc<Table>,
    ) -> Result<Option<u32>, ReloadError> {
        let loaded = self.loaded.lock().await;
        if !Arc::ptr_eq(base, &self.revision()) {
            return Ok(None);
        }
        let mut tables = base.tables.clone();
        tables.insert(name.to_owned(), table);
        let (host, same) = (self.host.clone(), loaded.clone());
        let drafted = tokio::task::spawn_blocking(move || compile_with(&host, &same, tables));
        let draft = drafted.await.map_err(|_| ReloadError::Lost)??;
        if let Some(plugin) = draft.other_plugin(base) {
            return Err(ReloadError::PluginChanged(plugin));
        }
        self.switch(draft).await.map(Some)
    }

    async fn load(&self, loaded: &mut Arc<Loaded>) -> Result<Reloaded, ReloadError> {
        let before = self.revision().number;
        let (new, draft) = self.draft().await?;
        let (digest, warnings) = (draft.digest().to_owned(), new.warnings.clone());
        let switched = self.switch(draft).await;
        if matches!(switched, Ok(_) | Err(ReloadError::NotCarriedOver(_))) {
            *loaded = Arc::new(new);
        }
        let number = switched?;
        Ok(Reloaded {
            revision: number,
            changed: number != before,
            digest,
            warnings,
        })
    }

    /// Switches to a draft and returns its number.
    async fn switch(&self, draft: Draft) -> Result<u32, ReloadError> {
        let old = self.revision();
        let config = draft.config().clone();
        needs_no_restart(&old.config, &config)?;
        let sources = sources(&config)?;
        let masters = masters(&config.journal)?;
        check_renames(&*self.journal, &config).await?;
        let limit = Duration::from_secs(config.drain.timeout_s);
        let components = draft.components();
        self.journal.set_masters(masters.clone()).await?;
        let number = match self.make_way(&draft, limit).await {
            Ok(number) => number,
            Err(error) => {
                // Those that have ended for it go on as before.
                self.fleet.fill();
                self.take_back(&old.config, &masters).await;
                return Err(error);
            }
        };
        // Also where the digest is the same: secrets are no part of it.
        let servers = draft.servers().clone();
        let revision = Arc::new(draft.numbered(number));
        // From here on nothing is refused any more: what was checked is done.
        self.fleet.switch(revision.clone(), limit).await;
        self.tls.switch(&servers);
        self.ingest.reload(sources, &limits::of_ingest(&config));
        self.journal.set_limits(limits::of_journal(&config.journal));
        self.keep
            .send_replace(retention::Keep::new(&config.journal));
        let carried = carry_over_patiently(&*self.journal, &revision).await;
        self.fleet.fill();
        // Whoever waits for it would learn nothing.
        drop(tokio::task::spawn_blocking(move || {
            tidy(&config, components);
        }));
        carried.map_err(ReloadError::NotCarriedOver)?;
        Ok(number)
    }

    /// Wraps by the master key of before again, so that a start with the old
    /// configuration finds it.
    async fn take_back(&self, old: &Config, tried: &Masters) {
        let Ok(before) = masters(&old.journal) else {
            return;
        };
        if let Err(error) = self.journal.set_masters(before.and(tried)).await {
            tracing::error!(%error, "the journal's keys stay wrapped by the new master key; keep it");
        }
    }

    /// The number of the revision that comes, once nothing that goes missing with
    /// it has anything left to do.
    async fn make_way(&self, draft: &Draft, limit: Duration) -> Result<u32, ReloadError> {
        let journal = &*self.journal;
        stages::check(journal, draft.config()).await?;
        let missing = removal::missing(journal, draft.config()).await?;
        removal::release(journal, &self.fleet, &missing, limit).await?;
        let summary = draft.summary();
        Ok(journal.register_revision(draft.digest(), &summary).await?)
    }

    async fn draft(&self) -> Result<(Loaded, Draft), ReloadError> {
        let (inputs, host) = (self.inputs.clone(), self.host.clone());
        let drafted = tokio::task::spawn_blocking(move || {
            let loaded = config::load(&inputs)?;
            let draft = compile(&host, &loaded)?;
            Ok::<_, Diagnostics>((loaded, draft))
        });
        Ok(drafted.await.map_err(|_| ReloadError::Lost)??)
    }
}

fn needs_no_restart(old: &Config, new: &Config) -> Result<(), ReloadError> {
    let (host, new_host) = (&old.plugin_host, &new.plugin_host);
    let (journal, new_journal) = (&old.journal, &new.journal);
    let connections = old.ingest.max_connections == new.ingest.max_connections;
    let kept = [
        ("data_dir", old.data_dir == new.data_dir),
        ("log", old.log == new.log),
        ("journal.path", journal.path == new_journal.path),
        (
            "journal.linger_ms",
            journal.linger_ms == new_journal.linger_ms,
        ),
        (
            "journal.max_queue",
            journal.max_queue == new_journal.max_queue,
        ),
        (
            "journal.max_batch",
            journal.max_batch == new_journal.max_batch,
        ),
        (
            "plugin_host.cache_dir",
            host.cache_dir == new_host.cache_dir,
        ),
        ("ingest.max_connections", connections),
        (
            "ingest.header_timeout_s",
            old.ingest.header_timeout_s == new.ingest.header_timeout_s,
        ),
        ("ingest.listen", old.ingest.listen == new.ingest.listen),
        ("admin.listen", old.admin.listen == new.admin.listen),
        ("admin.token", old.admin.token == new.admin.token),
        (
            "plugin_host.workers",
            old.plugin_host.workers == new.plugin_host.workers,
        ),
    ];
    let changed = kept.into_iter().filter(|(_, same)| !same);
    let changed: Vec<_> = changed.map(|(key, _)| key).collect();
    if changed.is_empty() {
        Ok(())
    } else {
        Err(ReloadError::NeedsRestart(changed.join(", ")))
    }
}

/// Refuses a rename onto a destination that has a ledger of its own.
pub(super) async fn check_renames(
    journal: &dyn Journal,
    config: &Config,
) -> Result<(), JournalError> {
    for (name, destination) in &config.destination {
        if let Some(from) = &destination.renamed_from
            && journal.ledger(from).await?.is_some()
            && journal.ledger(name).await?.is_some()
        {
            return Err(JournalError::Refused {
                destination: name.clone(),
                problem: format!(
                    "it cannot be renamed from {from}, since it has a ledger of its own; drop `renamed_from` or choose another name"
                ),
            });
        }
    }
    Ok(())
}

/// Carries over, also when the journal's queue is full for a while.
async fn carry_over_patiently(
    journal: &dyn Journal,
    revision: &Revision,
) -> Result<(), JournalError> {
    loop {
        match carry_over(journal, revision).await {
            Err(JournalError::Busy { .. }) => tokio::time::sleep(BUSY_BACKOFF).await,
            result => return result,
        }
    }
}

/// Renames, freezes the ledgers of what is retired, and fixes where the ranges of
/// new destinations start: now, and not when their consumers come to claim them,
/// or what arrives until then would be in nobody's range.
pub(super) async fn carry_over(
    journal: &dyn Journal,
    revision: &Revision,
) -> Result<(), JournalError> {
    let config = &revision.config;
    stages::carry_over(journal, config).await?;
    for (name, destination) in &config.destination {
        if let Some(from) = &destination.renamed_from {
            journal.rename(from, name).await?;
        }
    }
    for ledger in journal.ledgers().await? {
        let configured = config.destination.get(&ledger.destination);
        if configured.is_some_and(|one| one.retired) && !ledger.retired {
            let name = &ledger.destination;
            journal.retire(name, Retire::AsItStands).await?;
        }
    }
    let known = journal.destinations().await?;
    for (name, destination) in &revision.destinations {
        if !known.iter().any(|known| **known == **name) {
            journal.claim(name, destination.start).await?;
        }
    }
    Ok(())
}
