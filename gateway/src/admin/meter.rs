//! Metrics in the Prometheus text format.

mod stages;

use axum::extract::State;
use jiff::Timestamp;
use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge};

use super::{Admin, problem::Problem};
use crate::{
    config::model::Backlog as Quota,
    ingest,
    journal::{Backlog, Health, Ledger, State as Delivery},
    plugin::Tables,
    runtime::Refusals,
};

/// What each metric means.
pub fn describe_metrics() {
    ingest::describe_metrics();
    describe_counter!(
        "cdr_gateway_deliveries_total",
        "Deliveries that entered a state, by destination and state."
    );
    describe_counter!(
        "cdr_gateway_delivery_reasons_total",
        "Those of them with a reason, by destination, state and reason; `other` beyond 64 reasons of a destination."
    );
    describe_counter!(
        "cdr_gateway_consumer_restarts_total",
        "How often a destination had to be claimed again, by destination."
    );
    describe_counter!(
        "cdr_gateway_replayed_total",
        "Deliveries that replays handed out, by destination."
    );
    describe_counter!(
        "cdr_gateway_corrections_total",
        "Records that people corrected since the start."
    );
    describe_counter!(
        "cdr_gateway_unrouted_total",
        "Arrivals that no route matched, by source; counted again when decided again."
    );
    describe_counter!(
        "cdr_gateway_egress_violations_total",
        "Payloads that an egress contract held back, by destination."
    );
    describe_counter!(
        "cdr_gateway_reloads_total",
        "Reloads of the configuration, by outcome."
    );
    describe_plugins();
    describe_tables();
    describe_histogram!(
        "cdr_gateway_attempt_seconds",
        Unit::Seconds,
        "Time of one attempt at a destination."
    );
    describe_histogram!(
        "cdr_gateway_batch_records",
        Unit::Count,
        "Records in one batch that was sent to a destination."
    );
    describe_counter!(
        "cdr_gateway_batches_formed_total",
        "Batches that were formed, by destination and what closed them: records, bytes, wait or room."
    );
    describe_counter!(
        "cdr_gateway_batch_splits_total",
        "Batches that were halved, since a single record may be why they would be given up."
    );
    describe_gauge!(
        "cdr_gateway_ledger_deliveries",
        "Deliveries by destination and state, as the ledger has them."
    );
    describe_counter!(
        "cdr_gateway_alerts_total",
        "Alerts raised, by type and what became of them: committed, logged (no route takes them), quiet (told recently) or dropped."
    );
    describe_counter!(
        "cdr_gateway_tls_handshakes_total",
        "Handshakes of listeners, by listener and outcome."
    );
    describe_gauge!(
        "cdr_gateway_header_timeout_seconds",
        Unit::Seconds,
        "Limit on the time for the headers of a request, by listener."
    );
    describe_gauge!(
        "cdr_gateway_certificate_expiry_seconds",
        Unit::Seconds,
        "Time until a certificate ends, by the key that names it; below 0 once it has."
    );
    describe_backlog();
    describe_files();
    describe_gauge!("cdr_gateway_revision", "Number of the revision that runs.");
    describe_standing();
    stages::describe();
    describe_journal();
}

fn describe_plugins() {
    describe_gauge!(
        "cdr_gateway_plugin_instances",
        "Warm instances of plugins, by plugin and version."
    );
    describe_gauge!(
        "cdr_gateway_plugin_memory_bytes",
        Unit::Bytes,
        "Linear memory of them, by plugin and version."
    );
    describe_counter!(
        "cdr_gateway_plugin_calls_total",
        "Calls of plugins, by plugin, version and outcome: a verdict, or a kind of failure."
    );
    describe_counter!(
        "cdr_gateway_plugin_instances_retired_total",
        "Plugin instances thrown away, by plugin, version and reason: a kind of failure, calls or memory_growth."
    );
    describe_counter!(
        "cdr_gateway_plugin_log_lines_suppressed_total",
        "Log lines of plugins beyond their limits, by plugin and version."
    );
    describe_counter!(
        "cdr_gateway_plugin_custom_total",
        "Counters of plugins' own, by plugin and counter."
    );
    describe_counter!(
        "cdr_gateway_plugin_compiles_total",
        "Components that were compiled, or found compiled in the cache, by outcome."
    );
    describe_counter!(
        "cdr_gateway_plugin_fetches_total",
        "What was fetched for plugins, or found in the store, by outcome."
    );
    describe_gauge!(
        "cdr_gateway_plugin_store_bytes",
        Unit::Bytes,
        "Size of what was fetched for plugins and is kept."
    );
    describe_histogram!(
        "cdr_gateway_plugin_budget_wait_seconds",
        Unit::Seconds,
        "Time that a record waited since a plugin was over its CPU budget; only of those that waited."
    );
    describe_histogram!(
        "cdr_gateway_plugin_call_seconds",
        Unit::Seconds,
        "Time of one call of a plugin, retries of its deadline included."
    );
}

