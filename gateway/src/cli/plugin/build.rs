//! `cdr-gateway plugin build`: makes `target/plugin.wasm` in a plugin's folder,
//! by the tools of its language.
//!
//! The folder says which tools in which versions, by files that these tools
//! know; what has to be on the machine is cargo, node or Python. What they say
//! goes to standard error as it comes.
//!
//! How it fails: what is missing is named, with the command that gets it. Where
//! a tool fails, it has said why itself, and the component stays as it was.

mod python;
mod rust;
mod tool;
mod typescript;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::{super::print, below, language::Language};

/// What every build makes in the plugin's folder. `plugin test`, `plugin bench`
/// and the configuration take it from there.
const COMPONENT: &str = "target/plugin.wasm";

#[derive(Debug, Args)]
pub(in crate::cli) struct BuildArgs {
    /// Folder of the plugin
    #[arg(value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What was built.
#[derive(Debug, Serialize)]
struct Built {
    /// Path of the component.
    wasm: PathBuf,
    bytes: usize,
    /// As the configuration takes it.
    sha256: String,
}

pub(in crate::cli) fn run(args: &BuildArgs) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let built = build(&args.folder)?;
    if args.json {
        print::json(&built)?;
    } else {
        print::line(format!(
            "{} has {} KB, made in {:.1} s\nsha256 {}",
            built.wasm.display(),
            built.bytes.div_ceil(1000),
            started.elapsed().as_secs_f64(),
            built.sha256,
        ))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn build(folder: &Path) -> anyhow::Result<Built> {
    let Some(language) = Language::of(folder) else {
        bail!(
            "{} is no plugin: expected one of {}; `cdr-gateway plugin new` makes one",
            folder.display(),
            Language::value_variants()
                .iter()
                .map(|language| language.package_file())
                .collect::<Vec<_>>()
                .join(", "),
        );
    };
    let wasm = below(folder, COMPONENT);
    let target = folder.join("target");
    std::fs::create_dir_all(&target)
        .with_context(|| format!("cannot make {}", target.display()))?;
    match language {
        Language::Rust => rust::build(folder, &wasm),
        Language::Typescript => typescript::build(folder),
        Language::Python => python::build(folder),
    }?;
    let bytes = std::fs::read(&wasm)
        .with_context(|| format!("the build went through, but made no {}", wasm.display()))?;
    Ok(Built {
        sha256: format!("{:x}", Sha256::digest(&bytes)),
        bytes: bytes.len(),
        wasm,
    })
}
