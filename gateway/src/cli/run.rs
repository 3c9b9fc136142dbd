//! `cdr-gateway run`

use std::{io::Write, process::ExitCode, sync::Arc};

use anyhow::Context;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::signal::unix::{SignalKind, signal};

use super::{ConfigArgs, EXIT_CONFIG, log};
use crate::{
    admin::describe_metrics,
    config::{self, Diagnostics, Inputs, Loaded},
    runtime::{Running, Runtime, StartError},
};

pub(super) fn run(args: &ConfigArgs) -> anyhow::Result<ExitCode> {
    let inputs = args.inputs();
    let loaded = match config::load(&inputs) {
        Ok(loaded) => loaded,
        Err(found) => return refuse(&found),
    };
    log::init(&loaded.config.log);
    report_warnings(&loaded);
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(serve(inputs))
}

async fn serve(inputs: Inputs) -> anyhow::Result<ExitCode> {
    match Runtime::start(inputs, metrics()?).await {
        Ok(running) => until_stopped(running).await,
        Err(StartError::Config(found)) => refuse(&found),
        Err(error) if error.is_config() => refuse(&error),
        Err(error) => Err(error.into()),
    }
}

/// Buckets of the histograms of time, in seconds: from a plugin's call (microseconds) to
/// an attempt's longest timeout.
const BUCKETS: [f64; 14] = [
    0.000_01, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0,
];

/// Buckets of the histogram of batches, in records.
const BATCH_BUCKETS: [f64; 10] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0];

/// Installs the process's metrics.
pub(super) fn metrics() -> anyhow::Result<PrometheusHandle> {
    let batches = Matcher::Full("cdr_gateway_batch_records".into());
    let handle = PrometheusBuilder::new()
        .set_buckets(&BUCKETS)
        .and_then(|builder| builder.set_buckets_for_metric(batches, &BATCH_BUCKETS))
        .context("cannot set up the buckets of histograms")?
        .install_recorder()
        .context("cannot set up metrics")?;
    describe_metrics();
    Ok(handle)
}

/// A wrong configuration is for a person: not a log line, but the report.
pub(super) fn refuse(found: &impl std::fmt::Display) -> anyhow::Result<ExitCode> {
    writeln!(std::io::stderr(), "{found}")?;
    Ok(ExitCode::from(EXIT_CONFIG))
}

fn report_warnings(loaded: &Loaded) {
    let warnings = Diagnostics {
        errors: Vec::new(),
        warnings: loaded.warnings.clone(),
    };
    for warning in warnings.iter() {
        tracing::warn!(
            code = warning.code.as_str(),
            place = %warning.location,
            key = warning.key,
            "{}",
            warning.message
        );
    }
}

async fn until_stopped(running: Running) -> anyhow::Result<ExitCode> {
    tracing::info!(
        ingest = %running.ingest,
        admin = %running.admin,
        revision = running.runtime.revision().number,
        version = env!("CARGO_PKG_VERSION"),
        "gateway runs"
    );
    reload_on_hangup(running.runtime.clone())?;
    stop_signal().await?;
    tracing::info!("draining");
    if running.stop().await {
        tracing::info!("stopped");
    } else {
        tracing::warn!(
            "stopped before everything under way had ended; it is done again after the next start"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGTERM or SIGINT.
pub(super) async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

fn reload_on_hangup(runtime: Arc<Runtime>) -> std::io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            // What came of it is in the log.
            let _ = runtime.reload().await;
        }
    });
    Ok(())
}
