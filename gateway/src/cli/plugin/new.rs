//! `cdr-gateway plugin new`: makes a folder that `plugin build` and `plugin
//! test` take as it is.
//!
//! Everything in it comes out of this binary: the template, the SDK, the WIT
//! and the versions of tools that this gateway was tested with. So it needs no
//! network, and fits the gateway that made it.
//!
//! How it fails: nothing is written where anything of the name is there
//! already.

mod files;
mod sdk;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::{Context, bail};
use clap::Args;

use super::{super::print, below, language::Language};
use files::File;

#[derive(Debug, Args)]
pub(in crate::cli) struct NewArgs {
    /// Name of the plugin, and of the folder that is made: lower-case letters,
    /// digits and hyphens
    #[arg(value_parser = name)]
    name: String,
    /// The language that it is written in
    #[arg(long, value_enum)]
    lang: Language,
    /// Where the folder is made
    #[arg(long, value_name = "DIR", default_value = ".")]
    r#in: PathBuf,
}

/// What cargo, npm and pip all take as a name, and what reads well as the name
/// of a plugin in the configuration.
fn name(text: &str) -> Result<String, String> {
    const LONGEST: usize = 64;
    let begins = text.starts_with(|first: char| first.is_ascii_lowercase());
    let fits = |character: char| matches!(character, 'a'..='z' | '0'..='9' | '-');
    if begins && text.len() <= LONGEST && text.chars().all(fits) && !text.ends_with('-') {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "expected lower-case letters, digits and hyphens, {LONGEST} at most, such as short-calls"
        ))
    }
}

pub(in crate::cli) fn run(args: &NewArgs) -> anyhow::Result<ExitCode> {
    let folder = below(&args.r#in, &args.name);
    if folder.symlink_metadata().is_ok() {
        bail!(
            "{} is there already: choose another name, or another place with --in",
            folder.display()
        );
    }
    for File { path, text } in files::of(args.lang, &args.name)? {
        write(&folder.join(path), &text)?;
    }
    print::line(format!(
        "{folder} is a plugin in {language}. Next:\n\n  cd {folder}\n  cdr-gateway plugin build\n  cdr-gateway plugin test\n\n{edit} is where its code is, cases/ what it is tested on, README.md how it goes on.",
        folder = folder.display(),
        language = args.lang,
        edit = args.lang.source(),
    ))?;
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, text)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
