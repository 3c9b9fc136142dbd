//! Which cases a command runs.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;

use super::subject::Subject;
use crate::{
    case::folder::{self, Folder},
    config::Diagnostics,
};

#[derive(Debug, Args)]
pub(super) struct ChoiceArgs {
    /// The folder of the cases; `cases` in the plugin's folder if not set
    #[arg(long, value_name = "DIR")]
    cases: Option<PathBuf>,
    /// Only cases whose name holds this text
    #[arg(long, value_name = "TEXT", conflicts_with = "record")]
    filter: Option<String>,
}

impl ChoiceArgs {
    /// Where the cases of a plugin are.
    pub(super) fn folder(&self, subject: &Subject) -> anyhow::Result<PathBuf> {
        match &self.cases {
            Some(folder) => Ok(folder.clone()),
            None => subject.cases(),
        }
    }

    /// The cases that were asked for, and what is wrong with the others of them;
    /// none where there is no case at all.
    pub(super) fn read(&self, folder: &Path) -> anyhow::Result<Option<Folder>> {
        let mut found = folder::read(folder)
            .with_context(|| format!("cannot read the cases in {}", folder.display()))?;
        if found.cases.is_empty() && found.wrong.is_empty() {
            return Ok(None);
        }
        let Some(text) = &self.filter else {
            return Ok(Some(found));
        };
        let cases = found.cases.iter().map(|case| case.name.clone());
        let names: Vec<_> = cases.collect();
        found.cases.retain(|case| case.name.contains(text.as_str()));
        found.wrong.retain(|wrong| is_about(wrong, folder, text));
        if found.cases.is_empty() && found.wrong.is_empty() {
            bail!(
                "no case has {text:?} in its name; there are {}",
                names.join(", ")
            );
        }
        Ok(Some(found))
    }
}

/// Whether a file is one whose name holds the text.
fn is_about(wrong: &Diagnostics, folder: &Path, text: &str) -> bool {
    let mut files = wrong.errors.iter().map(|error| &error.location.file);
    files.any(|file| {
        let file = Path::new(file).with_extension("");
        let name = file.strip_prefix(folder).unwrap_or(&file);
        name.to_string_lossy().contains(text)
    })
}
