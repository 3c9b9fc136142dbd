//! Builds the standard plugins to WASM, so that the gateway can embed them as
//! `builtin:`.
//!
//! They go to a target directory of their own: cargo holds the lock of the
//! shared one while it runs this script.

use std::{
    env,
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PLUGINS: [&str; 4] = [
    "cdr-plugin-attribution",
    "cdr-plugin-filter",
    "cdr-plugin-phone-mask",
    "cdr-plugin-redact",
];

const TARGET: &str = "wasm32-wasip2";

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let workspace = manifest_dir
        .parent()
        .ok_or("the gateway is not in a workspace")?;
    for watched in ["plugins", "plugin-sdk", "Cargo.toml", "Cargo.lock"] {
        println!(
            "cargo::rerun-if-changed={}",
            workspace.join(watched).display()
        );
    }

    let target_dir = out_dir.join("target");
    build(workspace, &target_dir)?;

    let guests = out_dir.join("guests");
    fs::create_dir_all(&guests)?;
    for plugin in PLUGINS {
        let file = format!("{}.wasm", plugin.replace('-', "_"));
        let built = target_dir.join(TARGET).join("guest").join(&file);
        fs::copy(&built, guests.join(&file))?;
    }
    Ok(())
}

fn build(workspace: &Path, target_dir: &Path) -> Result<(), Box<dyn Error>> {
    let mut cargo = Command::new(env::var("CARGO")?);
    cargo
        .current_dir(workspace)
        .args(["build", "--profile", "guest", "--target", TARGET])
        .arg("--target-dir")
        .arg(target_dir);
    for plugin in PLUGINS {
        cargo.args(["--package", plugin]);
    }
    // What the outer cargo (or clippy) set for the host does not hold for guests.
    for (name, _) in env::vars() {
        let of_the_host = name.starts_with("RUSTC") || name.ends_with("RUSTFLAGS");
        if of_the_host || name.starts_with("CARGO_PROFILE") || name == "CARGO_BUILD_TARGET" {
            cargo.env_remove(name);
        }
    }
    if !cargo.status()?.success() {
        return Err(format!(
            "the standard plugins could not be built; if the target is missing, run `rustup target add {TARGET}`"
        )
        .into());
    }
    Ok(())
}
