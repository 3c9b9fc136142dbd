//! What there is to tell: every type of event, with its data.
//!
//! An event goes out in the payload form of Standard Webhooks:
//! `{"type": "destination.breaker_opened", "timestamp": "…", "data": {…}}`. The
//! variants are the types, their members the data. Types and members are never
//! given another meaning; new ones may come, so receivers ignore what they do
//! not know.

use jiff::Timestamp;
use serde::Serialize;

/// Something that a person or a machine may want to hear of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", content = "data")]
pub enum Event {
    /// The receiver fails: new records wait, probes go on.
    #[serde(rename = "destination.breaker_opened")]
    BreakerOpened {
        /// The destination.
        destination: String,
    },
    /// The receiver works again.
    #[serde(rename = "destination.breaker_closed")]
    BreakerClosed {
        /// The destination.
        destination: String,
        /// How long it was away, in seconds.
        open_s: u64,
    },
    /// Plugins of its chains fail on one record after the other: new ones wait.
    #[serde(rename = "destination.plugins_failing")]
    PluginsFailing {
        /// The destination.
        destination: String,
    },
    /// The plugins work again.
    #[serde(rename = "destination.plugins_working")]
    PluginsWorking {
        /// The destination.
        destination: String,
    },
    /// Its files cannot be written; it is tried again until they can.
    #[serde(rename = "destination.files_failing")]
    FilesFailing {
        /// The destination.
        destination: String,
    },
    /// Its files can be written again.
    #[serde(rename = "destination.files_working")]
    FilesWorking {
        /// The destination.
        destination: String,
    },
    /// It sends nothing any more: a person paused it, or its receiver asked for
    /// it. What arrives waits.
    #[serde(rename = "destination.paused")]
    Paused {
        /// The destination.
        destination: String,
        /// Who or what paused it, in a stable short form.
        reason: String,
    },
    /// It sends again.
    #[serde(rename = "destination.resumed")]
    Resumed {
        /// The destination.
        destination: String,
    },
    /// What waits for it has reached a share of its backlog quota.
    #[serde(rename = "destination.backlog_reached")]
    BacklogReached {
        /// The destination.
        destination: String,
        /// Which quota: `bytes` or `age`.
        quota: &'static str,
        /// The share.
        #[serde(flatten)]
        share: Share,
    },
    /// What waits for it is well below that share again.
    #[serde(rename = "destination.backlog_below")]
    BacklogBelow {
        /// The destination.
        destination: String,
        /// Which quota: `bytes` or `age`.
        quota: &'static str,
        /// The share.
        #[serde(flatten)]
        share: Share,
    },
    /// It fails on a record, and has tried it a few times: it goes no further.
    #[serde(rename = "stage.halted")]
    StageHalted {
        /// The stage.
        stage: String,
        /// Why, in a stable short form.
        reason: String,
    },
    /// It goes on.
    #[serde(rename = "stage.working")]
    StageWorking {
        /// The stage.
        stage: String,
    },
    /// Deliveries were suspended faster than `alerts.suspended_per_minute`.
    #[serde(rename = "deliveries.suspended")]
    Suspended {
        /// The destination.
        destination: String,
        /// How many within the last minute, at least.
        count: usize,
    },
    /// Deliveries died faster than `alerts.dead_per_minute`.
    #[serde(rename = "deliveries.dead")]
    Dead {
        /// The destination.
        destination: String,
        /// How many within the last minute, at least.
        count: usize,
    },
    /// The journal has reached a share of `journal.max_bytes`. At 100 % senders
    /// are told to try again.
    #[serde(rename = "journal.reached")]
    JournalReached {
        /// The share.
        #[serde(flatten)]
        share: Share,
    },
    /// The journal is well below that share again.
    #[serde(rename = "journal.below")]
    JournalBelow {
        /// The share.
        #[serde(flatten)]
        share: Share,
    },
    /// The journal commits again. While it could not, senders were told to try
    /// again, and nobody could be told of it.
    #[serde(rename = "journal.recovered")]
    JournalRecovered {
        /// Commits that failed.
        failed_commits: u64,
    },
    /// A reload was refused; the old configuration goes on.
    #[serde(rename = "reload.refused")]
    ReloadRefused {
        /// What is wrong; the first ones where there is much.
        problems: Vec<Problem>,
    },
    /// The file of a lookup table changed and cannot be used; the old version goes
    /// on.
    #[serde(rename = "table.refused")]
    TableRefused {
        /// The table.
        table: String,
    },
    /// A certificate ends in so many days: told at 30, 7 and 1.
    #[serde(rename = "certificate.expiring")]
    CertificateExpiring {
        /// The key of the configuration that names it.
        key: String,
        /// The level that was reached, in days.
        days: u64,
        /// When it ends.
        not_after: Timestamp,
    },
    /// A certificate changed on disk and cannot be used; the old one goes on.
    #[serde(rename = "certificate.refused")]
    CertificateRefused {
        /// The key of the configuration that names it.
        key: String,
    },
}

