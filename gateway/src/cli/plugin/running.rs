//! `cdr-gateway plugin list`, `show` and `failures`: what the plugins of a running
//! gateway do.

mod failures;
mod list;
mod show;

use clap::Args;

use crate::{
    admin::view::PluginView,
    cli::client::{Client, ClientArgs},
};

#[derive(Debug, Args)]
pub(in crate::cli) struct NamedArgs {
    #[command(flatten)]
    client: ClientArgs,
    /// The plugin's name in the configuration
    #[arg(value_name = "NAME")]
    plugin: String,
}

pub(super) use self::failures::{FailuresArgs, run as failures};

pub(super) fn list(args: &ClientArgs) -> anyhow::Result<()> {
    let found: Vec<PluginView> = Client::new(args)?.get("/plugins", &[])?;
    list::run(args, &found)
}

pub(super) fn show(args: &NamedArgs) -> anyhow::Result<()> {
    let found: PluginView = Client::new(&args.client)?.get(&path(&args.plugin, ""), &[])?;
    show::run(&args.client, &found)
}

/// Names of plugins need no escaping.
fn path(plugin: &str, what: &str) -> String {
    format!("/plugins/{plugin}{what}")
}

/// Calls, whatever came of them.
fn calls(plugin: &PluginView) -> u64 {
    plugin.counts.calls.values().sum()
}

/// The first digits of a digest.
fn short(digest: &str) -> &str {
    digest.get(..12).unwrap_or(digest)
}

/// Bytes as people read them.
#[allow(clippy::cast_precision_loss, reason = "bytes far below 2^53")]
fn mebibytes(bytes: usize) -> String {
    format!("{:.1} MiB", bytes as f64 / 1_048_576.0)
}

/// Seconds as people read them.
fn seconds(seconds: f64) -> String {
    match seconds {
        long if long >= 1.0 => format!("{long:.1} s"),
        middling if middling >= 0.001 => format!("{:.1} ms", middling * 1e3),
        short => format!("{:.1} µs", short * 1e6),
    }
}

/// The mean time of a call, in seconds.
#[allow(clippy::cast_precision_loss, reason = "calls far below 2^53")]
fn mean(plugin: &PluginView) -> Option<f64> {
    let calls = calls(plugin);
    (calls > 0).then(|| plugin.counts.call_seconds / calls as f64)
}
