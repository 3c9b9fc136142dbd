//! A disk that fails on command, by a library that is preloaded.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

use tempfile::TempDir;

pub const EIO: i32 = 5;
pub const ENOSPC: i32 = 28;
pub const EROFS: i32 = 30;

/// No error, but what `faults.c` takes for an order to hang.
const HANG: i32 = 1000;

/// Calls that change files below a directory fail while it says so.
pub struct FaultyDisk {
    library: &'static Path,
    below: String,
    /// Elsewhere, lest the orders fail as well.
    orders: TempDir,
}

impl FaultyDisk {
    /// A disk that fails for paths that begin with this one. None where there
    /// is no C compiler, loudly.
    pub fn below(path: &Path) -> Option<Self> {
        let disk = Self {
            library: library()?,
            below: path.display().to_string(),
            orders: tempfile::tempdir().expect("a directory"),
        };
        disk.heal();
        Some(disk)
    }

    /// What a process that has this disk needs in its environment.
    pub fn environment(&self) -> [(&str, &str); 3] {
        let library = self.library.to_str().expect("a path of text");
        [
            ("LD_PRELOAD", library),
            (
                "FAULTS_BY",
                self.orders.path().to_str().expect("a path of text"),
            ),
            ("FAULTS_BELOW", &self.below),
        ]
    }

    /// Fails these calls from now on; `faults.c` has the letters.
    pub fn fail(&self, calls: &str, error: i32) {
        self.order(&format!("{calls} {error}"));
    }

    /// Lets these calls hang from now on.
    pub fn hang(&self, calls: &str) {
        self.fail(calls, HANG);
    }

    /// Claims from now on to have synced, and does not.
    pub fn lie(&self) {
        self.order("s 0");
    }

    /// Fails nothing from now on.
    pub fn heal(&self) {
        self.order("");
    }

    /// In one step, so that nobody reads half an order.
    fn order(&self, order: &str) {
        let (new, now) = (
            self.orders.path().join("new"),
            self.orders.path().join("now"),
        );
        std::fs::write(&new, order).expect("an order");
        std::fs::rename(&new, &now).expect("an order");
    }
}

/// The library, built once for all tests.
fn library() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/disk/faults.c");
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("faults.so");
    let built = Command::new("cc")
        .args([
            "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Werror", "-o",
        ])
        .arg(&library)
        .arg(source)
        .arg("-ldl")
        .status();
    let Ok(status) = built else {
        writeln!(
            std::io::stderr(),
            "skipped: no C compiler to make disk faults with (apt-get install gcc)"
        )
        .expect("a standard error");
        return None;
    };
    assert!(status.success(), "the library does not build");
    Some(library)
}
