//! `cdr-gateway demo`: shows a record going through.
//!
//! Starts the gateway on a configuration, a small receiver for each of its HTTP
//! destinations on this machine, posts the sample as the contact centre would,
//! and shows what was acknowledged and what each destination got.

mod receiver;
mod show;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::{Context, bail};
use clap::Args;

use self::receiver::Receivers;
use super::{log, run as gateway};
use crate::{
    config::{
        self, Inputs,
        model::{Config, DialectName, Source, SourceAuth},
    },
    runtime::{Runtime, StartError},
};

/// The vendor's own sample of a push.
const SAMPLE: &str = include_str!("../../../tests/records/seed.json");

/// Time for the record to reach every destination.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug, Args)]
pub(super) struct DemoArgs {
    /// Configuration file
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "config/quickstart.toml"
    )]
    config: PathBuf,
    /// Stop after the record went through
    #[arg(long)]
    once: bool,
}

pub(super) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let inputs = Inputs::from_process(vec![args.config.clone()], Vec::new());
    let loaded = match config::load(&inputs) {
        Ok(loaded) => loaded,
        Err(found) => return gateway::refuse(&found),
    };
    log::init(&loaded.config.log);
    let runtime = tokio::runtime::Runtime::new().context("cannot start the async runtime")?;
    runtime.block_on(demonstrate(args, inputs, &loaded.config))
}

async fn demonstrate(args: &DemoArgs, inputs: Inputs, config: &Config) -> anyhow::Result<ExitCode> {
    let mut receivers = Receivers::start(config).await?;
    let running = match Runtime::start(inputs, gateway::metrics()?).await {
        Ok(running) => running,
        Err(StartError::Config(found)) => return gateway::refuse(&found),
        Err(error) if error.is_config() => return gateway::refuse(&error),
        Err(error) => return Err(error.into()),
    };
    let url = push_url(config)?;
    let answer = push(&url).await?;
    show::acknowledged(&url, SAMPLE, &answer)?;
    let delivered =
        tokio::time::timeout(PATIENCE, show::deliveries(&running.runtime, &mut receivers));
    delivered
        .await
        .context("the record has not reached every destination; see the log above")??;
    if !args.once {
        show::how_to_go_on(&url, config, &args.config)?;
        gateway::stop_signal().await?;
    }
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Where the contact centre would push to.
fn push_url(config: &Config) -> anyhow::Result<String> {
    let open = |source: &&Source| {
        let stranger = matches!(source.auth, None | Some(SourceAuth::None(_)));
        source.dialect == DialectName::Tccc && stranger
    };
    let Some(source) = config.source.values().find(open) else {
        bail!(
            "the configuration has no source of the dialect tccc without auth to post the sample to"
        );
    };
    Ok(format!(
        "http://{}{}?action=cdr&version=1",
        config.ingest.listen, source.path
    ))
}

async fn push(url: &str) -> anyhow::Result<String> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let sent = client
        .post(url)
        .header("Content-Type", "application/json;charset=utf8")
        .header("X-TCCC-PUSH-UUID", uuid::Uuid::now_v7().to_string())
        .body(SAMPLE)
        .send();
    let answer = sent.await.context("cannot post the sample")?;
    let status = answer.status();
    Ok(format!("{status} {}", answer.text().await?))
}
