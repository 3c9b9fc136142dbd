//! The gateway's one binary.

use std::process::ExitCode;

use cdr_gateway::cli::{self, Cli};
use clap::Parser;

fn main() -> anyhow::Result<ExitCode> {
    // The first and only one to install it, so that it cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli::run(Cli::parse())
}
