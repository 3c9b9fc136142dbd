//! The manifest of the Rust SDK outside of this workspace, and the versions that
//! a new plugin begins with.

use anyhow::Context;
use serde::Deserialize;
use toml::{Table, Value};

use super::files::{self, File};

/// The manifest that the SDK inherits from.
const WORKSPACE: &str = include_str!("../../../../../Cargo.toml");

/// The versions that this gateway and its SDK are tested with. Cargo leaves out
/// what a plugin does not use when it first builds it.
const LOCK: &str = include_str!("../../../../../Cargo.lock");

#[derive(Deserialize)]
struct Manifest {
    workspace: Workspace,
}

#[derive(Deserialize)]
struct Workspace {
    package: Table,
}

pub(super) fn manifests() -> anyhow::Result<[File; 2]> {
    let manifest = files::text("Cargo.toml").context("the SDK has no manifest")?;
    let workspace: Manifest = toml::from_str(WORKSPACE).context("this gateway's own manifest")?;
    Ok([
        File {
            path: "sdk/Cargo.toml".to_owned(),
            text: standalone(manifest, &workspace.workspace.package),
        },
        File {
            path: "Cargo.lock".to_owned(),
            text: LOCK.to_owned(),
        },
    ])
}

/// Writes out what a manifest inherits, and leaves out the lints, which are the
/// workspace's.
fn standalone(manifest: &str, inherited: &Table) -> String {
    let mut lines = Vec::new();
    let mut section = "";
    for line in manifest.lines() {
        if line.starts_with('[') {
            section = line;
        }
        if section == "[lints]" {
            continue;
        }
        let of_the_workspace = line.strip_suffix(".workspace = true");
        match of_the_workspace.and_then(|key| Some((key, inherited.get(key)?))) {
            Some((key, Value::String(text))) => lines.push(format!("{key} = {text:?}")),
            Some((key, Value::Boolean(flag))) => lines.push(format!("{key} = {flag}")),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.join("\n").trim_end().to_owned() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sdk_stands_alone() {
        let [manifest, lock] = manifests().unwrap();
        assert!(!manifest.text.contains("workspace"), "{}", manifest.text);
        let parsed: Table = toml::from_str(&manifest.text).unwrap();
        assert_eq!(
            parsed["package"]["version"].as_str(),
            Some(env!("CARGO_PKG_VERSION"))
        );
        assert!(parsed["dependencies"].is_table());
        assert!(lock.text.contains("name = \"wit-bindgen\""));
    }
}
