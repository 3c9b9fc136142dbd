//! `cdr-gateway schema`

use std::process::ExitCode;

use super::print;
use crate::config;

pub(super) fn run() -> anyhow::Result<ExitCode> {
    print::json(&config::json_schema())?;
    Ok(ExitCode::SUCCESS)
}
