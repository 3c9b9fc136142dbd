//! Sets up the gateway's own log.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::config::model::{Log, LogFormat, LogLevel};

/// Reports panics by their place only: what a panic says may quote the record
/// that it happened on.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        tracing::error!(
            place,
            "panicked; this is a fault of the gateway, please report it"
        );
    }));
}

/// Environment variable that overrides `log.level`, with tracing's directives.
const FILTER: &str = "CDR_GATEWAY_LOG";

/// Starts logging to standard error: for people on a terminal, one JSON object
/// a line otherwise.
pub(super) fn init(log: &Log) {
    let level = match log.level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
        LogLevel::Trace => "trace",
    };
    let filter = EnvFilter::try_from_env(FILTER).unwrap_or_else(|_| EnvFilter::new(level));
    let human = match log.format {
        LogFormat::Auto => std::io::stderr().is_terminal(),
        LogFormat::Human => true,
        LogFormat::Json => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    if human {
        let ansi = std::io::stderr().is_terminal();
        let layer = fmt::layer().with_writer(std::io::stderr).with_ansi(ansi);
        registry.with(layer.with_target(false)).init();
    } else {
        let layer = fmt::layer().json().flatten_event(true);
        registry.with(layer.with_writer(std::io::stderr)).init();
    }
    log_panics();
}
