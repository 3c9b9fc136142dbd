//! The guests of tests, each built once for all.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// Path of `plugins/hostile` as a component.
pub fn hostile() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("hostile"))
}

/// Path of `plugins/obedient` as a component.
pub fn obedient() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build("obedient"))
}

fn build(name: &str) -> PathBuf {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    // A directory of its own: cargo holds the lock of the shared one, should
    // another cargo run beside the tests.
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("guests");
    let status = Command::new(env!("CARGO"))
        .current_dir(workspace)
        .args(["build", "--quiet", "--profile", "guest"])
        .args([
            "--target",
            "wasm32-wasip2",
            "--package",
            &format!("cdr-plugin-{name}"),
        ])
        .arg("--target-dir")
        .arg(&target)
        .status()
        .expect("cargo runs");
    assert!(status.success(), "the guest {name} does not build");
    target.join(format!("wasm32-wasip2/guest/cdr_plugin_{name}.wasm"))
}
