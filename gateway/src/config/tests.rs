//! Whole configurations: what is wrong is found, all of it, in its place.

mod bad;
mod good;

use std::{
    fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use super::{Diagnostics, Inputs, Loaded, load};

/// A directory of one test, removed at its end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("cdr-gateway-config-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("creates a directory");
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).expect("writes a file");
        path
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A directory that stays behind in the temporary one harms nobody.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A small configuration without errors or warnings; 9 lines.
const BASE: &str = r#"[source.in]
path = "/in"
dialect = "tccc"
[[route]]
name = "all"
from = ["in"]
to = ["out"]
[destination.out]
http.url = "http://h/x"
"#;

fn load_text(text: &str) -> Result<Loaded, Diagnostics> {
    let folder = Folder::new();
    let file = folder.file("gateway.toml", text);
    load(&inputs(vec![file]))
}

fn inputs(files: Vec<PathBuf>) -> Inputs {
    Inputs {
        files,
        ..Inputs::default()
    }
}

/// Code, line and key of each finding.
fn places(found: &Diagnostics) -> Vec<(&'static str, Option<usize>, &str)> {
    found
        .iter()
        .map(|one| (one.code.as_str(), one.location.line, one.key.as_str()))
        .collect()
}
