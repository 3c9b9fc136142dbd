//! Names of parts and their manifests.

use std::path::{Path, PathBuf};

/// The names of one part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartNames {
    /// While it is written.
    pub open: PathBuf,
    /// When it is finished.
    pub finished: PathBuf,
    /// Its manifest.
    pub manifest: PathBuf,
}

impl PartNames {
    /// The names of part `part` of the file `path` below `base_dir`. The number
    /// stands before the extension, so that tools still know the type.
    #[must_use]
    pub fn new(base_dir: &Path, path: &str, part: u32) -> Self {
        let file = base_dir.join(path);
        let numbered = match file.extension() {
            Some(extension) => {
                let mut suffix = std::ffi::OsString::from(format!("{part}."));
                suffix.push(extension);
                file.with_extension(suffix)
            }
            None => appended(&file, &format!(".{part}")),
        };
        Self {
            open: appended(&numbered, ".open"),
            manifest: appended(&numbered, ".manifest.json"),
            finished: numbered,
        }
    }
}

fn appended(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_stays_last() {
        let cases = [
            ("a/1.ndjson", "base/a/1.2.ndjson"),
            ("a/plain", "base/a/plain.2"),
            ("a/x.y.json", "base/a/x.y.2.json"),
        ];
        for (path, expected) in cases {
            let names = PartNames::new(Path::new("base"), path, 2);
            assert_eq!(names.finished, Path::new(expected), "{path}");
            assert_eq!(names.open, appended(Path::new(expected), ".open"));
        }
    }
}
