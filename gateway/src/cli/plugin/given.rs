//! A record that is given on the command line, in place of a case.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use serde_json::Value;

use crate::{
    case::{Case, Json},
    record::Kind,
};

#[derive(Debug, Args)]
pub(super) struct GivenArgs {
    /// Take the record in this file (JSON) instead of cases. `test` makes a case of
    /// it, which expects what the plugin made of the record; `bench` measures it
    #[arg(long, value_name = "FILE")]
    pub(super) record: Option<PathBuf>,
    /// What the record reports: cdr, record, voicemail, imcdr or event
    #[arg(long, value_name = "KIND", requires = "record")]
    kind: Option<Kind>,
    /// The plugin's config, as JSON
    #[arg(long, value_name = "JSON", requires = "record", value_parser = config)]
    config: Option<Value>,
}

fn config(text: &str) -> Result<Value, String> {
    match serde_json::from_str(text) {
        Ok(config @ Value::Object(_)) => Ok(config),
        Ok(_) => Err("a config is a JSON object, such as '{\"seconds\": 5}'".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

impl GivenArgs {
    /// A case of the record in a file, without expectations.
    pub(super) fn case(&self, file: &Path) -> anyhow::Result<Case> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        Ok(Case {
            config: match &self.config {
                Some(Value::Object(config)) => Some(config.clone()),
                _ => None,
            },
            kind: self.kind,
            // Editors end the last line, which is no part of the record.
            record: Some(Json::Text(text.trim_end_matches('\n').to_owned())),
            ..Case::default()
        })
    }
}
