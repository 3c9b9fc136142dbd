//! Builds the standard plugins to WASM, so that the gateway can embed them as
//! `builtin:`, and lists the files of `plugin-sdk`, so that `plugin new` can give
//! them away.
//!
//! The plugins go to a target directory of their own: cargo holds the lock of the
//! shared one while it runs this script.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const PLUGINS: [&str; 6] = [
    "cdr-plugin-attribution",
    "cdr-plugin-filter",
    "cdr-plugin-map",
    "cdr-plugin-phone-mask",
    "cdr-plugin-redact",
    "cdr-plugin-sessionize",
];

const TARGET: &str = "wasm32-wasip2";

fn main() -> Result<(), Box<dyn Error>> {
    let manifest_dir = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    let workspace = manifest_dir
        .parent()
        .ok_or("the gateway is not in a workspace")?;
    for watched in ["Cargo.toml", "Cargo.lock"] {
        watch(&workspace.join(watched));
    }
    for entry in fs::read_dir(workspace.join("plugins"))? {
        let plugin = entry?.path();
        // Plugins in other languages are not built here, and keep in their
        // folders what they are built with.
        if plugin.join("Cargo.toml").is_file() {
            watch(&plugin);
        }
    }

    let sdk = workspace.join("plugin-sdk");
    let mut files = String::new();
    list(&sdk, &sdk, &mut files)?;
    let list = format!("static PLUGIN_SDK: &[(&str, &str)] = &[\n{files}];\n");
    fs::write(out_dir.join("plugin_sdk.rs"), list)?;

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

fn watch(path: &Path) {
    println!("cargo::rerun-if-changed={}", path.display());
}

/// Appends each file below a folder as its path and its text. Links lead to what
/// is listed anyway. Files are watched one by one: Python leaves its caches
/// between them.
fn list(root: &Path, folder: &Path, files: &mut String) -> Result<(), Box<dyn Error>> {
    let mut entries = fs::read_dir(folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(fs::DirEntry::path);
    for entry in entries {
        let (kind, path) = (entry.file_type()?, entry.path());
        if kind.is_dir() && entry.file_name() != "__pycache__" {
            list(root, &path, files)?;
        } else if kind.is_file() {
            let name = path.strip_prefix(root)?.display().to_string();
            watch(&path);
            let path = path.display().to_string();
            writeln!(files, "    ({name:?}, include_str!({path:?})),")?;
        }
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
