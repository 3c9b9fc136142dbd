//! The gateway's one binary.

use std::{io::Write, process::ExitCode};

use cdr_gateway::cli::{self, Cli};
use clap::Parser;

fn main() -> ExitCode {
    // The first and only one to install it, so that it cannot fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    cli::run(Cli::parse()).unwrap_or_else(|error| {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}
