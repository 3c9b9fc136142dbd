//! Where a part lies and how it is written: what stays the same from its first
//! record until it is finished.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::Layout;
use crate::journal::FilePart;

/// A base directory and a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    data_dir: PathBuf,
    base_dir: PathBuf,
    layout: Layout,
    /// The base directory as the journal keeps it: relative to the data directory
    /// where it lies below, so that a data directory can be moved as a whole.
    kept_base_dir: String,
    /// The layout as the journal keeps it.
    kept_layout: String,
}

impl Place {
    /// A base directory, below the data directory or absolute, and a layout. The
    /// data directory may be relative, and is that of the base directory then.
    #[must_use]
    pub fn new(data_dir: &Path, base_dir: &Path, layout: Layout) -> Self {
        let below = base_dir.strip_prefix(data_dir).unwrap_or(base_dir);
        // Nothing at all is what an older version says.
        let below = if below.as_os_str().is_empty() {
            Path::new(".")
        } else {
            below
        };
        Self {
            data_dir: data_dir.to_owned(),
            base_dir: data_dir.join(below),
            kept_base_dir: below.to_string_lossy().into_owned(),
            kept_layout: layout.to_text(),
            layout,
        }
    }

    /// The place of a part that the journal knows.
    #[must_use]
    pub fn for_part(self: &Arc<Self>, part: &FilePart) -> Arc<Self> {
        if self.is_of(part) {
            self.clone()
        } else {
            Arc::new(self.of(part))
        }
    }

    /// The place of a part that was begun with other settings.
    fn of(&self, part: &FilePart) -> Self {
        Self {
            data_dir: self.data_dir.clone(),
            base_dir: self.data_dir.join(&part.base_dir),
            layout: Layout::from_text(&part.layout),
            kept_base_dir: part.base_dir.clone(),
            kept_layout: part.layout.clone(),
        }
    }

    /// Directory that no file leaves.
    #[must_use]
    pub fn base_dir(&self) -> &Path {
        &self.base_dir
    }

    /// How parts are written.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Whether a part lies here and is written like this.
    #[must_use]
    pub fn is_of(&self, part: &FilePart) -> bool {
        self.kept_base_dir == part.base_dir && self.kept_layout == part.layout
    }

    /// Notes this place in a part.
    pub(super) fn mark(&self, part: &mut FilePart) {
        part.base_dir.clone_from(&self.kept_base_dir);
        part.layout.clone_from(&self.kept_layout);
    }

    /// A part of an older version was begun in the base directory of the settings,
    /// as plain NDJSON.
    pub(super) fn adopt(&self, part: &mut FilePart) {
        if part.base_dir.is_empty() {
            part.base_dir.clone_from(&self.kept_base_dir);
        }
        if part.layout.is_empty() {
            part.layout = Layout::default().to_text();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_data_directory_counts_once() {
        for (data, base, expected) in [
            ("data", "data/files", "data/files"),
            ("/var/lib", "/var/lib/files", "/var/lib/files"),
            ("data", "/mnt/files", "/mnt/files"),
            ("data", "files", "data/files"),
        ] {
            let place = Place::new(Path::new(data), Path::new(base), Layout::from_text(""));
            assert_eq!(place.base_dir(), Path::new(expected), "{data} {base}");
        }
    }
}
