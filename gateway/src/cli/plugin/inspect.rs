//! `cdr-gateway plugin inspect`
//!
//! Tells what can be told even of a component that does not load: that is when
//! one wants to know most. Then the problem comes last, and the exit code is 1.

mod grants;
mod show;

use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::Value;

use super::{
    super::print,
    subject::{Subject, SubjectArgs},
};
use crate::plugin::{
    Plugin,
    anatomy::{Anatomy, Interface, World},
    stage::StagePlugin,
};

#[derive(Debug, Args)]
pub(in crate::cli) struct InspectArgs {
    #[command(flatten)]
    subject: SubjectArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What there is to tell, as scripts get it.
#[derive(Debug, Serialize)]
struct Report {
    component: String,
    /// What the plugin calls itself; none where it cannot be asked.
    name: Option<String>,
    version: Option<String>,
    world: &'static str,
    /// The version of the contract; none where nothing of it is asked for.
    contract: Option<String>,
    sha256: String,
    size_bytes: usize,
    compile_ms: u64,
    debug_info: bool,
    imports: Vec<Import>,
    exports: Vec<String>,
    /// JSON Schema; none where the plugin takes no config.
    config_schema: Option<Value>,
    /// Why it cannot be used as a plugin, if so.
    problem: Option<String>,
}

#[derive(Debug, Serialize)]
struct Import {
    interface: String,
    functions: Vec<String>,
    /// How the gateway answers it.
    access: grants::Access,
}

pub(in crate::cli) fn run(args: &InspectArgs) -> anyhow::Result<ExitCode> {
    let subject = args.subject.read()?;
    let report = inspect(&subject)?;
    if args.json {
        print::json(&report)?;
    } else {
        show::report(&report)?;
    }
    Ok(match report.problem {
        Some(_) => ExitCode::FAILURE,
        None => ExitCode::SUCCESS,
    })
}

fn inspect(subject: &Subject) -> anyhow::Result<Report> {
    let compiled = subject.compile_anew()?;
    let anatomy = compiled.anatomy();
    let source = || subject.source(&compiled);
    let asked = match anatomy.world {
        World::Transform => Plugin::description(source()).map_err(|error| error.to_string()),
        World::Stage => StagePlugin::description(source()).map_err(|error| error.to_string()),
        World::Other => Err(other_world(&anatomy)),
    };
    let (description, problem) = match asked {
        Ok(description) => (Some(description), None),
        Err(problem) => (None, Some(problem)),
    };
    let schema = description.as_ref().map(|said| said.config_schema.as_str());
    let schema = schema.filter(|text| !text.is_empty());
    let config_schema = schema.map(serde_json::from_str).transpose();
    Ok(Report {
        component: subject.shown.clone(),
        world: anatomy.world.as_str(),
        contract: anatomy.contract().map(str::to_owned),
        sha256: compiled.digest,
        size_bytes: subject.wasm.len(),
        compile_ms: u64::try_from(compiled.took.as_millis()).unwrap_or(u64::MAX),
        debug_info: compiled.has_debug_info,
        imports: anatomy.imports.into_iter().map(Import::from).collect(),
        exports: anatomy.exports,
        problem: problem.or_else(|| {
            let error = config_schema.as_ref().err()?;
            Some(format!("its config schema is not JSON: {error}"))
        }),
        config_schema: config_schema.unwrap_or_default(),
        name: description.as_ref().map(|said| said.name.clone()),
        version: description.map(|said| said.version),
    })
}

impl From<Interface> for Import {
    fn from(import: Interface) -> Self {
        Self {
            access: grants::Access::of(&import.name),
            interface: import.name,
            functions: import.functions,
        }
    }
}

/// What is built for something else is most often built for one of these.
fn other_world(anatomy: &Anatomy) -> String {
    let exports = |name: &str| {
        anatomy
            .exports
            .iter()
            .any(|export| export.starts_with(name))
    };
    let instead = if exports("wasi:cli/run") {
        "it is a command, with a `main`; a plugin is a library (`crate-type = [\"cdylib\"]` in Rust)"
    } else if exports("wasi:http/") {
        "it answers HTTP requests"
    } else if anatomy.exports.is_empty() {
        "it exports nothing; a plugin in Rust needs `export!`"
    } else {
        "a plugin exports describe, configure and process"
    };
    format!(
        "it is of another world: {instead}; build it against the world transform of plugin-sdk/wit"
    )
}
