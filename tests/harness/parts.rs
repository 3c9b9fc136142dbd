//! Parts of files as those who collect them read them.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A part that a gateway wrote.
pub struct Part {
    /// Its path below the base directory.
    pub name: String,
    pub path: PathBuf,
    /// What it says, decompressed.
    pub text: String,
    /// What stands beside it, once it is finished.
    pub manifest: Option<Value>,
}

/// All parts below a directory, in order of their names. A manifest, and every
/// finished part has one, says the truth.
pub fn parts(base: &Path) -> Vec<Part> {
    let mut paths = Vec::new();
    find(base, &mut paths);
    paths.sort();
    let is_part = |path: &PathBuf| !path.to_string_lossy().contains(".manifest.json");
    let paths = paths.into_iter().filter(is_part);
    paths.map(|path| part(base, path)).collect()
}

fn part(base: &Path, path: PathBuf) -> Part {
    let name = path.strip_prefix(base).expect("below the base");
    let name = name.display().to_string();
    let text = text(&path);
    let is_open = path.extension().is_some_and(|it| it == "open");
    let manifest = (!is_open).then(|| {
        let manifest = fs::read(format!("{}.manifest.json", path.display()));
        let manifest = manifest.unwrap_or_else(|error| panic!("manifest of {name}: {error}"));
        let manifest: Value = serde_json::from_slice(&manifest).expect("JSON");
        let bytes = fs::read(&path).expect("a part");
        let sha256 = format!("{:x}", Sha256::digest(&bytes));
        assert_eq!(manifest["sha256"], sha256, "{name}");
        assert_eq!(manifest["bytes"], bytes.len(), "{name}");
        assert!(name.ends_with(manifest["file"].as_str().expect("a name")));
        if let Some(length) = manifest["uncompressed_bytes"].as_u64() {
            assert_eq!(length, text.len() as u64, "{name}");
        }
        manifest
    });
    Part {
        name,
        path,
        text,
        manifest,
    }
}

fn text(path: &Path) -> String {
    let file = File::open(path).expect("a part");
    let mut content: Box<dyn Read> = match path.extension().and_then(|it| it.to_str()) {
        Some("gz") => Box::new(flate2::read::GzDecoder::new(file)),
        Some("zst") => Box::new(zstd::Decoder::new(file).expect("a decoder")),
        _ => Box::new(file),
    };
    let mut text = String::new();
    content
        .read_to_string(&mut text)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text
}

fn find(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, found);
        } else {
            found.push(path);
        }
    }
}
