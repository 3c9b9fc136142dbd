//! Starting a gateway.

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Notify, watch},
};

use super::{
    Post, Running, Runtime, limits,
    masters::masters,
    quota, reload, removal, retention, serve,
    sources::{SourcesError, sources},
    stages::{self, StageRemoval},
    tables,
};
use crate::{
    admin,
    alert::{self, Alerts},
    config::{
        self, Inputs, Loaded,
        compile::{compile, tidy},
        diagnostic::Diagnostics,
        model::Config,
        revision::Draft,
    },
    delivery::{Fleet, consumer::Context, replay},
    ingest::{self, Admission, Ingest},
    journal::{
        Journal, JournalError,
        seal::BadMasterKey,
        sqlite::{Options, SqliteJournal},
    },
    plugin::{CompileCache, Host, Workers},
    stage::Stages,
    tls,
};

/// Connections of the admin listener: people, scripts and a scraper or two.
const ADMIN_CONNECTIONS: usize = 256;

/// Time for the headers of a request to it; as by default at the other listener.
const ADMIN_HEADER_TIMEOUT: Duration = Duration::from_secs(90);

/// Why a gateway did not start. Nothing was taken or sent.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] Diagnostics),
    /// A destination would go missing with deliveries that are not settled.
    #[error(transparent)]
    Removal(#[from] removal::Removal),
    /// A stage would go missing that remembers or waits for something.
    #[error(transparent)]
    StageRemoval(#[from] StageRemoval),
    /// An address is taken.
    #[error(
        "cannot listen on {address} ({key}): {source}; stop what listens there or set another address"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The key that names it.
        key: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A master key of the journal is none.
    #[error("journal.encryption: {0}")]
    MasterKey(#[from] BadMasterKey),
    /// The data directory cannot be made.
    #[error("cannot create {path}: {source}; check data_dir and its permissions")]
    DataDir {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The plugin host cannot be set up.
    #[error("cannot set up the plugin host: {0}")]
    Host(String),
    /// The sources contradict each other.
    #[error(transparent)]
    Sources(#[from] SourcesError),
    /// A task of the start was lost.
    #[error("the start was interrupted")]
    Lost,
}

impl StartError {
    /// Whether a person has to change the configuration.
    #[must_use]
    pub fn is_config(&self) -> bool {
        match self {
            Self::Journal(error) => matches!(
                error,
                JournalError::Refused { .. } | JournalError::KeyMissing { .. }
            ),
            Self::Lost | Self::Host(_) => false,
            _ => true,
        }
    }
}

impl Runtime {
    /// Loads, compiles, opens and listens; then serves.
    ///
    /// # Errors
    /// With what kept it from starting; nothing half-started is left.
    pub async fn start(inputs: Inputs, metrics: PrometheusHandle) -> Result<Running, StartError> {
        let (host, loaded, draft) = prepare(inputs.clone()).await?;
        let config = draft.config().clone();
        let ingest_listener = listen(config.ingest.listen, "ingest.listen").await?;
        let admin_listener = listen(config.admin.listen, "admin.listen").await?;
        let journal = open_journal(&config)?;
        make_way(&*journal, &config).await?;
        let number = journal
            .register_revision(draft.digest(), &draft.summary())
            .await?;
        let slots = tls::watch::Slots::default();
        slots.switch(draft.servers());
        let revision = Arc::new(draft.numbered(number));
        reload::carry_over(&*journal, &revision).await?;

        let limits = limits::of_ingest(&config);
        let admission = Admission::open(journal.clone(), &limits).await?;
        let ingest = Arc::new(Ingest::new(sources(&config)?, &limits, admission));
        let workers = Workers::start(config.plugin_host.workers);
        let (alerts, raised) = Alerts::new();
        let context = Arc::new(Context {
            journal: journal.clone(),
            alerts: alerts.clone(),
            workers: Arc::new(workers.map_err(|error| StartError::Host(error.to_string()))?),
        });
        let stop = watch::Sender::new(false);
        let keep = watch::Sender::new(retention::Keep::new(&config.journal));
        let fleet = Arc::new(Fleet::start(context, revision));
        let (stages, stage_tasks) = Stages::start(&journal, &alerts, &fleet, &stop);
        let retention = retention::start(
            journal.clone(),
            fleet.clone(),
            alerts.clone(),
            keep.subscribe(),
            stop.subscribe(),
        );
        let replays = Arc::new(Notify::new());
        let conductor = tokio::spawn(replay::conduct(
            journal.clone(),
            fleet.clone(),
            replays.clone(),
            stop.subscribe(),
        ));
        let end_post = watch::Sender::new(false);
        let post = Post {
            task: alert::start(raised, journal.clone(), fleet.watch(), end_post.subscribe()),
            stop: end_post,
        };
        let certificates =
            tls::watch::start(&slots, alerts.clone(), fleet.watch(), stop.subscribe());
        let runtime = Arc::new(Self {
            inputs,
            host,
            journal,
            fleet,
            stages,
            alerts,
            tls: slots.clone(),
            ingest: ingest.clone(),
            keep,
            replays,
            loaded: Mutex::new(Arc::new(loaded)),
            refusals: tables::Refusals::default(),
            stop: stop.clone(),
        });
        let admin = admin::router(runtime.clone(), metrics);
        Ok(Running {
            ingest: address(&ingest_listener, config.ingest.listen),
            admin: address(&admin_listener, config.admin.listen),
            tasks: vec![
                retention,
                quota::start(runtime.clone(), stop.subscribe()),
                tables::start(runtime.clone(), stop.subscribe()),
                certificates,
                conductor,
                stage_tasks,
                serve::Listener {
                    name: "ingest",
                    tcp: ingest_listener,
                    tls: slots.ingest,
                    connections: config.ingest.max_connections,
                    header_timeout: Duration::from_secs(config.ingest.header_timeout_s),
                    router: ingest::router(ingest),
                }
                .serve(stop.subscribe()),
                serve::Listener {
                    name: "admin",
                    tcp: admin_listener,
                    tls: slots.admin,
                    connections: ADMIN_CONNECTIONS,
                    header_timeout: ADMIN_HEADER_TIMEOUT,
                    router: admin,
                }
                .serve(stop.subscribe()),
            ],
            post,
            runtime,
        })
    }
}

/// Sees to it that nothing which the configuration lacks has anything left to do.
async fn make_way(journal: &dyn Journal, config: &Config) -> Result<(), StartError> {
    reload::check_renames(journal, config).await?;
    let missing = removal::missing(journal, config).await?;
    removal::retire(journal, &missing, journal.head()).await?;
    Ok(stages::check(journal, config).await?)
}

async fn prepare(inputs: Inputs) -> Result<(Host, Loaded, Draft), StartError> {
    let prepared = tokio::task::spawn_blocking(move || {
        let loaded = config::load(&inputs)?;
        let cache = loaded.config.plugin_cache_dir();
        create(&loaded.config.data_dir)?;
        create(&cache)?;
        let cache = cache.canonicalize().unwrap_or(cache);
        let cache = CompileCache {
            directory: &cache,
            max_bytes: loaded.config.plugin_host.max_cache_bytes,
        };
        let host =
            Host::new(Some(cache)).map_err(|error| StartError::Host(format!("{error:#}")))?;
        let draft = compile(&host, &loaded)?;
        tidy(&loaded.config, draft.components());
        Ok((host, loaded, draft))
    });
    prepared.await.map_err(|_| StartError::Lost)?
}

fn create(path: &std::path::Path) -> Result<(), StartError> {
    std::fs::create_dir_all(path).map_err(|source| StartError::DataDir {
        path: path.to_owned(),
        source,
    })
}

async fn listen(address: SocketAddr, key: &'static str) -> Result<TcpListener, StartError> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|source| StartError::Listen {
        address,
        key,
        source,
    })
}

/// Where a listener listens: the port that the system chose where the
/// configuration says 0.
fn address(listener: &TcpListener, configured: SocketAddr) -> SocketAddr {
    listener.local_addr().unwrap_or(configured)
}

fn open_journal(config: &Config) -> Result<Arc<dyn Journal>, StartError> {
    let settings = &config.journal;
    let options = Options {
        limits: limits::of_journal(settings),
        linger: Duration::from_millis(settings.linger_ms),
        max_queue: settings.max_queue,
        max_group: settings.max_batch,
        masters: masters(settings)?,
    };
    Ok(Arc::new(SqliteJournal::open(
        &config.journal_path(),
        &options,
    )?))
}
