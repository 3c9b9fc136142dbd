//! Names of parts and what stands beside them.

use std::path::{Path, PathBuf};

use super::Compress;

/// The names of one part of a file, all in one directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PartNames {
    /// The directory, relative to the base directory.
    pub(super) directory: PathBuf,
    /// While it is written.
    pub(super) open: String,
    /// Its compressed form, or what a sealed one holds, while that is written.
    pub(super) packed: Option<String>,
    /// When it is finished.
    pub(super) finished: String,
    /// Its manifest.
    pub(super) manifest: String,
    /// Without the ending of its compression.
    plain: String,
}

impl PartNames {
    /// The names of part `part` of a file. The number stands before the extension,
    /// so that tools still know the type.
    pub(super) fn new(path: &str, part: u32, compress: Option<Compress>, sealed: bool) -> Self {
        let path = Path::new(path);
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let plain = match name.rsplit_once('.') {
            Some((stem, extension)) if !stem.is_empty() => format!("{stem}.{part}.{extension}"),
            _ => format!("{name}.{part}"),
        };
        let finished = match compress {
            Some(compress) => format!("{plain}{}", compress.ending()),
            None => plain.clone(),
        };
        let packed = match (compress, sealed) {
            (Some(_), _) => Some(format!("{finished}.open")),
            (None, true) => Some(format!("{finished}.whole.open")),
            (None, false) => None,
        };
        Self {
            directory: path.parent().unwrap_or(Path::new("")).to_owned(),
            open: format!("{plain}.open"),
            packed,
            manifest: format!("{finished}.manifest.json"),
            finished,
            plain,
        }
    }

    /// Names that must be free before the part is begun.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let sure = [&self.open, &self.finished, &self.plain, &self.manifest];
        sure.into_iter().chain(&self.packed).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extension_stays_last() {
        let cases = [
            ("a/1.ndjson", None, "a", "1.2.ndjson"),
            ("a/plain", None, "a", "plain.2"),
            ("a/x.y.json", Some(Compress::Gzip), "a", "x.y.2.json.gz"),
            (".x", Some(Compress::Zstd), "", ".x.2.zst"),
        ];
        for (path, compress, directory, expected) in cases {
            let names = PartNames::new(path, 2, compress, false);
            assert_eq!(names.directory, Path::new(directory), "{path}");
            assert_eq!(names.finished, expected, "{path}");
            assert_eq!(names.manifest, format!("{expected}.manifest.json"));
            assert_eq!(names.packed, compress.map(|_| format!("{expected}.open")));
            let plain = expected.trim_end_matches(".gz").trim_end_matches(".zst");
            assert_eq!(names.open, format!("{plain}.open"));
            let sealed = PartNames::new(path, 2, compress, true);
            let packed = sealed.packed.expect("it is written whole");
            assert_ne!(packed, sealed.open);
            assert_eq!((sealed.open, sealed.finished), (names.open, names.finished));
        }
    }
}