fn describe_tables() {
    describe_gauge!(
        "cdr_gateway_table_keys",
        Unit::Count,
        "Keys of a lookup table, by table."
    );
    describe_gauge!(
        "cdr_gateway_table_bytes",
        Unit::Bytes,
        "Memory that a lookup table takes, by table."
    );
    describe_gauge!(
        "cdr_gateway_table_max_bytes",
        Unit::Bytes,
        "Limit on it, by table."
    );
    describe_gauge!(
        "cdr_gateway_table_age_seconds",
        Unit::Seconds,
        "Time since the version of a lookup table that runs was loaded, by table."
    );
    describe_gauge!(
        "cdr_gateway_table_version",
        "The first 48 bits of a lookup table's digest: equal where tables are equal, by table."
    );
    describe_gauge!(
        "cdr_gateway_table_refused",
        "Whether the file of a lookup table changed and cannot be used, by table."
    );
    describe_counter!(
        "cdr_gateway_table_refreshes_total",
        "Files of lookup tables that changed, by table and outcome: switched, unchanged (the same keys and values), refused or superseded (by a reload)."
    );
}

fn describe_backlog() {
    describe_gauge!(
        "cdr_gateway_backlog_bytes",
        Unit::Bytes,
        "Bodies of what is pending or retrying, by destination."
    );
    describe_gauge!(
        "cdr_gateway_backlog_max_bytes",
        Unit::Bytes,
        "Limit on them, by destination; 0 without one."
    );
    describe_gauge!(
        "cdr_gateway_backlog_age_seconds",
        Unit::Seconds,
        "Time since the oldest of what is pending or retrying was received, by destination."
    );
    describe_gauge!(
        "cdr_gateway_backlog_max_age_seconds",
        Unit::Seconds,
        "Limit on it, by destination; 0 without one."
    );
}

fn describe_files() {
    describe_gauge!(
        "cdr_gateway_files_failing",
        "Whether files of a destination cannot be written, finished or uploaded."
    );
    describe_counter!(
        "cdr_gateway_file_errors_total",
        "Tries to write or finish files that failed, by destination."
    );
    describe_gauge!(
        "cdr_gateway_file_parts_open",
        "Parts of files under way, by destination."
    );
    describe_gauge!(
        "cdr_gateway_file_parts_waiting",
        "Finished parts that wait to be brought to an object store, by destination."
    );
    describe_counter!(
        "cdr_gateway_file_uploads_total",
        "Parts sent to an object store, by destination and outcome."
    );
    describe_counter!(
        "cdr_gateway_file_parts_finished_total",
        "Parts finished, by destination and why: due, asked for, or to make room for others."
    );
}

/// How destinations stand.
fn describe_standing() {
    describe_gauge!(
        "cdr_gateway_plugins_failing",
        "Whether a destination waits since plugins of its chains fail."
    );
    describe_gauge!(
        "cdr_gateway_breaker_open",
        "Whether a destination's breaker is open."
    );
    describe_gauge!(
        "cdr_gateway_destination_held",
        "Whether a destination sends nothing until it is resumed, by kind: paused by a person or the configuration, or stopped by its receiver."
    );
    describe_gauge!(
        "cdr_gateway_concurrency_limit",
        "Attempts that may be under way at once at a destination, as of now."
    );
    describe_gauge!(
        "cdr_gateway_ordered_deliveries",
        "Deliveries of a destination with order_by that are under way or retrying, or wait for one of their key that is."
    );
}

fn describe_journal() {
    describe_gauge!(
        "cdr_gateway_journal_head",
        "Position of the newest arrival."
    );
    describe_gauge!(
        "cdr_gateway_journal_queue_requests",
        "Requests that wait for a commit."
    );
    describe_gauge!(
        "cdr_gateway_journal_queue_limit_requests",
        "Requests that may wait for a commit."
    );
    describe_counter!(
        "cdr_gateway_journal_commits_total",
        "Commits of the journal since the start."
    );
    describe_counter!(
        "cdr_gateway_journal_failed_commits_total",
        "Commits of the journal that failed since the start."
    );
    describe_counter!(
        "cdr_gateway_journal_committed_requests_total",
        "Requests committed since the start."
    );
    describe_gauge!(
        "cdr_gateway_journal_file_bytes",
        Unit::Bytes,
        "Size of the journal's database."
    );
    describe_gauge!(
        "cdr_gateway_journal_used_bytes",
        Unit::Bytes,
        "What the journal's database holds, free pages apart."
    );
    describe_gauge!(
        "cdr_gateway_journal_max_bytes",
        Unit::Bytes,
        "What the journal's database may hold before senders are told to try again; 0 without a limit."
    );
    describe_gauge!(
        "cdr_gateway_journal_commit_seconds",
        Unit::Seconds,
        "How long the commit under way takes already; 0 without one."
    );
    describe_gauge!(
        "cdr_gateway_journal_stalled_after_seconds",
        Unit::Seconds,
        "What a commit may take before senders are told to try again."
    );
    describe_counter!(
        "cdr_gateway_journal_removed_arrivals_total",
        "Arrivals removed since the start: old, and settled at every destination."
    );
    describe_counter!(
        "cdr_gateway_journal_dropped_keys_total",
        "Keys of days dropped since the start: what they sealed cannot be read any more."
    );
    describe_gauge!(
        "cdr_gateway_journal_wal_bytes",
        Unit::Bytes,
        "Size of the journal's write-ahead log."
    );
}

