//! The limits that a configuration sets and a reload changes.

use std::time::Duration;

use crate::{
    config::model::{Config, Journal},
    ingest, journal,
};

/// Those of ingest.
pub(super) fn of_ingest(config: &Config) -> ingest::Limits {
    let settings = &config.ingest;
    ingest::Limits {
        max_concurrency: settings.max_concurrency,
        max_token_requests: settings.max_token_requests,
        request_timeout: Duration::from_millis(settings.request_timeout_ms),
        dedup_window: Duration::from_secs(settings.dedup_window_s),
        dedup_max_entries: settings.dedup_max_entries,
    }
}

/// Those of the journal.
pub(super) fn of_journal(settings: &Journal) -> journal::Limits {
    journal::Limits {
        max_bytes: settings.max_bytes,
        stalled_after: Duration::from_millis(settings.stalled_after_ms),
    }
}