/// A share of a limit, and what was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Share {
    /// The share, in per cent.
    pub percent: u64,
    /// What is used, in the unit of the limit.
    pub used: u64,
    /// The limit.
    pub max: u64,
}

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// A stable code, as `check` shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// Where it is said: file, line and column.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl Event {
    /// The type, as receivers and metrics see it.
    #[must_use]
    pub fn name(&self) -> String {
        // Every variant is a struct with a name: there is nothing that could fail.
        let value = serde_json::to_value(self).unwrap_or_default();
        value["type"].as_str().unwrap_or_default().to_owned()
    }

    /// The destination that it is about, if it is about one.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        match self {
            Self::BreakerOpened { destination }
            | Self::BreakerClosed { destination, .. }
            | Self::PluginsFailing { destination }
            | Self::PluginsWorking { destination }
            | Self::FilesFailing { destination }
            | Self::FilesWorking { destination }
            | Self::Paused { destination, .. }
            | Self::Resumed { destination }
            | Self::BacklogReached { destination, .. }
            | Self::BacklogBelow { destination, .. }
            | Self::Suspended { destination, .. }
            | Self::Dead { destination, .. } => Some(destination),
            Self::JournalReached { .. }
            | Self::JournalBelow { .. }
            | Self::JournalRecovered { .. }
            | Self::ReloadRefused { .. }
            | Self::TableRefused { .. }
            | Self::StageHalted { .. }
            | Self::StageWorking { .. }
            | Self::CertificateExpiring { .. }
            | Self::CertificateRefused { .. } => None,
        }
    }

    /// What it is about. Events of one subject supersede each other: the last
    /// one says how it stands.
    pub(super) fn subject(&self) -> String {
        match self {
            Self::BreakerOpened { destination } | Self::BreakerClosed { destination, .. } => {
                format!("breaker of {destination}")
            }
            Self::PluginsFailing { destination } | Self::PluginsWorking { destination } => {
                format!("plugins of {destination}")
            }
            Self::FilesFailing { destination } | Self::FilesWorking { destination } => {
                format!("files of {destination}")
            }
            Self::Paused { destination, .. } | Self::Resumed { destination } => {
                format!("pause of {destination}")
            }
            Self::BacklogReached {
                destination,
                quota,
                share,
            }
            | Self::BacklogBelow {
                destination,
                quota,
                share,
            } => format!("{} % of {quota} of {destination}", share.percent),
            Self::Suspended { destination, .. } => format!("suspended at {destination}"),
            Self::Dead { destination, .. } => format!("dead at {destination}"),
            Self::JournalReached { share } | Self::JournalBelow { share } => {
                format!("{} % of the journal", share.percent)
            }
            Self::JournalRecovered { .. } => "journal".to_owned(),
            Self::ReloadRefused { .. } => "reload".to_owned(),
            Self::TableRefused { table } => format!("table {table}"),
            Self::StageHalted { stage, .. } | Self::StageWorking { stage } => {
                format!("stage {stage}")
            }
            Self::CertificateExpiring { key, days, .. } => format!("{days} days of {key}"),
            Self::CertificateRefused { key } => format!("files of {key}"),
        }
    }
}