pub(super) async fn metrics(State(admin): State<Admin>) -> Result<String, Problem> {
    let journal = admin.runtime.journal();
    let revision = admin.runtime.revision();
    for ledger in journal.ledgers().await? {
        show_ledger(&ledger);
        let name = ledger.destination.as_str();
        let destination = revision.destinations.get(name);
        let quota = destination.and_then(|one| one.backlog.as_ref());
        let backlog = journal.backlog(name).await?.unwrap_or_default();
        show_backlog(name, &backlog, quota);
    }
    show_tables(&revision.tables, admin.runtime.refusals());
    for standing in journal.stages().await? {
        let stage = revision.stages.get(standing.stage.as_str());
        let grant = stage.and_then(|stage| stage.plugin.grants.state);
        stages::show(&standing, grant, journal.head());
    }
    gauge!("cdr_gateway_revision").set(revision.number);
    gauge!("cdr_gateway_journal_head").set(float(journal.head().0));
    show_health(&journal.health());
    Ok(admin.metrics.render())
}

fn show_ledger(ledger: &Ledger) {
    for state in Delivery::ALL {
        let destination = ledger.destination.clone();
        gauge!("cdr_gateway_ledger_deliveries", "destination" => destination, "state" => state.as_str())
            .set(float(ledger.counts.of(state)));
    }
}

fn show_backlog(destination: &str, backlog: &Backlog, quota: Option<&Quota>) {
    let max_bytes = quota.and_then(|quota| quota.max_bytes);
    let max_age_s = quota.and_then(|quota| quota.max_age_s);
    let age = backlog.age(Timestamp::now());
    for (name, value) in [
        ("cdr_gateway_backlog_bytes", float(backlog.bytes)),
        (
            "cdr_gateway_backlog_max_bytes",
            float(max_bytes.unwrap_or(0)),
        ),
        ("cdr_gateway_backlog_age_seconds", age.as_secs_f64()),
        (
            "cdr_gateway_backlog_max_age_seconds",
            float(max_age_s.unwrap_or(0)),
        ),
    ] {
        gauge!(name, "destination" => destination.to_owned()).set(value);
    }
}

fn show_tables(tables: &Tables, refusals: &Refusals) {
    let now = Timestamp::now();
    for (name, table) in tables {
        let age = now.duration_since(table.loaded());
        for (metric, value) in [
            ("cdr_gateway_table_keys", float(table.len() as u64)),
            ("cdr_gateway_table_bytes", float(table.bytes())),
            ("cdr_gateway_table_max_bytes", float(table.max_bytes())),
            ("cdr_gateway_table_age_seconds", age.as_secs_f64()),
            ("cdr_gateway_table_version", float(table.version())),
            (
                "cdr_gateway_table_refused",
                f64::from(u8::from(refusals.of(name).is_some())),
            ),
        ] {
            gauge!(metric, "table" => name.clone()).set(value);
        }
    }
}

fn show_health(health: &Health) {
    let sizes = [
        ("cdr_gateway_journal_queue_requests", health.queued as u64),
        (
            "cdr_gateway_journal_queue_limit_requests",
            health.queue_limit as u64,
        ),
        ("cdr_gateway_journal_file_bytes", health.file_bytes),
        ("cdr_gateway_journal_used_bytes", health.used_bytes),
        ("cdr_gateway_journal_max_bytes", health.max_bytes),
        ("cdr_gateway_journal_wal_bytes", health.wal_bytes),
    ];
    for (name, value) in sizes {
        gauge!(name).set(float(value));
    }
    let times = [
        (
            "cdr_gateway_journal_commit_seconds",
            health.commit_under_way,
        ),
        (
            "cdr_gateway_journal_stalled_after_seconds",
            health.stalled_after,
        ),
    ];
    for (name, value) in times {
        gauge!(name).set(value.as_secs_f64());
    }
    let totals = [
        ("cdr_gateway_journal_commits_total", health.commits),
        (
            "cdr_gateway_journal_failed_commits_total",
            health.failed_commits,
        ),
        (
            "cdr_gateway_journal_committed_requests_total",
            health.committed,
        ),
    ];
    for (name, value) in totals {
        counter!(name).absolute(value);
    }
}

/// Prometheus knows no integers; beyond 2^53 the last digits do not matter.
#[allow(clippy::cast_precision_loss)]
fn float(value: u64) -> f64 {
    value as f64
}
