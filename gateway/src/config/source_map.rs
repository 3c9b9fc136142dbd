//! Where each value of a configuration was said, for what is found out later.

use std::fmt;

use super::{
    Location,
    report::{Mark, locate},
    source_file::SourceFile,
    tree::Node,
};

/// The places of a configuration's values.
pub struct SourceMap {
    root: Node,
    files: Vec<SourceFile>,
}

impl SourceMap {
    pub(super) fn new(root: Node, files: Vec<SourceFile>) -> Self {
        Self { root, files }
    }

    /// Where the value at a path of keys and indexes was said, such as
    /// `["plugin", "mask", "config", "keep_first"]`. None where nothing says
    /// it; see [`Self::nearest`].
    #[must_use]
    pub fn locate(&self, path: &[&str]) -> Option<Location> {
        self.root
            .at(path)
            .map(|node| locate(&self.files, &node.origin, Mark::Key))
    }

    /// The same, or the place of the last thing on the way that was said.
    #[must_use]
    pub fn nearest(&self, path: &[&str]) -> Location {
        locate(&self.files, &self.root.nearest(path).origin, Mark::Key)
    }
}

impl fmt::Debug for SourceMap {
    /// Without the files' text, which nobody needs in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files.iter().map(|file| &file.path).collect();
        f.debug_struct("SourceMap")
            .field("files", &files)
            .finish_non_exhaustive()
    }
}
