//! Rust: `cargo build` for `wasm32-wasip2` makes a component by itself.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::tool::{Tool, shown};

const TARGET: &str = "wasm32-wasip2";

const CARGO: Tool = Tool {
    program: "cargo",
    at_least: (1, 95),
    from: "the SDK is written for it; install Rust by https://rustup.rs, or run `rustup update`",
};

pub(super) fn build(folder: &Path, wasm: &Path) -> anyhow::Result<()> {
    CARGO.require()?;
    require_target(folder)?;
    let made = cargo(folder)?;
    std::fs::copy(&made, wasm)
        .with_context(|| format!("cannot copy {} to {}", made.display(), wasm.display()))?;
    Ok(())
}

/// A toolchain lists targets that it has no standard library for.
fn require_target(folder: &Path) -> anyhow::Result<()> {
    let asked = Command::new("rustc")
        .current_dir(folder)
        .args(["--print", "target-libdir", "--target", TARGET])
        .output()
        .context("cannot run rustc")?;
    let library = PathBuf::from(String::from_utf8_lossy(&asked.stdout).trim());
    if !asked.status.success() || !library.is_dir() {
        bail!(
            "Rust cannot compile for {TARGET} yet: run `rustup target add {TARGET}`; where its servers are out of reach, docs/write-a-plugin.md of the gateway's source knows another way"
        );
    }
    Ok(())
}

/// A message of cargo.
#[derive(Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Message {
    CompilerArtifact {
        manifest_path: PathBuf,
        filenames: Vec<PathBuf>,
    },
    #[serde(other)]
    Other,
}

/// Runs cargo, and finds out from it where the component is: that depends on
/// workspace and environment.
fn cargo(folder: &Path) -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo
        .current_dir(folder)
        .args(["build", "--release", "--lib", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit());
    let shown = shown(&cargo);
    let output = cargo
        .output()
        .with_context(|| format!("cannot run `{shown}`"))?;
    if !output.status.success() {
        bail!(
            "`{shown}` failed with {}; what it says stands above",
            output.status
        );
    }
    let manifest = folder.join("Cargo.toml").canonicalize()?;
    component(&output.stdout, &manifest).with_context(|| {
        format!(
            "{} makes no component: it needs `crate-type = [\"cdylib\"]` under [lib]",
            manifest.display()
        )
    })
}

fn component(messages: &[u8], manifest: &Path) -> Option<PathBuf> {
    let messages = serde_json::Deserializer::from_slice(messages).into_iter::<Message>();
    messages.flatten().find_map(|message| match message {
        Message::CompilerArtifact {
            manifest_path,
            filenames,
        } if manifest_path == manifest => filenames.into_iter().find(|file| {
            file.extension()
                .is_some_and(|extension| extension == "wasm")
        }),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The SDK that `plugin new` lays into a folder is written for the version that
    /// the workspace says.
    #[test]
    fn what_builds_the_sdk_is_asked_for() {
        let (major, minor) = CARGO.at_least;
        let needed = env!("CARGO_PKG_RUST_VERSION");
        assert_eq!(format!("{major}.{minor}"), needed);
    }

    #[test]
    fn the_component_is_found_among_the_artifacts() {
        let messages = concat!(
            r#"{"reason":"build-script-executed","out_dir":"/t"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/sdk/Cargo.toml","filenames":["/t/sdk.rlib"]}"#,
            "\n",
            r#"{"reason":"compiler-artifact","manifest_path":"/p/Cargo.toml","filenames":["/t/p.wasm","/t/p.rlib"],"fresh":true}"#,
            "\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        let found = |manifest| component(messages.as_bytes(), Path::new(manifest));
        assert_eq!(found("/p/Cargo.toml"), Some(PathBuf::from("/t/p.wasm")));
        assert_eq!(found("/sdk/Cargo.toml"), None);
    }
}
